// SPDX-License-Identifier: Apache-2.0
#include "agent/relabel_toml.h"

#include <string_view>
#include <utility>

namespace tocsin::agent {

std::vector<RelabelConfig> read_relabel(TomlTable& parent, std::string_view key) {
  std::vector<RelabelConfig> rules;
  for (TomlTable& table : parent.tables(key)) {
    RelabelConfig rule;
    table.read("source_labels", rule.source_labels);
    table.read("separator", rule.separator);
    table.read("regex", rule.regex);
    std::int64_t modulus = 0;
    if (table.read("modulus", modulus, 1, std::int64_t{1} << 53)) rule.modulus = static_cast<std::uint64_t>(modulus);
    table.read("target_label", rule.target_label);
    table.read("replacement", rule.replacement);
    std::size_t action = 0;
    const auto words = relabel_actions();
    const bool known = table.read_choice("action", action, {words.begin(), words.end()});
    if (known) rule.action = static_cast<RelabelAction>(action);
    // What an action that is mistyped needs cannot be told.
    if (known || !table.has("action"))
      if (auto made = RelabelRule::make(rule); !made) table.fault("action", made.error().message);
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::vector<RelabelRule> rules_of(const std::vector<RelabelConfig>& configs) {
  std::vector<RelabelRule> out;
  for (const RelabelConfig& one : configs) {
    if (auto made = RelabelRule::make(one)) out.push_back(*std::move(made));
  }
  return out;
}

}  // namespace tocsin::agent
