// SPDX-License-Identifier: Apache-2.0
#include "agent/src/intake_judge.h"

#include <gtest/gtest.h>

namespace tocsin::agent {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// The series began at 100 s, its last point is of 200 s and came at 1000 s of the monotonic clock, from writer 1.
RowHead head(Phase phase = Phase::Live) {
  RowHead out;
  out.start_ns = out.stream_start_ns = 100 * kSecond;
  out.time_ns = 200 * kSecond;
  out.writer = 1;
  out.seen_s = 1'000;
  out.phase = phase;
  return out;
}

struct Case {
  const char* what;
  Report report;
  std::int64_t start_s, time_s;
  Verdict expected;
  std::uint32_t writer = 1;
  bool decreased = false;
  std::uint32_t now_s = 1'010;
  std::int64_t wall_s = 210;
  Phase phase = Phase::Live;
};

TEST(Judge, TheTable) {
  const Case cases[] = {
      {"a total goes on", Report::Cumulative, 100, 210, Verdict::Replace},
      {"the same time again", Report::Cumulative, 100, 200, Verdict::Late},
      {"an earlier time", Report::Cumulative, 100, 190, Verdict::Late},
      {"a total that fell, the start the same", Report::Cumulative, 100, 210, Verdict::Reset, 1, true},
      {"a start after the last point", Report::Cumulative, 205, 210, Verdict::Restart},
      {"a start at the last point", Report::Cumulative, 200, 210, Verdict::Restart},
      {"a start inside what is known: two processes", Report::Cumulative, 150, 210, Verdict::Share},
      {"an earlier start: two processes", Report::Cumulative, 50, 210, Verdict::Share},
      {"no start: the same stream", Report::Cumulative, 0, 210, Verdict::Replace},
      {"no start, fell", Report::Cumulative, 0, 210, Verdict::Reset, 1, true},
      {"another writer, overlapping", Report::Cumulative, 100, 210, Verdict::Share, 2},
      {"another writer, older points too", Report::Cumulative, 90, 150, Verdict::Share, 2},
      {"another writer without a start", Report::Cumulative, 0, 210, Verdict::Share, 2},
      {"another writer that began afterwards", Report::Cumulative, 205, 210, Verdict::Restart, 2},
      {"another writer, the first one silent", Report::Cumulative, 100, 210, Verdict::Restart, 2, false, 1'300},

      {"a delta", Report::Delta, 200, 210, Verdict::Add},
      {"a delta after a gap", Report::Delta, 205, 210, Verdict::Add},
      {"a delta again", Report::Delta, 190, 200, Verdict::Late},
      {"an older delta", Report::Delta, 180, 190, Verdict::Late},
      {"a delta that overlaps but is newer", Report::Delta, 195, 210, Verdict::Add},
      {"a delta of another writer, overlapping", Report::Delta, 190, 195, Verdict::Share, 2},
      {"a delta of another writer that began afterwards", Report::Delta, 200, 210, Verdict::Add, 2},

      {"a gauge", Report::Latest, 0, 210, Verdict::Replace},
      {"a gauge, late", Report::Latest, 0, 200, Verdict::Late},
      {"a gauge of another writer", Report::Latest, 0, 210, Verdict::Replace, 2},
      {"a gauge of another writer, late", Report::Latest, 0, 190, Verdict::Late, 2},

      {"what is counted here", Report::Increment, 0, 190, Verdict::Add},
      {"what is set here", Report::Set, 0, 190, Verdict::Replace},

      {"our clock went back: the stored time says nothing", Report::Latest, 0, 100, Verdict::Replace, 1, false, 1'010, 100},
      {"the sender's clock went back, long ago", Report::Latest, 0, 100, Verdict::Replace, 1, false, 1'301, 500},

      {"the first point", Report::Delta, 0, 10, Verdict::Begin, 1, false, 1'010, 210, Phase::Fresh},
      {"back after it ended", Report::Cumulative, 100, 210, Verdict::Begin, 1, false, 1'010, 210, Phase::Ended},
      {"late after it ended", Report::Cumulative, 100, 200, Verdict::Late, 1, false, 1'010, 210, Phase::Ended},
      {"counted here after it ended", Report::Increment, 0, 10, Verdict::Begin, 1, false, 1'010, 210, Phase::Ended},
  };
  for (const Case& one : cases) {
    Arrival arrival;
    arrival.report = one.report;
    arrival.start_ns = one.start_s * kSecond;
    arrival.time_ns = one.time_s * kSecond;
    arrival.writer = one.writer;
    arrival.decreased = one.decreased;
    arrival.now_s = one.now_s;
    arrival.now_ns = one.wall_s * kSecond;
    EXPECT_EQ(judge(head(one.phase), arrival), one.expected) << one.what;
  }
}

// What lies ahead of the clock is of before it was set back: the series' time must come back with it.
TEST(Judge, TheLaterTimeUnlessItLiesAhead) {
  Arrival arrival;
  arrival.now_ns = 1'000'000'000'000;
  arrival.time_ns = arrival.now_ns - 5;
  EXPECT_EQ(later_of(arrival.time_ns - 5, arrival), arrival.time_ns);
  EXPECT_EQ(later_of(arrival.time_ns + 2, arrival), arrival.time_ns + 2);
  EXPECT_EQ(later_of(arrival.now_ns + 3'600'000'000'000, arrival), arrival.time_ns);
}

}  // namespace
}  // namespace tocsin::agent
