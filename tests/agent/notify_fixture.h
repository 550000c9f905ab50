// SPDX-License-Identifier: Apache-2.0
// Alerts as the rules give them to the outbox, for tests of those who deliver them.
#pragma once

#include <string>
#include <utility>

#include "rules/outbox.h"

namespace tocsin::agent::notify_test {

using namespace std::chrono_literals;

inline Time at(std::chrono::nanoseconds after = {}) { return from_unix_ns(1'700'000'000'000'000'000) + after; }

inline rules::OutboxRow firing(const std::string& name, const std::string& instance, Time since = at(), Time now = at()) {
  rules::AlertState state;
  state.rule = "f;g;" + name;
  state.labels = {{"alertname", name}, {"instance", instance}};
  state.annotations = {{"summary", name + " on " + instance}};
  state.phase = rules::AlertPhase::Firing;
  state.value = 1;
  state.fired_at = since;
  return outbox_row(state, "http://h:9464/graph?g0.expr=up", now, 4min);
}

inline rules::OutboxRow over(rules::OutboxRow row, Time end, std::string reason = {}) {
  row.ends_at = end, row.end_reason = std::move(reason), row.updated_at = end;
  return row;
}

}  // namespace tocsin::agent::notify_test
