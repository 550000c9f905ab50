// SPDX-License-Identifier: Apache-2.0
// Aggregations: which group a series belongs to, and the operators over groups.
#pragma once

#include <vector>

#include "rules/promql/src/operator.h"

namespace tocsin::rules::promql {

// by (labels) or without (labels), as symbols; groups are numbered in the order they come.
class Grouper {
 public:
  Grouper(LabelSpace& space, std::vector<Symbol> labels, bool without);

  std::uint32_t group_of(SeriesKey key) { return without_ ? group_without(key) : group_by(key); }
  std::size_t size() const noexcept { return without_ ? rest_.keys().size() : groups_; }
  SeriesKey labels(std::size_t group) const;  // of the group's result
  void forget();

 private:
  std::uint32_t group_by(SeriesKey key);
  std::uint32_t group_without(SeriesKey key);
  Symbol value_of(SeriesKey key, std::size_t i) noexcept;  // of the label that is the i-th
  bool is_wanted(std::uint32_t group) const noexcept;
  void grow();

  LabelSpace& space_;
  std::vector<Symbol> labels_;  // sorted by their texts
  bool without_;
  std::size_t groups_ = 0;
  std::vector<Symbol> values_;         // labels_.size() a group
  std::vector<std::uint32_t> slots_;   // group + 1
  std::vector<Symbol> wanted_;
  std::vector<std::uint32_t> places_;  // where each label stood last
  std::uint32_t last_ = 0;
  KeyTable rest_;
};

struct AggregatePlan {
  AggregateOp op = AggregateOp::Sum;
  bool without = false;
  std::vector<Symbol> labels;
  OperatorPtr child, parameter;         // parameter: a scalar; null where there is none
  SourceRange child_range, parameter_range, range;
  Symbol value_label = kEmptySymbol;    // count_values
};

// sum, avg, count, min, max, group, stddev, stdvar, quantile: a series a group.
OperatorPtr make_aggregate(Run& run, AggregatePlan plan);
// topk, bottomk, limitk, limit_ratio: some of each group's own series.
OperatorPtr make_picking_aggregate(Run& run, AggregatePlan plan);
OperatorPtr make_count_values(Run& run, AggregatePlan plan);

}  // namespace tocsin::rules::promql
