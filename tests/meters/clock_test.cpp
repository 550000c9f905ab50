// SPDX-License-Identifier: Apache-2.0
#include "meters/base/clock.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

using std::chrono::nanoseconds;

TEST(ManualClock, AdvancesBothTimes) {
  ManualClock clock{from_unix_ns(100)};
  const Monotonic start = clock.monotonic();
  clock.advance(nanoseconds{7});
  EXPECT_EQ(to_unix_ns(clock.now()), 107);
  EXPECT_EQ(clock.monotonic() - start, nanoseconds{7});
}

TEST(ManualClock, WallTimeStepsAlone) {
  ManualClock clock{from_unix_ns(100)};
  const Monotonic start = clock.monotonic();
  clock.step_wall(nanoseconds{-40});
  EXPECT_EQ(to_unix_ns(clock.now()), 60);
  EXPECT_EQ(clock.monotonic(), start);
}

TEST(SystemClock, MonotonicTimeNeverGoesBack) {
  const Clock& clock = SystemClock::instance();
  const Monotonic first = clock.monotonic();
  EXPECT_GE(clock.monotonic(), first);
  EXPECT_GT(to_unix_ns(clock.now()), 1'600'000'000'000'000'000);
}

}  // namespace
}  // namespace tocsin
