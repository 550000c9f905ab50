// SPDX-License-Identifier: Apache-2.0
// RulesConfig: which rule files are evaluated and how, as [rules] of the configuration says it.
//
//   RulesConfig config;
//   read_rules(root.table("rules"), config);   // faults are told by the table
//
// Threads: a value.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/toml.h"
#include "rules/alert.h"

namespace tocsin::agent {

// What applies to some alerts instead of on_missing_data; an empty text stands for any. The last that fits counts.
struct MissingDataChoice {
  std::string group, alert;
  rules::OnMissingData policy = rules::OnMissingData::Prometheus;
  bool operator==(const MissingDataChoice&) const = default;
};

struct RulesConfig {
  std::vector<std::string> files;  // patterns, relative to the configuration's folder
  std::chrono::nanoseconds interval{0};  // of groups that say none; 0: the tick
  std::chrono::nanoseconds query_offset{0};
  std::chrono::nanoseconds lookback = std::chrono::minutes{5};
  std::chrono::nanoseconds timeout = std::chrono::minutes{2};  // of one rule
  bool experimental = false;  // PromQL's experimental functions and syntax
  std::optional<rules::OnMissingData> on_missing_data;  // none: groups that we ship hold, all others as in Prometheus
  std::chrono::nanoseconds missing_data_held = std::chrono::hours{1};
  std::vector<MissingDataChoice> missing_data;
  bool operator==(const RulesConfig&) const = default;
};

void read_rules(TomlTable table, RulesConfig& into);
// Groups of the rule files that ship are known by their name (docs/decisions/0081).
inline bool is_shipped_group(std::string_view name) noexcept { return name.starts_with("tocsin-"); }
// What applies to an alert whose data has ended.
rules::OnMissingData policy_of(const RulesConfig& config, std::string_view group, std::string_view alert);
std::string_view policy_text(rules::OnMissingData policy) noexcept;

}  // namespace tocsin::agent
