// SPDX-License-Identifier: Apache-2.0
// Plans of aggregations and binary operators.
#include <algorithm>

#include "meters/base/text.h"
#include "rules/promql/print.h"
#include "rules/promql/src/planner.h"

namespace tocsin::rules::promql {

Result<Planner::Part> Planner::aggregate(const Aggregate& aggregate, const Expr& at) {
  AggregatePlan plan;
  plan.op = aggregate.op;
  plan.without = aggregate.without;
  plan.labels = symbols(aggregate.grouping);
  const Expr& inner = without_parens(*aggregate.expr);
  plan.child_range = inner.range;
  plan.range = at.range;
  if (aggregate.op == AggregateOp::CountValues) {
    const auto* label = std::get_if<Text>(&without_parens(*aggregate.parameter).node);
    if (!label || label->value.empty() || !is_utf8(label->value)) {
      return Error{Fault::Input, "invalid label name " + to_string(*aggregate.parameter)};
    }
    plan.value_label = run_.space.intern(label->value);
  } else if (aggregate.parameter) {
    const Expr& parameter = without_parens(*aggregate.parameter);
    plan.parameter_range = parameter.range;
    auto made = values(parameter);
    if (!made) return made;
    plan.parameter = std::move(made->op);
  }
  auto child = values(inner);
  if (!child) return child;
  plan.child = std::move(child->op);
  const bool picks = aggregate.op == AggregateOp::Topk || aggregate.op == AggregateOp::Bottomk || is_experimental(aggregate.op);
  const bool by_name = !aggregate.without && std::find(plan.labels.begin(), plan.labels.end(), run_.space.name()) != plan.labels.end();
  std::optional<Symbol> name = kEmptySymbol;
  if (picks || by_name) name = child->name;
  return Part{make_aggregate(run_, std::move(plan)), name};
}

Result<Planner::Part> Planner::binary(const Binary& binary, const Expr& at) {
  auto left = values(*binary.left);
  if (!left) return left;
  auto right = values(*binary.right);
  if (!right) return right;
  BinaryPlan plan;
  plan.op = binary.op;
  plan.return_bool = binary.return_bool;
  plan.range = at.range;
  if (const auto place = coverage_.find(&at); place != coverage_.end()) plan.coverage = place->second;
  if (binary.matching) return vector_binary(binary, std::move(plan), std::move(*left), std::move(*right));
  plan.left = std::move(left->op);
  plan.right = std::move(right->op);
  if (at.type == ValueType::Scalar) return Part{make_scalar_binary(run_, std::move(plan)), kEmptySymbol};
  const bool scalar_left = binary.left->type == ValueType::Scalar;
  const bool drops_name = changes_meaning(binary.op) || binary.return_bool;
  Part made{nullptr, scalar_left ? right->name : left->name};
  made.op = make_vector_scalar_binary(run_, std::move(plan), scalar_left);
  if (!drops_name) return made;
  return renamed(std::move(made), false);
}

Result<Planner::Part> Planner::vector_binary(const Binary& binary, BinaryPlan plan, Part left, Part right) {
  plan.left = std::move(left.op);
  plan.right = std::move(right.op);
  MatchingPlan matching{.cardinality = binary.matching->cardinality,
                        .on = binary.matching->on,
                        .labels = symbols(binary.matching->labels),
                        .include = symbols(binary.matching->include),
                        .fill_left = binary.matching->fill_left,
                        .fill_right = binary.matching->fill_right};
  if (is_set(binary.op)) {
    std::optional<Symbol> name = left.name;
    if (binary.op == BinaryOp::Or && left.name != right.name) name.reset();
    return Part{make_set_operator(run_, std::move(plan), std::move(matching)), name};
  }
  // Names survive comparisons, and where they are matched or taken over; else the result has none.
  const auto names = [&](const std::vector<Symbol>& labels) {
    return std::find(labels.begin(), labels.end(), run_.space.name()) != labels.end();
  };
  std::optional<Symbol> name = kEmptySymbol;
  if ((!changes_meaning(binary.op) && !binary.return_bool) || run_.delayed_names() || names(matching.labels) ||
      names(matching.include)) {
    name.reset();
  }
  return Part{make_vector_binary(run_, std::move(plan), std::move(matching)), name};
}

}  // namespace tocsin::rules::promql
