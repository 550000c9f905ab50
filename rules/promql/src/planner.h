// SPDX-License-Identifier: Apache-2.0
// Planner: what plan() works with, in parts: selectors, operators and calls each in a file of their own.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "rules/promql/src/aggregate.h"
#include "rules/promql/src/binary.h"
#include "rules/promql/src/instant_function.h"
#include "rules/promql/src/plan.h"
#include "rules/promql/src/range_function.h"
#include "rules/promql/src/sharing.h"

namespace tocsin::rules::promql {

class Planner {
 public:
  Planner(const Expr& root, Run& run);

  // A part of a plan. `name` is the metric name that all its series have (kEmptySymbol: none has one); without it their
  // names may differ, and dropping them may make two series equal.
  struct Part {
    OperatorPtr op;
    std::optional<Symbol> name;
  };
  struct Source {
    RangeSourcePtr op;
    std::optional<Symbol> name;
  };

  Result<Part> values(const Expr& expr);  // of a scalar or an instant vector
  Result<Source> ranges(const Expr& expr, RangeEdge& edge);

 private:
  Result<Part> part(const Expr& expr);  // without looking for what is shared or invariant
  Result<Part> selector(const VectorSelector& selector, const Expr& at, Take take);
  Result<Part> number(const Number& number);
  Result<Part> negation(const Unary& unary);
  Result<Part> aggregate(const Aggregate& aggregate, const Expr& at);
  Result<Part> binary(const Binary& binary, const Expr& at);
  Result<Part> vector_binary(const Binary& binary, BinaryPlan plan, Part left, Part right);
  Result<Part> call(const Call& call, const Expr& at);
  Result<Part> range_call(const Call& call, std::size_t matrix);
  Result<Part> instant_call(const Call& call, const Expr& at);
  Result<Part> absent(const Call& call);
  Result<Part> info(const Call& call);

  // The part after its series lost their names.
  Part renamed(Part part, bool strict);
  Result<Selection> selection(const VectorSelector& selector, const Expr& at);
  Result<Shift> shift(const TimeShift& shift);
  Result<Shift> info_shift(const Expr& argument);
  SeriesKey absent_labels(const Expr& argument);
  std::vector<Symbol> symbols(const std::vector<std::string>& texts);
  bool invariant(const Expr& expr);
  bool find_invariant(const Expr& expr);

  Run& run_;
  std::unordered_map<const Expr*, bool> invariant_;
  std::unordered_map<const Expr*, std::size_t> coverage_;        // places in Coverage, selectors and comparisons
  std::unordered_map<std::string, std::size_t> said_;            // how often
  bool repeats_ = false;                                         // anything is said twice
  std::unordered_set<const Expr*> told_;  // selectors of which only count and sum are asked: their resets must be told
  struct SharedEntry {
    std::shared_ptr<SharedPart> part;
    std::optional<Symbol> name;
  };
  std::unordered_map<std::string, SharedEntry> shared_;
  bool one_step_;        // no gain in looking for invariant parts
  std::string context_;  // of the steps: each subquery has its own
};

}  // namespace tocsin::rules::promql
