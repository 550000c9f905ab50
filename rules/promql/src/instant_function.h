// SPDX-License-Identifier: Apache-2.0
// Functions of instant vectors. A family's table in functions/src holds name and code; make_instant_call() finds it.
//
//   double upwards(double value, std::span<const double>) { return std::ceil(value); }
//   constexpr FloatRow kRows[] = {{"ceil", upwards}};
//
// Threads: pure. Costs: a FloatFunction is a call a sample.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "rules/promql/src/operator.h"

namespace tocsin::rules::promql {

// Of each float; histograms go. kAbsent: no sample.
using FloatFunction = double (*)(double value, std::span<const double> scalars);
struct FloatRow {
  std::string_view name;
  FloatFunction call;
};

// Of each native histogram; floats go.
using HistogramFunction = double (*)(const FloatHistogram& histogram);
struct HistogramRow {
  std::string_view name;
  HistogramFunction call;
};

// An argument of a call: an operator, or a text.
struct Argument {
  OperatorPtr value;  // null for a text
  std::string text;
  SourceRange range;
};

struct InstantCall {
  std::string_view name;
  std::vector<Argument> arguments;
  SourceRange range;
};

// Any function besides: it gets all of the call.
using CallFunction = Result<OperatorPtr> (*)(Run& run, InstantCall call);
struct CallRow {
  std::string_view name;
  CallFunction make;
};

std::span<const FloatRow> math_functions() noexcept;
std::span<const FloatRow> date_functions() noexcept;
std::span<const HistogramRow> histogram_value_functions() noexcept;
std::span<const CallRow> histogram_functions() noexcept;
std::span<const CallRow> label_functions() noexcept;
std::span<const CallRow> vector_functions() noexcept;

bool has_instant_function(std::string_view name) noexcept;
// Errors: Input, a bad text argument. Requires: has_instant_function().
Result<OperatorPtr> make_instant_call(Run& run, InstantCall call);

// Series with equal labels become one; an error where both have a sample at a step, or, if strict, at all.
OperatorPtr make_merge(Run& run, OperatorPtr child, bool strict);
Result<void> merge_equal(Grid& grid, Run& run, bool strict);

}  // namespace tocsin::rules::promql
