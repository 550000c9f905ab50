// SPDX-License-Identifier: Apache-2.0
// Durations in brackets and behind offset: literals, and the experimental arithmetic upon them.
#include <cmath>
#include <utility>

#include "rules/promql/src/parser.h"

namespace tocsin::rules::promql {
namespace {

constexpr double kMostSeconds = 9223372036.854775807;  // Go counts nanoseconds in 64 bits

int binding(Kind kind) noexcept {
  switch (kind) {
    case Kind::Add:
    case Kind::Sub: return 1;
    case Kind::Mul:
    case Kind::Div:
    case Kind::Mod: return 2;
    case Kind::Pow: return 3;
    default: return 0;
  }
}
constexpr int kPower = 3;

DurationOp operation(Kind kind) noexcept {
  switch (kind) {
    case Kind::Sub: return DurationOp::Sub;
    case Kind::Mul: return DurationOp::Mul;
    case Kind::Div: return DurationOp::Div;
    case Kind::Mod: return DurationOp::Mod;
    case Kind::Pow: return DurationOp::Pow;
    default: return DurationOp::Add;
  }
}

bool is_zero(const DurationExpr& expr) noexcept { return expr.op == DurationOp::Literal && expr.seconds == 0; }

}  // namespace

Duration to_duration(const std::shared_ptr<DurationExpr>& expr) {
  if (expr->op != DurationOp::Literal) return {0, expr};
  return {static_cast<std::int64_t>(std::round(expr->seconds * 1e9) / 1e6), nullptr};
}

void Parser::experimental_duration(const DurationExpr& expr) {
  if (!options_.experimental) fault(expr.range, "experimental duration expression is not enabled");
}

// A range or a step: a literal must be above zero. Nothing, without a fault of its own, where no duration stands.
std::optional<Duration> Parser::positive_duration() {
  const DurationPtr expr = duration(1);
  if (!expr) return std::nullopt;
  if (expr->op == DurationOp::Literal && !(expr->seconds > 0)) fault(expr->range, "duration must be greater than 0");
  return to_duration(expr);
}

Parser::DurationPtr Parser::duration(int least) {
  const Deeper level(*this);
  if (level.too_deep()) return nullptr;
  DurationPtr left = duration_operand();
  int terms = 0;
  while (left && binding(kind()) >= least && binding(kind()) != 0) {
    if (++terms > kMostDepth) return fault(peek().range, "duration expression is too long"), nullptr;
    const Token& op = take();
    const int bound = binding(op.kind);
    experimental_duration(*left);
    DurationPtr right = duration(bound == kPower ? bound : bound + 1);
    if (!right) return nullptr;
    left = duration_sum(std::move(left), std::move(right), op);
  }
  return left;
}

Parser::DurationPtr Parser::duration_sum(DurationPtr left, DurationPtr right, const Token& op) {
  if (op.kind == Kind::Div && is_zero(*right)) fault(op.range, "division by zero");
  if (op.kind == Kind::Mod && is_zero(*right)) fault(op.range, "modulo by zero");
  auto sum = std::make_shared<DurationExpr>();
  sum->op = operation(op.kind);
  sum->range = {left->range.begin, right->range.end};
  sum->left = std::move(left);
  sum->right = std::move(right);
  return sum;
}

Parser::DurationPtr Parser::duration_operand() {
  switch (kind()) {
    case Kind::Number:
    case Kind::Duration: return duration_literal();
    case Kind::Add:
    case Kind::Sub: {
      const Token& sign = take();
      DurationPtr inner = duration(kPower);
      return inner ? signed_duration(sign, std::move(inner), false) : nullptr;
    }
    case Kind::LeftParen: {
      const std::uint32_t begin = take().range.begin;
      DurationPtr inner = duration(1);
      if (!inner || !take_if(Kind::RightParen)) return nullptr;
      experimental_duration(*inner);
      return in_parens(std::move(inner), since(begin));
    }
    default: return duration_word();
  }
}

Parser::DurationPtr Parser::duration_literal() {
  const Token& token = take();
  auto literal = std::make_shared<DurationExpr>();
  literal->seconds = numeric(token);
  literal->duration = token.kind == Kind::Duration;
  literal->range = token.range;
  if (!(std::abs(literal->seconds) <= kMostSeconds)) {
    fault(token.range, "duration out of range");
    literal->seconds = 0;
  }
  return literal;
}

Parser::DurationPtr Parser::duration_word() {
  const Kind word = kind();
  if (word != Kind::Step && word != Kind::Range && word != Kind::MaxOf && word != Kind::MinOf) return nullptr;
  const std::uint32_t begin = take().range.begin;
  auto call = std::make_shared<DurationExpr>();
  if (!take_if(Kind::LeftParen)) return nullptr;
  if (word == Kind::Step || word == Kind::Range) {
    call->op = word == Kind::Step ? DurationOp::Step : DurationOp::Range;
  } else {
    call->op = word == Kind::MaxOf ? DurationOp::MaxOf : DurationOp::MinOf;
    call->left = duration(1);
    if (!call->left || !take_if(Kind::Comma)) return nullptr;
    call->right = duration(1);
    if (!call->right) return nullptr;
  }
  if (!take_if(Kind::RightParen)) return nullptr;
  call->range = since(begin);
  experimental_duration(*call);
  return call;
}

Parser::DurationPtr Parser::signed_duration(const Token& sign, DurationPtr inner, bool wrapped) {
  if (wrapped && (options_.experimental || sign.kind == Kind::Sub)) {
    const SourceRange range = inner->range;
    inner = in_parens(std::move(inner), range);
  }
  if (inner->op == DurationOp::Literal) {
    if (sign.kind == Kind::Sub) inner->seconds = -inner->seconds;
    inner->range.begin = sign.range.begin;
    return inner;
  }
  if (sign.kind == Kind::Add) return inner;
  auto minus = std::make_shared<DurationExpr>();
  minus->op = DurationOp::Minus;
  minus->range = {sign.range.begin, inner->range.end};
  minus->right = std::move(inner);
  return minus;
}

// Keeps the parentheses for printing; a literal has no place for them, so it becomes the operand of a plus.
Parser::DurationPtr Parser::in_parens(DurationPtr inner, SourceRange range) {
  if (inner->op != DurationOp::Literal) {
    inner->wrapped = true;
    return inner;
  }
  auto plus = std::make_shared<DurationExpr>();
  plus->op = DurationOp::Plus;
  plus->wrapped = true;
  plus->range = range;
  plus->right = std::move(inner);
  return plus;
}

// Behind offset a literal ends the duration, so that `a offset 5m + 1` adds to a; only parentheses hold more.
Parser::DurationPtr Parser::offset_duration() {
  const Deeper level(*this);
  if (level.too_deep()) return nullptr;
  const bool has_sign = kind() == Kind::Add || kind() == Kind::Sub;
  const bool two_signs = has_sign && (kind(1) == Kind::Add || kind(1) == Kind::Sub);
  if (kind() == Kind::LeftParen || two_signs) return duration(1);
  if (!has_sign) return kind() == Kind::Number || kind() == Kind::Duration ? duration_literal() : duration_word();
  const Token& sign = take();
  if (take_if(Kind::LeftParen)) {
    DurationPtr inner = duration(1);
    if (!inner || !take_if(Kind::RightParen)) return nullptr;
    return signed_duration(sign, std::move(inner), true);
  }
  DurationPtr inner = kind() == Kind::Number || kind() == Kind::Duration ? duration_literal() : duration_word();
  return inner ? signed_duration(sign, std::move(inner), false) : nullptr;
}

}  // namespace tocsin::rules::promql
