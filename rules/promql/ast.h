// SPDX-License-Identifier: Apache-2.0
// Expr: an expression of PromQL as a tree. Made by parse(), which has checked types; printed by print.h.
//
//   std::visit(Overloaded{[&](const Number& n) { ... }, [&](const Binary& b) { ... }, ...}, expr.node);
//   walk(expr, [&](const Expr& inner, std::span<const Expr* const> parents) { ... });    // parents first; walk.h
//
// Visit without a default, so that a new node fails to compile where it is not handled. Children are never null. A tree
// is at most kMostHeight high: recursion over it is safe.
// Threads: immutable after parsing; hold it as std::shared_ptr<const Expr>. Costs about 200 bytes a node.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "rules/promql/functions.h"
#include "rules/promql/matcher.h"

namespace tocsin::rules::promql {

inline constexpr int kMostDepth = 500;     // of what is written inside another
inline constexpr int kMostHeight = 2'500;  // with operators in a row, each of which has all before it on its left

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct SourceRange {
  std::uint32_t begin = 0, end = 0;  // bytes of the text that was parsed
  bool operator==(const SourceRange&) const = default;
};

enum class DurationOp : std::uint8_t { Literal, Step, Range, Plus, Minus, Add, Sub, Mul, Div, Mod, Pow, MinOf, MaxOf };

// An experimental duration expression, like [5m + step()]; resolved when the query's step and range are known.
struct DurationExpr {
  DurationOp op = DurationOp::Literal;
  double seconds = 0;            // Literal
  bool duration = false;         // Literal: it was written as a duration
  bool wrapped = false;          // in parentheses
  std::shared_ptr<const DurationExpr> left, right;  // the one operand of Plus and Minus is right
  SourceRange range;
};

struct Duration {
  std::int64_t ms = 0;
  std::shared_ptr<const DurationExpr> expression;  // if there, ms is 0 and this counts
};

enum class At : std::uint8_t { None, Time, Start, End };

// `offset` and `@`, as they were written.
struct TimeShift {
  Duration offset;
  At at = At::None;
  std::int64_t at_ms = 0;  // At::Time
};

enum class RangeEdge : std::uint8_t { Plain, Anchored, Smoothed };  // experimental

struct VectorSelector {
  std::string name;               // written before the braces, or quoted in them; else empty
  std::vector<Matcher> matchers;  // the name's is one of them
  TimeShift shift;
  RangeEdge edge = RangeEdge::Plain;
};

struct MatrixSelector {
  VectorSelector selector;  // with the shift, which is written after the range
  Duration range;           // (t - range, t]
  SourceRange selector_range;
};

struct Subquery {
  ExprPtr expr;
  Duration range, step;  // a step of 0: the default evaluation interval
  TimeShift shift;
};

struct Number {
  double value = 0;
  bool duration = false;  // it was written as a duration, value is in seconds
};

struct Text {
  std::string value;
};

struct Paren {
  ExprPtr expr;
};

struct Unary {
  bool negative = false;
  ExprPtr expr;
};

enum class BinaryOp : std::uint8_t {
  Add, Sub, Mul, Div, Mod, Pow, Atan2,
  Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual,
  And, Or, Unless,
  TrimUpper, TrimLower,  // </ and >/: a native histogram's observations below or above a value
};

enum class Cardinality : std::uint8_t { OneToOne, ManyToOne, OneToMany, ManyToMany };  // ManyToOne: group_left

struct VectorMatching {
  Cardinality cardinality = Cardinality::OneToOne;
  bool on = false;                  // labels are on(...), else ignoring(...)
  std::vector<std::string> labels;  // as written
  std::vector<std::string> include;  // of group_left(...) or group_right(...)
  std::optional<double> fill_left, fill_right;  // experimental
};

struct Binary {
  BinaryOp op = BinaryOp::Add;
  bool return_bool = false;
  ExprPtr left, right;
  std::optional<VectorMatching> matching;  // there exactly where both sides are vectors
};

enum class AggregateOp : std::uint8_t {
  Sum, Avg, Count, Min, Max, Group, Stddev, Stdvar, Topk, Bottomk, CountValues, Quantile, Limitk, LimitRatio,
};

struct Aggregate {
  AggregateOp op = AggregateOp::Sum;
  bool without = false;
  std::vector<std::string> grouping;  // as written; may hold duplicates
  ExprPtr parameter;                  // null where has_parameter(op) is false: the one child that may be
  ExprPtr expr;
};

struct Call {
  const Signature* function = nullptr;
  std::vector<ExprPtr> arguments;
};

using Node = std::variant<Number, Text, VectorSelector, MatrixSelector, Subquery, Unary, Binary, Aggregate, Call, Paren>;

struct Expr {
  Node node;
  SourceRange range;
  ValueType type = ValueType::None;
  std::uint16_t height = 1;  // levels of this tree
};

constexpr bool is_comparison(BinaryOp op) noexcept { return op >= BinaryOp::Equal && op <= BinaryOp::GreaterEqual; }
constexpr bool is_set(BinaryOp op) noexcept { return op >= BinaryOp::And && op <= BinaryOp::Unless; }
constexpr bool has_parameter(AggregateOp op) noexcept { return op >= AggregateOp::Topk; }
constexpr bool is_experimental(AggregateOp op) noexcept { return op >= AggregateOp::Limitk; }

std::string_view text_of(BinaryOp op) noexcept;     // +, atan2, unless, ...
std::string_view text_of(AggregateOp op) noexcept;  // sum, count_values, ...

// Makes one visitor of several functions.
template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// What is inside all parentheses around an expression.
const Expr& without_parens(const Expr& expr) noexcept;

}  // namespace tocsin::rules::promql
