// SPDX-License-Identifier: Apache-2.0
#include "agent/relabel.h"

#include <algorithm>
#include <array>

#include "agent/src/md5.h"
#include "meters/base/text.h"

namespace tocsin::agent {
namespace {

constexpr std::array<std::string_view, 11> kActions = {"replace",  "keep",      "drop",      "keepequal", "dropequal", "hashmod",
                                                       "labelmap", "labeldrop", "labelkeep", "lowercase", "uppercase"};

void set(RelabelSet& labels, const std::string& name, std::string text) {
  if (text.empty()) labels.erase(name);
  else labels.insert_or_assign(name, std::move(text));
}

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

Error wrong(std::string what) { return Error{Fault::Configuration, std::move(what)}; }

bool needs_target(RelabelAction action) noexcept {
  switch (action) {
    case RelabelAction::Replace:
    case RelabelAction::HashMod:
    case RelabelAction::KeepEqual:
    case RelabelAction::DropEqual:
    case RelabelAction::Lowercase:
    case RelabelAction::Uppercase: return true;
    case RelabelAction::Keep:
    case RelabelAction::Drop:
    case RelabelAction::LabelMap:
    case RelabelAction::LabelDrop:
    case RelabelAction::LabelKeep: break;
  }
  return false;
}

}  // namespace

std::span<const std::string_view> relabel_actions() noexcept { return kActions; }

Result<RelabelRule> RelabelRule::make(RelabelConfig config) {
  const std::string action(kActions[static_cast<std::size_t>(config.action)]);
  if (needs_target(config.action) && config.target_label.empty()) return wrong("action " + action + " needs a target_label");
  if (config.action == RelabelAction::HashMod && config.modulus == 0) return wrong("action hashmod needs a modulus");
  const bool names_only = config.action == RelabelAction::LabelDrop || config.action == RelabelAction::LabelKeep;
  if (names_only && (!config.source_labels.empty() || !config.target_label.empty()))
    return wrong("action " + action + " takes a regex and nothing else");
  auto regex = rules::promql::Regex::make(config.regex, true);
  if (!regex) return wrong("regex \"" + config.regex + "\": " + regex.error().message);
  return RelabelRule(std::move(config), std::move(*regex));
}

bool RelabelRule::apply(RelabelSet& labels) const {
  std::string text;
  for (std::size_t i = 0; i < config_.source_labels.size(); ++i) {
    if (i != 0) text += config_.separator;
    if (const auto found = labels.find(config_.source_labels[i]); found != labels.end()) text += found->second;
  }
  const auto target = [&]() -> std::string_view {
    const auto found = labels.find(config_.target_label);
    return found == labels.end() ? std::string_view() : std::string_view(found->second);
  };
  switch (config_.action) {
    case RelabelAction::Replace: replace(labels, text); break;
    case RelabelAction::Keep: return matches(text);
    case RelabelAction::Drop: return !matches(text);
    case RelabelAction::KeepEqual: return target() == text;
    case RelabelAction::DropEqual: return target() != text;
    case RelabelAction::HashMod: set(labels, config_.target_label, std::to_string(md5_low64(text) % config_.modulus)); break;
    case RelabelAction::LabelMap: map_names(labels); break;
    case RelabelAction::LabelDrop: std::erase_if(labels, [&](const auto& label) { return matches(label.first); }); break;
    case RelabelAction::LabelKeep: std::erase_if(labels, [&](const auto& label) { return !matches(label.first); }); break;
    case RelabelAction::Lowercase: set(labels, config_.target_label, to_lower(text)); break;
    case RelabelAction::Uppercase: set(labels, config_.target_label, upper(std::move(text))); break;
  }
  return true;
}

void RelabelRule::replace(RelabelSet& labels, const std::string& text) const {
  const auto name = regex_.expand(text, config_.target_label);
  if (!name || name->empty() || !is_utf8(*name)) return;
  set(labels, *name, *regex_.expand(text, config_.replacement));
}

void RelabelRule::map_names(RelabelSet& labels) const {
  std::vector<std::pair<std::string, std::string>> mapped;
  for (const auto& [name, text] : labels)
    if (auto to = regex_.expand(name, config_.replacement); to && !to->empty()) mapped.emplace_back(std::move(*to), text);
  for (auto& [name, text] : mapped) set(labels, name, std::move(text));
}

bool relabel(std::span<const RelabelRule> rules, RelabelSet& labels) {
  return std::all_of(rules.begin(), rules.end(), [&](const RelabelRule& rule) { return rule.apply(labels); });
}

}  // namespace tocsin::agent
