// SPDX-License-Identifier: Apache-2.0
#include "agent/notify/src/receiver.h"

#include <algorithm>
#include <utility>

#include "agent/relabel_toml.h"
#include "meters/base/text.h"

namespace tocsin::agent {
namespace {

using rules::AlertLabels;

// Alertmanager before 0.27 refuses a whole batch for one name that is not [a-zA-Z_][a-zA-Z0-9_]*.
std::string mended_name(const std::string& name) {
  std::string out = name;
  for (char& c : out) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!good) c = '_';
  }
  if (out.empty() || (out[0] >= '0' && out[0] <= '9')) out.insert(0, 1, '_');
  return out;
}

AlertLabels mended(const AlertLabels& pairs) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : pairs) out.try_emplace(mended_name(name), to_utf8(value));
  return {out.begin(), out.end()};
}

}  // namespace

std::size_t owed(const OutboxEntry& entry, const rules::ToldRecord* told) noexcept {
  if (told != nullptr && told->gave_up_at != Time{}) return 0;
  const bool firing = told == nullptr || told->firing_at == Time{};
  const bool resolved = entry.row.ended() && (told == nullptr || told->resolved_at == Time{});
  return (firing && !(told != nullptr && told->resolved_at != Time{}) ? 1 : 0) + (resolved ? 1 : 0);
}

SentLabels::SentLabels(const NotifyConfig& shared, const std::vector<RelabelConfig>& own)
    : external_(shared.external_labels), rules_(rules_of(shared.alert_relabel)) {
  for (RelabelRule& rule : rules_of(own)) rules_.push_back(std::move(rule));
}

std::optional<AlertLabels> SentLabels::of(const AlertLabels& labels) const {
  RelabelSet all(external_.begin(), external_.end());
  for (const auto& [name, value] : labels) all[name] = value;
  if (!relabel(rules_, all)) return std::nullopt;
  AlertLabels pairs(all.begin(), all.end());
  std::erase_if(pairs, [](const auto& pair) { return pair.second.empty(); });
  return mended(pairs);
}

std::uint64_t SentLabels::fingerprint(const AlertLabels& labels) const {
  if (rules_.empty()) return rules::fingerprint(labels);
  const auto sent = of(labels);
  return rules::fingerprint(sent ? *sent : labels);
}

AlertLabels sent_annotations(const AlertLabels& annotations) { return mended(annotations); }

}  // namespace tocsin::agent
