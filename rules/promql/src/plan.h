// SPDX-License-Identifier: Apache-2.0
// plan: an expression as a tree of operators. What is said twice is made once, what does not depend on the step is
// evaluated at one, and series are compared for equal labels only where a lost name can make them so.
#pragma once

#include <optional>

#include "rules/promql/src/operator.h"
#include "rules/promql/src/range_source.h"

namespace tocsin::rules::promql {

// Both: at most one of them.
struct Plan {
  OperatorPtr values;     // a scalar or an instant vector
  RangeSourcePtr ranges;  // a range vector
  RangeEdge edge = RangeEdge::Plain;  // of the range vector
};

// Errors: Input (durations, text arguments), Unsupported.
Result<Plan> plan(const Expr& expr, Run& run);

// Counts what the plan left out because it was said twice; to be called after the evaluation.
void complete_coverage(const Expr& expr, Run& run);

}  // namespace tocsin::rules::promql
