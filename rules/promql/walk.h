// SPDX-License-Identifier: Apache-2.0
// walk: visits every node of an expression, parents first.
//
//   walk(expr, [&](const Expr& inner, std::span<const Expr* const> parents) {   // parents: outermost first
//     if (const auto* selector = std::get_if<VectorSelector>(&inner.node)) ...
//   });
//
// A MatrixSelector's inner selector is a member and is not visited by itself: selector_of() gives it for both.
// Threads: pure. Costs one call a node.
#pragma once

#include <span>
#include <vector>

#include "rules/promql/ast.h"

namespace tocsin::rules::promql {

// Calls f(const Expr&) for each child in the order they are written.
template <class F>
void for_each_child(const Expr& expr, F&& f) {
  std::visit(Overloaded{
                 [](const Number&) {}, [](const Text&) {}, [](const VectorSelector&) {}, [](const MatrixSelector&) {},
                 [&](const Subquery& node) { f(*node.expr); },
                 [&](const Unary& node) { f(*node.expr); },
                 [&](const Binary& node) { f(*node.left), f(*node.right); },
                 [&](const Aggregate& node) {
                   if (node.parameter) f(*node.parameter);
                   f(*node.expr);
                 },
                 [&](const Call& node) {
                   for (const ExprPtr& argument : node.arguments) f(*argument);
                 },
                 [&](const Paren& node) { f(*node.expr); },
             },
             expr.node);
}

template <class F>
void walk(const Expr& expr, F&& f, std::vector<const Expr*>& parents) {
  f(expr, std::span<const Expr* const>(parents));
  parents.push_back(&expr);
  for_each_child(expr, [&](const Expr& child) { walk(child, f, parents); });
  parents.pop_back();
}

template <class F>
void walk(const Expr& expr, F&& f) {
  std::vector<const Expr*> parents;
  walk(expr, f, parents);
}

// The selector of a vector or matrix selector, else null.
inline const VectorSelector* selector_of(const Expr& expr) noexcept {
  if (const auto* vector = std::get_if<VectorSelector>(&expr.node)) return vector;
  const auto* matrix = std::get_if<MatrixSelector>(&expr.node);
  return matrix ? &matrix->selector : nullptr;
}

}  // namespace tocsin::rules::promql
