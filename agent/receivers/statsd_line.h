// SPDX-License-Identifier: Apache-2.0
// One line of StatsD, with DogStatsD's tags, packed values and timestamps: "name:1|c|@0.1|#env:prod,canary".
//
//   StatsdLine line;
//   if (auto fault = parse_statsd_line(text, line); fault != StatsdFault::None) reject(to_text(fault));
//   for (double value : line.values) ...
//
// Sources: statsd/statsd docs/metric_types.md; DogStatsD protocol 1.0 to 1.3. Events (_e{) and service checks (_sc) are
// no metrics: they are a fault of their own.
// Threads: pure. Costs no allocation once `line` has grown.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::agent {

enum class StatsdType : std::uint8_t {
  Counter,       // c: added, by 1/rate
  Gauge,         // g: set; with a sign before it, added
  Timer,         // ms: a duration in milliseconds
  Histogram,     // h
  Distribution,  // d
  Set,           // s: how many different texts there were
};

enum class StatsdFault : std::uint8_t { None, Empty, NoName, NoValue, BadValue, BadType, BadRate, BadTag, NotAMetric, TooLong };
// "no_name", "bad_value", ...: a reason of the ledger.
std::string_view to_text(StatsdFault fault) noexcept;

struct StatsdLine {
  std::string_view name;
  StatsdType type = StatsdType::Counter;
  std::vector<double> values;            // several when packed: "name:1:2:3|d"; empty for a set
  std::vector<std::string_view> members;  // of a set
  bool relative = false;  // a gauge that is changed by its value
  double rate = 1;        // share of the events that was sent, above 0 and at most 1
  std::vector<std::pair<std::string_view, std::string_view>> tags;  // a tag without value has an empty one
};

inline constexpr std::size_t kMaxStatsdLine = 8 * 1024;

// `text` has no line feed. The views of `line` are into `text`.
StatsdFault parse_statsd_line(std::string_view text, StatsdLine& line);

}  // namespace tocsin::agent
