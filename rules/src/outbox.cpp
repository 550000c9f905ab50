// SPDX-License-Identifier: Apache-2.0
#include "rules/outbox.h"

#include <utility>

namespace tocsin::rules {

OutboxRow outbox_row(const AlertState& state, std::string generator_url, Time now, std::chrono::nanoseconds valid_for,
                     std::string end_reason) {
  OutboxRow row;
  row.key = episode_key(state.rule, state.labels, state.fired_at);
  row.rule = state.rule;
  row.labels = state.labels;
  row.annotations = state.annotations;
  row.generator_url = std::move(generator_url);
  row.value = state.value;
  row.starts_at = state.fired_at;
  if (state.phase == AlertPhase::Resolved) row.ends_at = state.resolved_at, row.end_reason = std::move(end_reason);
  row.updated_at = now;
  row.valid_for = valid_for;
  return row;
}

std::string episode_key(std::string_view rule, const AlertLabels& labels, Time starts_at) {
  // Texts with their lengths: no two episodes have the same key.
  std::string key = std::to_string(to_unix_ns(starts_at));
  const auto add = [&](std::string_view text) {
    key.append(";").append(std::to_string(text.size())).append(":").append(text);
  };
  add(rule);
  for (const auto& [name, value] : labels) add(name), add(value);
  return key;
}

}  // namespace tocsin::rules
