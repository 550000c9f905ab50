// SPDX-License-Identifier: Apache-2.0
#include "agent/rules/rules_config.h"

#include <array>

namespace tocsin::agent {

using namespace std::chrono_literals;

namespace {

constexpr std::array<std::string_view, 3> kPolicies = {"prometheus", "hold", "alert"};

bool read_policy(TomlTable& table, std::string_view key, rules::OnMissingData& into) {
  std::size_t index = 0;
  if (!table.read_choice(key, index, {kPolicies.begin(), kPolicies.end()})) return false;
  into = static_cast<rules::OnMissingData>(index);
  return true;
}

}  // namespace

rules::OnMissingData policy_of(const RulesConfig& config, std::string_view group, std::string_view alert) {
  const auto otherwise = is_shipped_group(group) ? rules::OnMissingData::Hold : rules::OnMissingData::Prometheus;
  rules::OnMissingData policy = config.on_missing_data.value_or(otherwise);
  for (const MissingDataChoice& choice : config.missing_data) {
    const bool fits = (choice.group.empty() || choice.group == group) && (choice.alert.empty() || choice.alert == alert);
    if (fits) policy = choice.policy;
  }
  return policy;
}

std::string_view policy_text(rules::OnMissingData policy) noexcept { return kPolicies[static_cast<std::size_t>(policy)]; }

void read_rules(TomlTable table, RulesConfig& into) {
  table.read("files", into.files);
  for (const std::string& pattern : into.files) {
    if (pattern.empty()) table.fault("files", "a pattern must not be empty");
  }
  table.read_duration("interval", into.interval, 1s, 24h);
  table.read_duration("query_offset", into.query_offset, 0s, 24h);
  table.read_duration("lookback", into.lookback, 1s, 24h);
  table.read_duration("timeout", into.timeout, 100ms, 1h);
  table.read("experimental", into.experimental);
  rules::OnMissingData policy{};
  if (read_policy(table, "on_missing_data", policy)) into.on_missing_data = policy;
  table.read_duration("missing_data_held", into.missing_data_held, 1s, 24h * 30);
  for (TomlTable& choice : table.tables("missing_data")) {
    MissingDataChoice one;
    choice.read("group", one.group);
    choice.read("alert", one.alert);
    (void)read_policy(choice, "policy", one.policy);
    into.missing_data.push_back(std::move(one));
  }
}

}  // namespace tocsin::agent
