// SPDX-License-Identifier: Apache-2.0
// Selectors, and what may follow any expression: [range], [range:step], offset, @, anchored, smoothed.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "rules/promql/src/literals.h"
#include "rules/promql/src/parser.h"

namespace tocsin::rules::promql {
namespace {

constexpr std::string_view kBeforeShift =
    " modifier must be preceded by an instant vector selector or range vector selector or a subquery";

std::string fixed(double value) {
  if (!std::isfinite(value)) return go_float(value);
  std::array<char, 400> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%f", value);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

MatchType match_type(Kind kind) noexcept {
  switch (kind) {
    case Kind::NotEqual: return MatchType::NotEqual;
    case Kind::RegexMatch: return MatchType::Regex;
    case Kind::RegexNotMatch: return MatchType::NotRegex;
    default: return MatchType::Equal;
  }
}

bool is_match(Kind kind) noexcept {
  return kind == Kind::Assign || kind == Kind::NotEqual || kind == Kind::RegexMatch || kind == Kind::RegexNotMatch;
}

}  // namespace

ExprPtr Parser::selector() {
  const std::uint32_t begin = peek().range.begin;
  VectorSelector selector;
  if (kind() != Kind::LeftBrace) selector.name = std::string(value(take()));
  if (kind() == Kind::LeftBrace && !matchers(selector)) return nullptr;
  if (!selector.name.empty()) {
    selector.matchers.push_back(std::move(Matcher::make("__name__", MatchType::Equal, selector.name)).value());
  }
  return make_expr(std::move(selector), since(begin));
}

bool Parser::matchers(VectorSelector& selector) {
  take();
  while (kind() != Kind::RightBrace) {
    if (!matcher(selector)) return false;
    if (kind() != Kind::RightBrace && !take_if(Kind::Comma)) {
      return unexpected("label matching", "\",\" or \"}\""), false;
    }
  }
  take();
  return true;
}

bool Parser::matcher(VectorSelector& selector) {
  if (kind() != Kind::Identifier && kind() != Kind::String) {
    return unexpected("label matching", "identifier or \"}\""), false;
  }
  const Token& name = take();
  std::string label = name.kind == Kind::String ? text(name) : std::string(value(name));
  std::string matched;
  MatchType type = MatchType::Equal;
  if (is_match(kind())) {
    type = match_type(take().kind);
    if (kind() != Kind::String) return unexpected("label matching", "string"), false;
    matched = text(take());
  } else if (name.kind == Kind::Identifier) {
    return unexpected("label matching", "label matching operator"), false;
  } else {
    matched = std::exchange(label, "__name__");  // {"a name"}
  }
  auto made = Matcher::make(std::move(label), type, std::move(matched));
  if (!made) fault(since(name.range.begin), made.error().message);
  else selector.matchers.push_back(*std::move(made));
  return true;
}

ExprPtr Parser::brackets(ExprPtr inner) {
  const std::uint32_t bracket = take().range.begin;
  std::optional<Duration> range = positive_duration();
  if (!range) {
    return unexpected("subquery or range selector", "number, duration, step(), or range()"), nullptr;
  }
  if (take_if(Kind::RightBracket)) return matrix(std::move(inner), *std::move(range), bracket);
  if (!take_if(Kind::Colon)) return unexpected("subquery or range", "\":\" or \"]\""), nullptr;
  Subquery subquery;
  subquery.range = *std::move(range);
  if (kind() != Kind::RightBracket) {
    std::optional<Duration> step = positive_duration();
    if (!step) {
      return unexpected("subquery selector", "number, duration, step(), range(), or \"]\""), nullptr;
    }
    if (kind() != Kind::RightBracket) return unexpected("subquery selector", "\"]\""), nullptr;
    subquery.step = *std::move(step);
  }
  take();
  const std::uint32_t begin = inner->range.begin;
  subquery.expr = std::move(inner);
  return make_expr(std::move(subquery), since(begin));
}

ExprPtr Parser::matrix(ExprPtr inner, Duration range, std::uint32_t bracket) {
  auto* vector = std::get_if<VectorSelector>(&inner->node);
  std::string_view wrong;
  if (!vector) wrong = "ranges only allowed for vector selectors";
  else if (vector->shift.offset.ms != 0 || vector->shift.offset.expression) wrong = "no offset modifiers allowed before range";
  else if (vector->shift.at != At::None) wrong = "no @ modifiers allowed before range";
  if (!wrong.empty()) {
    fault(since(bracket), std::string(wrong));
    return inner;
  }
  const SourceRange selected = inner->range;
  return make_expr(MatrixSelector{std::move(*vector), std::move(range), selected}, since(selected.begin));
}

TimeShift* Parser::shift_of(Expr& expr) noexcept {
  if (auto* vector = std::get_if<VectorSelector>(&expr.node)) return &vector->shift;
  if (auto* matrix = std::get_if<MatrixSelector>(&expr.node)) return &matrix->selector.shift;
  auto* subquery = std::get_if<Subquery>(&expr.node);
  return subquery ? &subquery->shift : nullptr;
}

ExprPtr Parser::offset(ExprPtr inner) {
  take();
  const DurationPtr duration = offset_duration();
  if (!duration) return unexpected("offset", "number, duration, step(), or range()"), nullptr;
  TimeShift* shift = shift_of(*inner);
  if (!shift) {
    fault(inner->range, "offset" + std::string(kBeforeShift));
  } else if (shift->offset.ms != 0 || shift->offset.expression) {
    fault(inner->range, "offset may not be set multiple times");
  } else {
    shift->offset = to_duration(duration);
  }
  inner->range.end = last_end_;
  return inner;
}

ExprPtr Parser::at(ExprPtr inner) {
  take();
  At at = At::Time;
  double seconds = 0;
  if (kind() == Kind::Start || kind() == Kind::EndWord) {
    at = take().kind == Kind::Start ? At::Start : At::End;
    if (!take_if(Kind::LeftParen) || !take_if(Kind::RightParen)) return unexpected("@", "timestamp"), nullptr;
  } else {
    const bool negative = kind() == Kind::Sub;
    if (kind() == Kind::Sub || kind() == Kind::Add) take();
    if (kind() != Kind::Number && kind() != Kind::Duration) return unexpected("@", "timestamp"), nullptr;
    seconds = numeric(take());
    if (negative) seconds = -seconds;
    constexpr double kMost = 9.2e15;  // milliseconds must fit
    if (!(std::abs(seconds) < kMost)) {
      fault(inner->range, "timestamp out of bounds for @ modifier: " + fixed(seconds));
      return inner;
    }
  }
  TimeShift* shift = shift_of(*inner);
  if (!shift) {
    fault(inner->range, "@" + std::string(kBeforeShift));
  } else if (shift->at != At::None) {
    fault(inner->range, "@ <timestamp> may not be set multiple times");
  } else {
    shift->at = at;
    shift->at_ms = std::llround(seconds * 1000);
  }
  inner->range.end = last_end_;
  return inner;
}

ExprPtr Parser::edge(ExprPtr inner) {
  const Token& token = take();
  const std::string name = token.kind == Kind::Anchored ? "anchored" : "smoothed";
  const RangeEdge wanted = token.kind == Kind::Anchored ? RangeEdge::Anchored : RangeEdge::Smoothed;
  auto* vector = std::get_if<VectorSelector>(&inner->node);
  auto* matrix = std::get_if<MatrixSelector>(&inner->node);
  if (!options_.experimental) {
    fault(inner->range, name + " modifier is experimental and not enabled");
  } else if (std::holds_alternative<Subquery>(inner->node)) {
    fault(inner->range, name + " modifier is not supported for subqueries");
  } else if (!vector && !matrix) {
    fault(inner->range, name + " modifier not implemented");
  } else {
    RangeEdge& edge = vector ? vector->edge : matrix->selector.edge;
    if (edge != RangeEdge::Plain && edge != wanted) {
      fault(inner->range, "anchored and smoothed modifiers cannot be used together");
    }
    edge = wanted;
  }
  return inner;
}

}  // namespace tocsin::rules::promql
