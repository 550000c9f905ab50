// SPDX-License-Identifier: Apache-2.0
// Durations of a query whose step and range are known: resolves duration expressions like [5m + step()].
#pragma once

#include "meters/base/result.h"
#include "rules/promql/evaluate.h"

namespace tocsin::rules::promql {

enum class Sign : std::uint8_t { Positive, Any };

// In milliseconds. Errors: Input: division by zero, out of range, zero or negative where it must be positive.
Result<std::int64_t> resolve(const Duration& duration, const EvaluationTime& time, Sign sign);

}  // namespace tocsin::rules::promql
