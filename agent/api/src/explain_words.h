// SPDX-License-Identifier: Apache-2.0
// The sentences of an explanation: what an alert waits for, what a receiver was told, why a rule gives nothing.
// Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/rules/alerting.h"
#include "rules/explain.h"

namespace tocsin::agent {

// A time as a person reads it at night: "20:14:02 UTC (3m5s ago)", with the date where it is another day.
std::string moment_text(Time time, Time now);

// Times at which something will happen by itself; Time{}: it will not.
struct AlertOutlook {
  Time fires_at = {}, kept_until = {}, held_until = {};
};
AlertOutlook outlook_of(const rules::AlertState& alert, const rules::Rule& rule, const rules::RuleStatus& status,
                        const rules::GroupStatus& group);

std::string alert_summary(const rules::AlertState& alert, const AlertOutlook& outlook, Time now);

// Of one episode, which is over since `ended_at` or goes on, and one receiver: "told that it fires 20:14:02 UTC (3m5s ago)", "not told: connection refused".
std::string told_summary(const rules::ToldRecord* told, Time ended_at, bool silenced, const ReceiverState* receiver, Time now);

std::string rule_summary(const rules::Rule& rule, const rules::RuleStatus& status, const rules::GroupStatus& group,
                         const rules::Explanation& said, Time now);

}  // namespace tocsin::agent
