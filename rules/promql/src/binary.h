// SPDX-License-Identifier: Apache-2.0
// Binary operators: on one pair of samples, on a vector and a scalar, on two vectors that are matched by labels.
#pragma once

#include <vector>

#include "rules/promql/src/operator.h"

namespace tocsin::rules::promql {

struct BinaryPlan {
  BinaryOp op = BinaryOp::Add;
  bool return_bool = false;
  OperatorPtr left, right;
  SourceRange range;
  std::size_t coverage = 0;  // a comparison's place in Coverage::comparisons
};

// How two vectors are matched; labels as symbols.
struct MatchingPlan {
  Cardinality cardinality = Cardinality::OneToOne;
  bool on = false;
  std::vector<Symbol> labels, include;
  std::optional<double> fill_left, fill_right;
};

OperatorPtr make_scalar_binary(Run& run, BinaryPlan plan);
// scalar_left: the left side is the scalar, the right one the vector.
OperatorPtr make_vector_scalar_binary(Run& run, BinaryPlan plan, bool scalar_left);
OperatorPtr make_vector_binary(Run& run, BinaryPlan plan, MatchingPlan matching);
OperatorPtr make_set_operator(Run& run, BinaryPlan plan, MatchingPlan matching);
OperatorPtr make_negation(Run& run, OperatorPtr child);

// One pair of samples.

struct Operand {
  double value = 0;
  const FloatHistogram* histogram = nullptr;
  HistogramPtr shared;  // histogram's owner where it may be handed on
};

struct Combined {
  double value = 0;
  HistogramPtr histogram;
  bool keep = true;  // false: a comparison that does not hold
};

double combine(BinaryOp op, double left, double right) noexcept;  // a comparison gives 1 or 0
// False, with a remark, where the operator has no meaning for these kinds.
bool combine(BinaryOp op, const Operand& left, const Operand& right, SourceRange range, Notes& notes, Combined& out);

// + - * / ^ % atan2: the result is another quantity, so it loses the name.
bool changes_meaning(BinaryOp op) noexcept;

}  // namespace tocsin::rules::promql
