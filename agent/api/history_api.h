// SPDX-License-Identifier: Apache-2.0
// What the history knows besides samples, as Prometheus' HTTP API gives it: /api/v1/query_exemplars, /api/v1/metadata and
// /api/v1/status/tsdb.
//
//   add_history_routes(router, [&] { return window.view(); });
//
// Threads: thread-safe. Costs: query_exemplars looks through all exemplars that are kept (10,000 unless told), once a
// selector of the query; status/tsdb goes through all labels of all series.
#pragma once

#include <functional>
#include <memory>

#include "agent/api/router.h"
#include "rules/window.h"

namespace tocsin::agent {

using HistoryView = std::function<std::shared_ptr<const rules::WindowView>()>;

void add_history_routes(Router& router, HistoryView view);

}  // namespace tocsin::agent
