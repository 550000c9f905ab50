// SPDX-License-Identifier: Apache-2.0
// Rules and alerts as Prometheus' HTTP API gives them: /api/v1/rules and /api/v1/alerts.
//
//   add_rules_routes(router, [&] { return alerting.state(); });
//
// Members beyond Prometheus': an alert whose data has ended has "missingSince"; a group of a file with faults is the one
// before, and the faults of the file are in "warnings".
// Threads: thread-safe when `state` is. Costs about 1 us a rule and alert.
#pragma once

#include <functional>

#include "agent/api/router.h"
#include "agent/rules/alerting.h"

namespace tocsin::agent {

using AlertingSource = std::function<AlertingState()>;

void add_rules_routes(Router& router, AlertingSource state);

}  // namespace tocsin::agent
