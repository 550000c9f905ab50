// SPDX-License-Identifier: Apache-2.0
// Relabel: rules that rewrite, keep or drop label sets, as Prometheus' relabel_configs do.
//
//   auto rule = RelabelRule::make({.source_labels = {"path"}, .regex = "/api/(.*)", .target_label = "route"});
//   RelabelSet labels = {{"__name__", "x"}, {"path", "/api/items"}};
//   if (!relabel(rules, labels)) return;        // dropped
//
// Follows prometheus/model/relabel of Prometheus 3. An empty text is no label.
// Threads: rules are immutable. Costs a few hundred nanoseconds a rule: once a series, not once a sample.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/result.h"
#include "rules/promql/regex.h"

namespace tocsin::agent {

using RelabelSet = std::map<std::string, std::string, std::less<>>;

enum class RelabelAction : std::uint8_t {
  Replace, Keep, Drop, KeepEqual, DropEqual, HashMod, LabelMap, LabelDrop, LabelKeep, Lowercase, Uppercase
};
// "replace", "keep", ... in the order of RelabelAction.
std::span<const std::string_view> relabel_actions() noexcept;

struct RelabelConfig {
  std::vector<std::string> source_labels = {};
  std::string separator = ";";
  std::string regex = "(.*)";
  std::uint64_t modulus = 0;
  std::string target_label = {};
  std::string replacement = "$1";
  RelabelAction action = RelabelAction::Replace;
  bool operator==(const RelabelConfig&) const = default;
};

class RelabelRule {
 public:
  // Errors: Configuration: a regular expression that cannot be compiled, or a part that the action needs.
  static Result<RelabelRule> make(RelabelConfig config);

  // False: the set is dropped.
  bool apply(RelabelSet& labels) const;

 private:
  RelabelRule(RelabelConfig config, rules::promql::Regex regex) : config_(std::move(config)), regex_(std::move(regex)) {}
  bool matches(std::string_view text) const { return regex_.expand(text, "").has_value(); }
  void replace(RelabelSet& labels, const std::string& text) const;
  void map_names(RelabelSet& labels) const;

  RelabelConfig config_;
  rules::promql::Regex regex_;
};

bool relabel(std::span<const RelabelRule> rules, RelabelSet& labels);

}  // namespace tocsin::agent
