// SPDX-License-Identifier: Apache-2.0
// Thresholds: limits of alerts, other than what the rule files say, for one service or all: [[threshold]] of the configuration.
// The agent exports them as tocsin_alert_threshold, which the shipped rules read; a Prometheus without an agent gets the same
// series from a file that `tocsin generate prometheus` writes.
//
//   std::vector<Threshold> thresholds = read_thresholds(root);     // faults are told by the table
//
// docs/thresholds.md tells people. Threads: values.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/toml.h"

namespace tocsin::agent {

struct Threshold {
  std::string alert;
  std::string server_name, host;  // whose limit it is; both empty: of all that have none of their own
  double value = 0;
  bool operator==(const Threshold&) const = default;
};

// An alert of rules/library whose limit may be another.
struct AdjustableAlert {
  std::string_view alert;
  std::string_view whose;         // "server_name" or "host"
  double standard, least, most;   // what the rule says; what may be said
  std::string_view meaning;       // "the share of requests that fail"
  std::span<const double> only;   // empty: any value between
};
std::span<const AdjustableAlert> adjustable_alerts() noexcept;

// [[threshold]] of the configuration. Alerts of a person's own rule files may be named too: their limits may be any number.
std::vector<Threshold> read_thresholds(TomlTable& root);

}  // namespace tocsin::agent
