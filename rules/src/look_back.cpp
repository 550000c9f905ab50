// SPDX-License-Identifier: Apache-2.0
#include "rules/look_back.h"

#include <algorithm>

#include "rules/promql/walk.h"

namespace tocsin::rules {

std::vector<SelectorUse> selectors_of(const promql::Expr& expr, std::chrono::milliseconds lookback) {
  std::vector<SelectorUse> out;
  promql::walk(expr, [&](const promql::Expr& inner, std::span<const promql::Expr* const> parents) {
    const promql::VectorSelector* selector = promql::selector_of(inner);
    if (!selector) return;
    SelectorUse use;
    use.selector = selector;
    use.place = inner.range;
    use.newest_ms = selector->shift.offset.ms;
    use.fixed = selector->shift.at != promql::At::None;
    if (const auto* matrix = std::get_if<promql::MatrixSelector>(&inner.node)) use.range_ms = matrix->range.ms;
    use.oldest_ms = use.newest_ms + (use.range_ms > 0 ? use.range_ms : lookback.count());
    for (const promql::Expr* parent : parents) {
      const auto* subquery = std::get_if<promql::Subquery>(&parent->node);
      if (!subquery) continue;
      use.newest_ms += subquery->shift.offset.ms;
      use.oldest_ms += subquery->shift.offset.ms + subquery->range.ms;
      use.fixed = use.fixed || subquery->shift.at != promql::At::None;
    }
    use.parents.assign(parents.begin(), parents.end());
    out.push_back(std::move(use));
  });
  return out;
}

std::chrono::milliseconds look_back(const promql::Expr& expr, std::chrono::milliseconds lookback) {
  std::int64_t most = 0;
  for (const SelectorUse& use : selectors_of(expr, lookback)) most = std::max(most, use.oldest_ms);
  return std::chrono::milliseconds(most);
}

}  // namespace tocsin::rules
