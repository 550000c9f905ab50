// SPDX-License-Identifier: Apache-2.0
// A binary operator on one pair of samples.
#include <cmath>
#include <utility>

#include "rules/promql/histogram_math.h"
#include "rules/promql/histogram_quantile.h"
#include "rules/promql/src/binary.h"


namespace tocsin::rules::promql {
namespace {

bool incompatible(BinaryOp op, const Operand& left, const Operand& right, SourceRange range, Notes& notes) {
  notes.incompatible_types(left.histogram ? "histogram" : "float", text_of(op), right.histogram ? "histogram" : "float",
                           range);
  return false;
}

HistogramPtr share(FloatHistogram histogram) { return std::make_shared<const FloatHistogram>(std::move(histogram)); }

bool scaled(FloatHistogram histogram, double by, bool division, Combined& out) {
  division ? divide(histogram, by) : multiply(histogram, by);
  compact(histogram);
  out = {0, share(std::move(histogram)), true};
  return true;
}

bool summed(BinaryOp op, const Operand& left, const Operand& right, SourceRange range, Notes& notes, Combined& out) {
  const bool adding = op == BinaryOp::Add;
  FloatHistogram result = *left.histogram;
  const auto remarks = adding ? add(result, *right.histogram) : subtract(result, *right.histogram);
  if (!remarks) {
    notes.incompatible_bucket_layout(text_of(op), range);
    return false;
  }
  if (!adding) result.hint = CounterResetHint::Gauge;
  if (remarks->reset_collision) notes.counter_reset_collision(adding ? "addition" : "subtraction", range);
  if (remarks->bounds_reconciled) notes.mismatched_custom_buckets(adding ? "addition" : "subtraction", range);
  compact(result);
  out = {0, share(std::move(result)), true};
  return true;
}

}  // namespace

bool changes_meaning(BinaryOp op) noexcept { return op <= BinaryOp::Atan2; }

double combine(BinaryOp op, double left, double right) noexcept {
  switch (op) {
    case BinaryOp::Add: return left + right;
    case BinaryOp::Sub: return left - right;
    case BinaryOp::Mul: return left * right;
    case BinaryOp::Div: return left / right;
    case BinaryOp::Mod: return std::fmod(left, right);
    case BinaryOp::Pow: return std::pow(left, right);
    case BinaryOp::Atan2: return std::atan2(left, right);
    case BinaryOp::Equal: return left == right;
    case BinaryOp::NotEqual: return left != right;
    case BinaryOp::Less: return left < right;
    case BinaryOp::LessEqual: return left <= right;
    case BinaryOp::Greater: return left > right;
    case BinaryOp::GreaterEqual: return left >= right;
    case BinaryOp::And:
    case BinaryOp::Or:
    case BinaryOp::Unless:
    case BinaryOp::TrimUpper:
    case BinaryOp::TrimLower: break;
  }
  return 0;
}

bool combine(BinaryOp op, const Operand& left, const Operand& right, SourceRange range, Notes& notes, Combined& out) {
  const bool trims = op == BinaryOp::TrimUpper || op == BinaryOp::TrimLower;
  if (!left.histogram && !right.histogram) {
    if (trims) return incompatible(op, left, right, range, notes);
    const double value = combine(op, left.value, right.value);
    if (is_comparison(op)) out = {left.value, nullptr, value != 0};
    else out = {value, nullptr, true};
    return true;
  }
  if (left.histogram && right.histogram) {
    if (op == BinaryOp::Add || op == BinaryOp::Sub) return summed(op, left, right, range, notes, out);
    if (op != BinaryOp::Equal && op != BinaryOp::NotEqual) return incompatible(op, left, right, range, notes);
    out = {0, left.shared, same_data(*left.histogram, *right.histogram) == (op == BinaryOp::Equal)};
    return true;
  }
  if (right.histogram) {
    return op == BinaryOp::Mul ? scaled(*right.histogram, left.value, false, out) : incompatible(op, left, right, range, notes);
  }
  if (op == BinaryOp::Mul || op == BinaryOp::Div) return scaled(*left.histogram, right.value, op == BinaryOp::Div, out);
  if (!trims) return incompatible(op, left, right, range, notes);
  FloatHistogram trimmed = *left.histogram;
  trim(trimmed, right.value, op == BinaryOp::TrimUpper);
  out = {0, share(std::move(trimmed)), true};
  return true;
}

}  // namespace tocsin::rules::promql
