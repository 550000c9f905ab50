// SPDX-License-Identifier: Apache-2.0
// AlertingReport: what the agent says of rules, of telling alerts and of keeping their state, as meters tocsin_rule_*,
// tocsin_alert*, tocsin_notify_* and tocsin_store_*.
//
//   AlertingReport report;
//   auto started = report.start(registry, [&] { return alerting.state(); });
//
// The state is asked for once a collection. Errors: Configuration, when a meter cannot be declared: our own mistake.
// Threads: start and stop from one owner; the function is called on the collecting thread.
#pragma once

#include <functional>
#include <vector>

#include "agent/rules/alerting.h"
#include "meters/observable.h"
#include "meters/registry.h"

namespace tocsin::agent {

class AlertingReport {
 public:
  Result<void> start(meters::Registry& registry, std::function<AlertingState()> state);
  // After this the function is not called.
  void stop() { observations_.clear(); }

 private:
  struct Reading {
    explicit Reading(const std::function<AlertingState()>& source) : state(source()) {}
    AlertingState state;
  };
  std::function<AlertingState()> state_;
  meters::OncePerCollection<Reading> reading_;
  std::vector<meters::Observation> observations_;
};

}  // namespace tocsin::agent
