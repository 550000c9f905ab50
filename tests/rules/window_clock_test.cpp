// SPDX-License-Identifier: Apache-2.0
// The window while clocks step, ours and those of senders.
#include <gtest/gtest.h>

#include "rules/window.h"
#include "rules/window_checkpoint.h"
#include "tests/rules/window_reader.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using testing::Samples;
using testing::samples_of;
using testing::SnapshotMaker;

constexpr std::int64_t kStartMs = 1'700'000'000'000;

// Set back by hours: what lies in the future now would keep new samples out. Compressed or not, it is let go to the
// millisecond, and what was before stays.
TEST(WindowClock, a_clock_that_is_set_back_keeps_nothing_out) {
  Window window({.raw = 30s});
  SnapshotMaker made;
  const auto tick = [&](std::int64_t ms, int i) {
    made.at(ms).counter("x_total", {}, i).gauge("y", {{"k", "v"}}, i * 0.37).native("n", {.positive = {static_cast<std::uint64_t>(i)}, .negative = {}}, i);
    return window.append(*made.take());
  };
  for (int i = 0; i < 400; ++i) tick(kStartMs + i * 15'000, i);
  const Samples before = samples_of(*window.view(), ".*", 0, kStartMs + 200 * 15'000 - 1);
  EXPECT_EQ(window.stats().set_back, 0U);
  EXPECT_EQ(tick(kStartMs + 399 * 15'000 - 45'000, 400).appended, 0U) << "a small step is waited for";
  EXPECT_GT(tick(kStartMs + 200 * 15'000, 1'000).appended, 0U);
  EXPECT_EQ(window.stats().set_back, 1U);
  Samples now = samples_of(window, ".*");
  EXPECT_EQ(now.at("x_total{}").back(), (std::pair<std::int64_t, double>{200 * 15'000, 1'000}));
  for (auto& [series, samples] : now) samples.pop_back();
  EXPECT_EQ(now, before);
  for (int i = 201; i < 300; ++i) EXPECT_GT(tick(kStartMs + i * 15'000, i + 1'000).appended, 0U);
  EXPECT_EQ(samples_of(window, "x_total").at("x_total{}").size(), 300U);
}

// A row keeps the time of its last point, which lies in the future once the clock was set back; a sender's clock may be wrong.
TEST(WindowClock, a_time_that_lies_in_the_future_is_now) {
  Window window({});
  SnapshotMaker made;
  const auto tick = [&](std::int64_t ms, std::int64_t point_ms, double value) {
    made.at(ms).from("shop", "a", "").counter("x_total", {}, value, 0, point_ms);
    return window.append(*made.take());
  };
  tick(kStartMs + 7'200'000, kStartMs + 7'190'000, 1);
  tick(kStartMs, kStartMs + 7'190'000, 1);            // set back by two hours; nothing new came
  tick(kStartMs + 15'000, kStartMs + 12'000, 2);      // a point of the new time
  tick(kStartMs + 30'000, kStartMs + 60'000, 3);      // a little ahead: at its own time
  EXPECT_EQ(samples_of(window, "x_total").begin()->second, (std::vector<std::pair<std::int64_t, double>>{{0, 1}, {12'000, 2}, {60'000, 3}}));
}

// Rows that are no longer anybody's go with what is too old, whatever the clock did: none is looked for again.
TEST(WindowClock, a_far_behind_sender_and_a_clock_that_is_set_back) {
  Window window({.retention = 1h});
  SnapshotMaker made;
  const auto tick = [&](std::int64_t ms) {
    made.at(ms).from("shop", "a", "");
    for (int i = 0; i < 300; ++i) made.counter("x_total", {{"i", std::to_string(i)}}, i, 0, kStartMs);
    made.from("shop", "b", "").counter("y_total", {}, 1, 0, ms);
    window.append(*made.take());
  };
  for (const std::int64_t hours : {5, 6, 3, 4, 1, 9}) tick(kStartMs + hours * 3'600'000);
  EXPECT_EQ(samples_of(window, "y_total").begin()->second.back(), (std::pair<std::int64_t, double>{9 * 3'600'000, 1}));
  EXPECT_EQ(window.stats().set_back, 2U);
}

// A sender whose clock is ahead: its samples are of now, one for each of its points, however often a Snapshot has them.
TEST(WindowClock, a_point_that_stays_is_one_sample) {
  Window window({});
  SnapshotMaker made;
  for (int tick = 0; tick < 8; ++tick) {
    const std::int64_t point_ms = kStartMs + 120'000 + tick / 4 * 60'000;
    made.at(kStartMs + tick * 15'000).counter("x_total", {}, 1 + tick / 4, 0, point_ms);
    window.append(*made.take());
  }
  EXPECT_EQ(samples_of(window, "x_total"), (Samples{{"x_total{}", {{0, 1}, {60'000, 2}}}}));
}

}  // namespace
}  // namespace tocsin::rules
