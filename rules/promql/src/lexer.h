// SPDX-License-Identifier: Apache-2.0
// Lexer: PromQL's text as tokens, as Prometheus' lexer cuts it. Where a word is a keyword depends on braces and brackets.
//
//   const Tokens tokens = tokenize(text);       // the last token is End or Error
//
// Threads: pure. Costs 12 bytes a token.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/promql/ast.h"

namespace tocsin::rules::promql {

enum class Kind : std::uint8_t {
  End, Error, Comma, Colon, Assign, LeftParen, RightParen, LeftBrace, RightBrace, LeftBracket, RightBracket,
  Identifier, MetricIdentifier, Number, Duration, String,
  // In the order of BinaryOp.
  Add, Sub, Mul, Div, Mod, Pow, Atan2, Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, And, Or, Unless,
  TrimUpper, TrimLower,
  RegexMatch, RegexNotMatch, At,
  // In the order of AggregateOp.
  Sum, Avg, Count, Min, Max, Group, Stddev, Stdvar, Topk, Bottomk, CountValues, Quantile, Limitk, LimitRatio,
  Offset, Smoothed, Anchored, By, Without, On, Ignoring, GroupLeft, GroupRight, Fill, FillLeft, FillRight, Bool,
  // Functions in one place, part of a modifier or a duration in another.
  Start, EndWord, Step, Range, MaxOf, MinOf,
};

constexpr bool is_operator(Kind kind) noexcept { return kind >= Kind::Add && kind <= Kind::At; }
constexpr bool is_binary_operator(Kind kind) noexcept { return kind >= Kind::Add && kind <= Kind::TrimLower; }
constexpr bool is_aggregator(Kind kind) noexcept { return kind >= Kind::Sum && kind <= Kind::LimitRatio; }
constexpr bool is_keyword(Kind kind) noexcept { return kind >= Kind::Offset && kind <= Kind::Bool; }
constexpr bool is_place_word(Kind kind) noexcept { return kind >= Kind::Start; }

struct Token {
  Kind kind = Kind::End;
  SourceRange range;
};

struct Tokens {
  std::vector<Token> tokens;  // comments left out
  std::string error;          // what the last token, if it is an Error, says
};

Tokens tokenize(std::string_view text);

// How an unexpected token is named: `identifier "x"`, `<op:+>`, `end of input`.
std::string describe(const Token& token, std::string_view text);

}  // namespace tocsin::rules::promql
