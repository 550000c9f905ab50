// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/ast.h"

#include <array>
#include <cstddef>

namespace tocsin::rules::promql {
namespace {

constexpr std::array<std::string_view, 18> kBinary = {"+",  "-",  "*", "/",  "%", "^",  "atan2", "==",     "!=",
                                                      "<", "<=", ">", ">=", "and", "or", "unless", "</", ">/"};
constexpr std::array<std::string_view, 14> kAggregate = {"sum",    "avg",    "count", "min",     "max",
                                                         "group",  "stddev", "stdvar", "topk",   "bottomk",
                                                         "count_values", "quantile", "limitk", "limit_ratio"};

}  // namespace

std::string_view text_of(BinaryOp op) noexcept { return kBinary[static_cast<std::size_t>(op)]; }
std::string_view text_of(AggregateOp op) noexcept { return kAggregate[static_cast<std::size_t>(op)]; }

const Expr& without_parens(const Expr& expr) noexcept {
  const Expr* inner = &expr;
  while (const auto* paren = std::get_if<Paren>(&inner->node)) inner = paren->expr.get();
  return *inner;
}

}  // namespace tocsin::rules::promql
