// SPDX-License-Identifier: Apache-2.0
// AlertState: one alert of one rule as it is kept between evaluations and over a restart.
//
//   AlertState state{.rule = key, .labels = labels, .phase = AlertPhase::Pending, .active_at = now};
//   fingerprint(state.labels);     // the number Prometheus and Alertmanager give the same labels
//
// Times that never were are the clock's zero (Time{}). An alert that is inactive and owes nobody anything has no state.
// Threads: a value. Costs its labels and annotations.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meters/base/clock.h"

namespace tocsin::rules {

// Sorted by name; names unique, no empty value.
using AlertLabels = std::vector<std::pair<std::string, std::string>>;

enum class AlertPhase : std::uint8_t {
  Pending,
  Firing,
  Resolved,  // it fired and ended; kept while its end is still told
};
std::string_view to_text(AlertPhase phase) noexcept;  // "pending", "firing", "inactive" as Prometheus' API names them

struct AlertState {
  std::string rule = {};    // which rule, by a text that is the same after a reload and a restart
  AlertLabels labels = {};  // alertname included; with `rule` what tells this alert from all others
  AlertLabels annotations = {};
  AlertPhase phase = AlertPhase::Pending;
  double value = 0;            // of the latest evaluation that had one
  Time active_at = {};          // first seen, moved on by the time the agent was down
  Time fired_at = {};
  Time resolved_at = {};
  Time keep_firing_since = {};  // the expression no longer holds, keep_firing_for does
  Time missing_since = {};     // its data ended: held or told by on_missing_data
  Time last_sent_at = {};      // when it was last given to the outbox

  bool operator==(const AlertState&) const = default;
};

// FNV-1a over names and values, as model.LabelSet.Fingerprint. Requires: sorted.
std::uint64_t fingerprint(const AlertLabels& labels) noexcept;
std::string fingerprint_text(std::uint64_t fingerprint);  // 16 hexadecimal digits

// The value of a label; empty where there is none.
std::string_view label_value(const AlertLabels& labels, std::string_view name) noexcept;
// With those of `more` added that are absent: as receivers are told. `more`: pairs of names and texts.
template <class Pairs>
AlertLabels with_external(AlertLabels labels, const Pairs& more) {
  const std::size_t own = labels.size();
  for (const auto& [name, value] : more) {
    const auto end = labels.begin() + static_cast<std::ptrdiff_t>(own);
    if (std::none_of(labels.begin(), end, [&](const auto& label) { return label.first == name; })) labels.emplace_back(name, value);
  }
  std::sort(labels.begin(), labels.end());
  return labels;
}

}  // namespace tocsin::rules
