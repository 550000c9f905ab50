// SPDX-License-Identifier: Apache-2.0
// Why an alert is in its state, and why another does not fire: GET /api/v1/explain?alert=NAME, which `tocsin explain` prints.
//
//   add_explain_routes(router, [&] { return ExplainFacts{alerting.state(), alerting.records(), window.view(), clock.now()}; });
//
// Parameters: alert, the name of an alert or of a recorded series; match, one matcher each (server_name="shop"): only these
// alerts, and of the expression's parts only the series with these labels; time: the expression at another instant.
// docs/explaining.md describes the answer.
// Threads: pure, but for what it is given. Costs an evaluation of each part of the rule's expression, at most ten seconds each.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/api/router.h"
#include "agent/rules/alerting.h"
#include "meters/base/result.h"
#include "rules/promql/series_reader.h"
#include "wire/url.h"

namespace tocsin::agent {

// All that an explanation is made from.
struct ExplainFacts {
  AlertingState state;
  AlertingRecords records;
  std::shared_ptr<const rules::promql::SeriesReader> view;
  Time now;
};

void add_explain_routes(Router& router, std::function<ExplainFacts()> facts);

// The body. Errors: Input, a parameter that is none; Unsupported, where no rule has the name.
Result<std::string> explain_answer(const ExplainFacts& facts, const wire::QueryParameters& query);

}  // namespace tocsin::agent
