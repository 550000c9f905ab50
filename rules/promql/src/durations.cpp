// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/durations.h"

#include <algorithm>
#include <cmath>

namespace tocsin::rules::promql {
namespace {

Result<double> seconds_of(const DurationExpr& expr, const EvaluationTime& time) {
  const auto seconds = [](std::int64_t ms) { return static_cast<double>(ms) / 1000; };
  switch (expr.op) {
    case DurationOp::Literal: return expr.seconds;
    case DurationOp::Step: return seconds(time.step_ms);
    case DurationOp::Range: return seconds(time.end_ms - time.start_ms);
    default: break;
  }
  double left = 0;
  if (expr.left) {
    const auto value = seconds_of(*expr.left, time);
    if (!value) return value;
    left = *value;
  }
  const auto right = seconds_of(*expr.right, time);
  if (!right) return right;
  switch (expr.op) {
    case DurationOp::Plus: return *right;
    case DurationOp::Minus: return -*right;
    case DurationOp::Add: return left + *right;
    case DurationOp::Sub: return left - *right;
    case DurationOp::Mul: return left * *right;
    case DurationOp::Div:
      if (*right == 0) return Error{Fault::Input, "division by zero"};
      return left / *right;
    case DurationOp::Mod:
      if (*right == 0) return Error{Fault::Input, "modulo by zero"};
      return std::fmod(left, *right);
    case DurationOp::Pow: return std::pow(left, *right);
    case DurationOp::MinOf: return std::min(left, *right);
    case DurationOp::MaxOf: return std::max(left, *right);
    default: return *right;
  }
}

}  // namespace

Result<std::int64_t> resolve(const Duration& duration, const EvaluationTime& time, Sign sign) {
  if (!duration.expression) return duration.ms;
  const auto seconds = seconds_of(*duration.expression, time);
  if (!seconds) return seconds.error();
  if (sign == Sign::Positive && *seconds <= 0) return Error{Fault::Input, "duration must be greater than 0"};
  if (!(std::abs(*seconds) < 9.2e9)) return Error{Fault::Input, "duration is out of range"};
  return static_cast<std::int64_t>(*seconds * 1000);
}

}  // namespace tocsin::rules::promql
