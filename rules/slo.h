// SPDX-License-Identifier: Apache-2.0
// Slo: a service level objective: which events count, which of them are bad, what share may be, over which period, and
// at which burn rates somebody is told.
//
//   Slo slo;
//   slo.name = "requests";
//   slo.total = *selected_meter("server_request_total");
//   slo.bad = selected_meter(R"(server_request_total{status="server_error"})").value();
//   slo.target = 0.999;
//   for (const SloFault& fault : faults_of(slo, limits)) say(fault.key, fault.message);
//
// Threads: values. Costs nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"
#include "rules/promql/matcher.h"

namespace tocsin::rules {

// Told while the share of bad events is `rate` times what the target allows, over both windows: the long one says that it
// matters, the short one that it still goes on.
struct BurnPair {
  double rate = 1;
  std::chrono::milliseconds long_window{0}, short_window{0};
  std::string severity = "warning";
  bool operator==(const BurnPair&) const = default;
};

// 14.4 over 1h and 5m, 6 over 6h and 30m: critical; 3 over 1d and 2h, 1 over 3d and 6h: warning.
const std::vector<BurnPair>& default_burn_pairs();

// A selector of PromQL that names one meter. Two with the same text are the same.
struct MeterSelector {
  std::string text;   // canonical
  std::string meter;  // the name that it asks for
  std::vector<promql::Matcher> matchers;  // but for the name's
  bool operator==(const MeterSelector& other) const noexcept { return text == other.text; }
};

// Errors: Input: no selector, with offset or @, or one that names no single meter.
Result<MeterSelector> selected_meter(std::string_view text);

struct Slo {
  std::string name, description;
  // By events: counters. By latency: `total` is a histogram by its family's name, and what is above `threshold` is bad.
  MeterSelector total, bad;
  bool latency = false;
  double threshold = 0;  // a bucket bound, in the histogram's unit
  std::vector<std::string> by = {"dc", "server_name"};
  double target = 0;  // the share of events that must not be bad
  std::chrono::milliseconds period = std::chrono::hours(24 * 30);
  std::vector<BurnPair> burn = default_burn_pairs();
  double min_bad_events = 10;  // in the long window: fewer are nobody's night

  double allowed() const noexcept { return 1 - target; }
  // Share of bad events from which on a pair tells.
  double limit(const BurnPair& pair) const noexcept;
  // All windows of the pairs, each once, ascending.
  std::vector<std::chrono::milliseconds> windows() const;
  // What counts are of: two with the same text may go on with each other's counts. A target or a period is not in it.
  std::string counted() const;
  bool operator==(const Slo&) const = default;
};

// What bounds an objective from outside.
struct SloLimits {
  std::chrono::milliseconds tick = std::chrono::seconds(15);
  std::chrono::milliseconds kept = std::chrono::hours(24 * 35);  // how long recorded series are kept
};

struct SloFault {
  std::string key;      // as in the configuration: "target"
  std::size_t pair = 0; // from 1: which of `burn`; 0: the objective itself
  std::string message;
};

// Everything that is wrong with it, a pair that can never tell among it.
std::vector<SloFault> faults_of(const Slo& slo, const SloLimits& limits);

// "2d2h", as a person says it: two units at most.
std::string spoken(std::chrono::milliseconds duration);

}  // namespace tocsin::rules
