// SPDX-License-Identifier: Apache-2.0
// judge(): what a point means for its series, by times and writers alone. Pure, and tested as a table.
//
// Threads: pure. Costs a few compares; the usual case never comes here (see Series::quick).
#pragma once

#include <cstdint>

#include "agent/metric_points.h"

namespace tocsin::agent {

enum class Phase : std::uint8_t { Fresh, Live, Ended };

// What is known of a series besides its value.
struct RowHead {
  std::int64_t time_ns = 0;          // of the last point
  std::int64_t start_ns = 0;         // as shown; 0 = not known
  std::int64_t stream_start_ns = 0;  // as its sender says
  std::uint32_t writer = 0;
  std::uint32_t seen_s = 0;    // monotonic, when the last point came
  std::uint32_t ended_in = 0;  // the collection that was the last to show it live
  Phase phase = Phase::Fresh;
  bool shared = false;  // several streams are added up here
};

struct Arrival {
  std::int64_t start_ns = 0, time_ns = 0;
  std::int64_t now_ns = 0;  // wall clock
  std::uint32_t now_s = 0;  // monotonic
  std::uint32_t silent_s = 300;
  std::uint32_t writer = 0;
  Report report = Report::Latest;
  bool decreased = false;  // a total that may only grow is smaller than before
};

enum class Verdict : std::uint8_t {
  Late,     // not newer than what is there
  Begin,    // the series begins, or returns
  Replace,  // the value is the newest
  Reset,    // a total fell though its start time stayed: it began again after the last point
  Restart,  // a total with a new start time
  Add,      // a change to be added
  Share,    // a second stream of the same series
};

Verdict judge(const RowHead& head, const Arrival& arrival) noexcept;
// The time of a series to which points in any order are added: the later one. One that lies ahead of the clock, which was set
// back since, is none.
std::int64_t later_of(std::int64_t time_ns, const Arrival& arrival) noexcept;

}  // namespace tocsin::agent
