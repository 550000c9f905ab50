// SPDX-License-Identifier: Apache-2.0
// Binary operators where one side is a scalar, and negation.
#include "rules/promql/src/binary.h"

#include "rules/promql/histogram_math.h"

namespace tocsin::rules::promql {
namespace {

class ScalarBinary final : public WholeOperator {
 public:
  ScalarBinary(Run& run, BinaryPlan plan) noexcept : WholeOperator(run), plan_(std::move(plan)) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    auto left = collect_scalar(*plan_.left, steps);
    if (!left) return left.error();
    auto right = collect_scalar(*plan_.right, steps);
    if (!right) return right.error();
    const std::size_t row = into.add({});
    for (std::uint32_t i = 0; i < steps.count; ++i) into.row(row)[i] = combine(plan_.op, (*left)[i], (*right)[i]);
    return {};
  }

  BinaryPlan plan_;
};

class VectorScalarBinary final : public Operator {
 public:
  VectorScalarBinary(Run& run, BinaryPlan plan, bool scalar_left) noexcept
      : Operator(run), plan_(std::move(plan)), scalar_left_(scalar_left), memory_(run) {}

  Result<void> open(const Steps& steps) override {
    if (auto fits = memory_.set(steps.count * sizeof(double)); !fits) return fits;
    auto scalars = collect_scalar(scalar_left_ ? *plan_.left : *plan_.right, steps);
    if (!scalars) return scalars.error();
    scalars_ = std::move(*scalars);
    return vector().open(steps);
  }

  Result<bool> next(Grid& chunk) override {
    auto more = vector().next(chunk);
    if (!more || !*more) return more;
    const bool renamed = changes_meaning(plan_.op) || plan_.return_bool;
    std::uint64_t compared = 0, removed = 0;
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      if (renamed) chunk.series[i] = run_.drop_name(chunk.series[i]);
      double* const row = chunk.row(i);
      for (std::uint32_t step = 0; step < chunk.steps; ++step) {
        if (is_absent(row[step])) continue;
        ++compared;
        if (chunk.has_histogram(i, step)) combine_histogram(chunk, i, step);
        else row[step] = combined(row[step], scalars_[step]);
        removed += is_absent(row[step]);
      }
    }
    if (is_comparison(plan_.op)) count(compared, removed);
    return true;
  }

 private:
  Operator& vector() noexcept { return scalar_left_ ? *plan_.right : *plan_.left; }

  void count(std::uint64_t compared, std::uint64_t removed) {
    run_.coverage.comparisons[plan_.coverage].compared += compared;
    run_.coverage.comparisons[plan_.coverage].removed += removed;
  }

  double combined(double value, double scalar) {
    if (plan_.op >= BinaryOp::TrimUpper) {
      run_.notes.incompatible_types("float", text_of(plan_.op), "float", plan_.range);
      return kAbsent;
    }
    const double result = scalar_left_ ? combine(plan_.op, scalar, value) : combine(plan_.op, value, scalar);
    if (!is_comparison(plan_.op) || plan_.return_bool) return result;
    return result != 0 ? value : kAbsent;
  }

  void combine_histogram(Grid& chunk, std::size_t i, std::uint32_t step) {
    HistogramPtr& histogram = chunk.histograms[i * chunk.steps + step];
    double& value = chunk.row(i)[step];
    const Operand vector{0, histogram.get(), histogram}, scalar{scalars_[step], nullptr, nullptr};
    Combined out;
    const bool possible = combine(plan_.op, scalar_left_ ? scalar : vector, scalar_left_ ? vector : scalar, plan_.range,
                                  run_.notes, out);
    histogram = possible && !plan_.return_bool ? std::move(out.histogram) : nullptr;
    value = possible ? (plan_.return_bool ? static_cast<double>(out.keep) : 0) : kAbsent;
  }

  BinaryPlan plan_;
  bool scalar_left_;
  MemoryUse memory_;
  std::vector<double> scalars_;
};

class Negation final : public ChunkOperator {
 public:
  using ChunkOperator::ChunkOperator;

 private:
  void change(Grid& chunk) override {
    for (std::size_t i = 0; i < chunk.size(); ++i) chunk.series[i] = run_.drop_name(chunk.series[i]);
    for (double& value : chunk.values)
      if (!is_absent(value)) value = -value;
    for (HistogramPtr& histogram : chunk.histograms) {
      if (!histogram) continue;
      FloatHistogram negative = *histogram;
      multiply(negative, -1);
      histogram = std::make_shared<const FloatHistogram>(std::move(negative));
    }
  }
};

}  // namespace

OperatorPtr make_scalar_binary(Run& run, BinaryPlan plan) { return std::make_unique<ScalarBinary>(run, std::move(plan)); }

OperatorPtr make_vector_scalar_binary(Run& run, BinaryPlan plan, bool scalar_left) {
  return std::make_unique<VectorScalarBinary>(run, std::move(plan), scalar_left);
}

OperatorPtr make_negation(Run& run, OperatorPtr child) { return std::make_unique<Negation>(run, std::move(child)); }

}  // namespace tocsin::rules::promql
