// SPDX-License-Identifier: Apache-2.0
// How far an expression looks back: what must be kept for it to see all it asks for.
//
//   const auto uses = selectors_of(*rule.expr, 5min);
//   const auto oldest = look_back(*rule.expr, 5min);        // 1h5m for rate(x[5m] offset 1h)
//
// Threads: pure. Costs one visit a node.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "rules/promql/ast.h"

namespace tocsin::rules {

// A selector and the time it reads, relative to the time of evaluation.
struct SelectorUse {
  const promql::VectorSelector* selector = nullptr;
  promql::SourceRange place;
  std::int64_t range_ms = 0;    // of a matrix selector; 0: an instant
  std::int64_t newest_ms = 0;   // before the evaluation: its offset and those of subqueries around it
  std::int64_t oldest_ms = 0;   // before the evaluation: the offsets, ranges and the look-back of an instant
  bool fixed = false;           // @: the time is not relative
  std::vector<const promql::Expr*> parents;  // outermost first
};

std::vector<SelectorUse> selectors_of(const promql::Expr& expr, std::chrono::milliseconds lookback);
std::chrono::milliseconds look_back(const promql::Expr& expr, std::chrono::milliseconds lookback);

}  // namespace tocsin::rules
