// SPDX-License-Identifier: Apache-2.0
// Functions of histograms: native ones, and classic ones whose buckets are series with a label `le`.
#include "rules/promql/classic_histogram.h"
#include "rules/promql/histogram_quantile.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "meters/base/number.h"
#include "rules/promql/src/instant_function.h"

namespace tocsin::rules::promql {
namespace {

// One number of a native histogram.

double count(const FloatHistogram& histogram) { return histogram.count; }
double sum(const FloatHistogram& histogram) { return histogram.sum; }
double average(const FloatHistogram& histogram) { return mean(histogram); }
double stdvar(const FloatHistogram& histogram) { return variance(histogram); }
double stddev(const FloatHistogram& histogram) { return std::sqrt(variance(histogram)); }

constexpr HistogramRow kValueRows[] = {
    {"histogram_avg", average}, {"histogram_count", count},   {"histogram_stddev", stddev},
    {"histogram_stdvar", stdvar}, {"histogram_sum", sum},
};

// What is estimated from buckets.

// The rows of one classic histogram, by upper bound.
struct Classic {
  struct Bucket {
    double bound;
    std::uint32_t row;
  };
  SeriesKey key;  // without le
  std::vector<Bucket> buckets;
};

// Splits a vector into classic histograms and rows that may hold native ones.
class HistogramInput {
 public:
  explicit HistogramInput(Run& run) : run_(run), le_(run.space.intern("le")) {}

  void take(const Grid& grid, SourceRange range) {
    for (std::uint32_t i = 0; i < grid.size(); ++i) {
      bool floats = false, histograms = false;
      for (std::uint32_t step = 0; step < grid.steps; ++step) {
        if (is_absent(grid.row(i)[step])) continue;
        (grid.has_histogram(i, step) ? histograms : floats) = true;
      }
      if (histograms) native_.push_back(i);
      if (floats) take_bucket(grid.series[i], i, range);
    }
    for (Classic& each : classic_) {
      std::stable_sort(each.buckets.begin(), each.buckets.end(), [](auto& a, auto& b) { return a.bound < b.bound; });
    }
  }

  const std::vector<Classic>& classic() const noexcept { return classic_; }
  const std::vector<std::uint32_t>& native() const noexcept { return native_; }
  // The classic histogram with these labels, null where there is none.
  const Classic* beside(SeriesKey key) {
    const std::size_t before = keys_.keys().size();
    const std::uint32_t number = keys_.number(key);
    if (number == before) classic_.push_back({key, {}});
    return classic_[number].buckets.empty() ? nullptr : &classic_[number];
  }

 private:
  void take_bucket(SeriesKey key, std::uint32_t row, SourceRange range) {
    const Symbol le = LabelSpace::value(key, le_);
    auto known = bounds_.find(le);
    if (known == bounds_.end()) {
      const auto parsed = parse_double(run_.space.text(le));
      known = bounds_.emplace(le, parsed ? std::optional(*parsed) : std::nullopt).first;
    }
    if (!known->second) {
      run_.notes.bad_bucket_label(run_.delayed_names() ? run_.space.metric_name(key) : "", run_.space.text(le), range);
      return;
    }
    const Symbol names[] = {le_};
    const SeriesKey rest = run_.space.without_view(key, names);
    const std::size_t before = keys_.keys().size();
    const std::uint32_t number = keys_.number(rest);
    if (number == before) {
      keys_.keys()[number] = run_.space.lasting(rest);
      classic_.push_back({keys_.keys()[number], {}});
    }
    classic_[number].buckets.push_back({*known->second, row});
  }

  Run& run_;
  Symbol le_;
  std::unordered_map<Symbol, std::optional<double>> bounds_;
  KeyTable keys_;
  std::vector<Classic> classic_;  // by key
  std::vector<std::uint32_t> native_;
};

// A number of each histogram at each step: a quantile, several, or a fraction.
class Estimate : public WholeOperator {
 public:
  Estimate(Run& run, InstantCall call, std::size_t vector) noexcept
      : WholeOperator(run), call_(std::move(call)), vector_(vector) {}

 protected:
  // How many results a histogram has, and a result's key.
  virtual std::size_t results() const noexcept { return 1; }
  virtual SeriesKey result_key(SeriesKey key, std::size_t) { return run_.drop_name(key); }
  virtual void check(std::uint32_t step) = 0;
  virtual double of_native(const FloatHistogram& histogram, SeriesKey key, std::uint32_t step, std::size_t result) = 0;
  virtual double of_classic(std::vector<ClassicBucket>& buckets, SeriesKey key, std::uint32_t step, std::size_t result) = 0;

  double scalar(std::size_t argument, std::uint32_t step) const noexcept { return scalars_[argument][step]; }
  std::string_view told_name(SeriesKey key) const { return run_.delayed_names() ? run_.space.metric_name(key) : ""; }

  InstantCall call_;
  std::size_t vector_;  // which argument
  Steps steps_;

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    steps_ = steps;
    scalars_.assign(call_.arguments.size(), {});
    for (std::size_t i = 0; i < call_.arguments.size(); ++i) {
      if (i == vector_ || !call_.arguments[i].value) continue;
      auto values = collect_scalar(*call_.arguments[i].value, steps);
      if (!values) return values.error();
      scalars_[i] = std::move(*values);
    }
    MemoryUse memory(run_);
    auto grid = collect(*call_.arguments[vector_].value, steps, run_, memory);
    if (!grid) return grid.error();
    for (std::uint32_t step = 0; step < steps.count; ++step) check(step);
    HistogramInput input(run_);
    input.take(*grid, call_.arguments[vector_].range);
    suppressed_.assign(grid->size(), {});
    for (const std::uint32_t row : input.native()) estimate_native(*grid, row, input, into);
    for (const Classic& classic : input.classic()) estimate_classic(*grid, classic, into);
    return {};
  }

  void estimate_native(const Grid& grid, std::uint32_t row, HistogramInput& input, Grid& into) {
    const SeriesKey key = grid.series[row];
    const Classic* const beside = input.beside(key);
    for (std::size_t result = 0; result < results(); ++result) {
      const std::size_t place = into.add(result_key(key, result));
      for (std::uint32_t step = 0; step < grid.steps; ++step) {
        if (!grid.has_histogram(row, step)) continue;
        if (beside && any_bucket(grid, *beside, step)) {
          // Two histograms with the same name and labels: neither is believed.
          run_.notes.mixed_classic_and_native(told_name(key), call_.arguments[vector_].range);
          auto& steps = suppressed_[beside->buckets.front().row];
          steps.resize(grid.steps);
          steps[step] = 1;
          continue;
        }
        into.row(place)[step] = of_native(*grid.histogram(row, step), key, step, result);
      }
    }
  }

  static bool any_bucket(const Grid& grid, const Classic& classic, std::uint32_t step) {
    return std::any_of(classic.buckets.begin(), classic.buckets.end(), [&](const Classic::Bucket& bucket) {
      return !is_absent(grid.row(bucket.row)[step]) && !grid.has_histogram(bucket.row, step);
    });
  }

  void estimate_classic(const Grid& grid, const Classic& classic, Grid& into) {
    if (classic.buckets.empty()) return;
    const auto& suppressed = suppressed_[classic.buckets.front().row];
    for (std::size_t result = 0; result < results(); ++result) {
      const std::size_t place = into.add(result_key(classic.key, result));
      for (std::uint32_t step = 0; step < grid.steps; ++step) {
        if (!suppressed.empty() && suppressed[step]) continue;
        buckets_.clear();
        for (const Classic::Bucket& bucket : classic.buckets) {
          const double value = grid.row(bucket.row)[step];
          if (!is_absent(value) && !grid.has_histogram(bucket.row, step)) buckets_.push_back({bucket.bound, value});
        }
        if (!buckets_.empty()) into.row(place)[step] = of_classic(buckets_, classic.key, step, result);
      }
    }
  }

  std::vector<std::vector<double>> scalars_;  // by argument, then step
  std::vector<std::vector<char>> suppressed_;  // by a classic histogram's first row, then step
  std::vector<ClassicBucket> buckets_;
};

class Quantiles : public Estimate {
 public:
  using Estimate::Estimate;

 protected:
  virtual double q(std::uint32_t step, std::size_t result) const noexcept { return result == 0 ? scalar(0, step) : 0; }

  void check(std::uint32_t step) override { check_argument(0, step); }
  void check_argument(std::size_t argument, std::uint32_t step) {
    const double value = scalar(argument, step);
    if (!(value >= 0 && value <= 1)) run_.notes.invalid_quantile(value, call_.arguments[argument].range);
  }

  double of_native(const FloatHistogram& histogram, SeriesKey key, std::uint32_t step, std::size_t result) override {
    const HistogramEstimate estimate = quantile(q(step, result), histogram);
    const SourceRange range = call_.arguments[vector_].range;
    if (estimate.note == EstimateNote::NanResult) run_.notes.quantile_nan_result(told_name(key), range);
    if (estimate.note == EstimateNote::SkewedByNan) run_.notes.quantile_nan_skew(told_name(key), range);
    return estimate.value;
  }

  double of_classic(std::vector<ClassicBucket>& buckets, SeriesKey key, std::uint32_t step, std::size_t result) override {
    const ClassicQuantile estimate = quantile(q(step, result), buckets);
    if (estimate.repair) {
      run_.notes.forced_monotonicity(told_name(key), call_.arguments[vector_].range, steps_.at(step), estimate.repair->least_bound,
                                     estimate.repair->greatest_bound, estimate.repair->greatest_lift);
    }
    return estimate.value;
  }
};

// histogram_quantiles(vector, label, q, ...): each quantile with itself as that label's value.
class ManyQuantiles final : public Quantiles {
 public:
  ManyQuantiles(Run& run, InstantCall call) : Quantiles(run, std::move(call), 0), label_(run.space.intern(call_.arguments[1].text)) {}

 private:
  std::size_t results() const noexcept override { return call_.arguments.size() - 2; }
  double q(std::uint32_t step, std::size_t result) const noexcept override { return scalar(result + 2, step); }
  void check(std::uint32_t step) override {
    for (std::size_t i = 2; i < call_.arguments.size(); ++i) check_argument(i, step);
  }
  // As OpenMetrics writes a float: with a point or an exponent.
  SeriesKey result_key(SeriesKey key, std::size_t result) override {
    std::string text;
    append_go_double(text, q(0, result));
    if (text.find_first_of(".eIN") == std::string::npos) text += ".0";
    return run_.space.with(run_.drop_name(key), label_, run_.space.intern(text));
  }
  Symbol label_;
};

class Fraction final : public Estimate {
 public:
  using Estimate::Estimate;

 private:
  void check(std::uint32_t) override {}
  double of_native(const FloatHistogram& histogram, SeriesKey key, std::uint32_t step, std::size_t) override {
    const HistogramEstimate estimate = fraction(scalar(0, step), scalar(1, step), histogram);
    if (estimate.note == EstimateNote::NansLeftOut) run_.notes.fraction_nans(told_name(key), call_.arguments[vector_].range);
    return estimate.value;
  }
  double of_classic(std::vector<ClassicBucket>& buckets, SeriesKey, std::uint32_t step, std::size_t) override {
    return fraction(scalar(0, step), scalar(1, step), buckets);
  }
};

Result<OperatorPtr> histogram_quantile(Run& run, InstantCall call) {
  return OperatorPtr(std::make_unique<Quantiles>(run, std::move(call), 1));
}
Result<OperatorPtr> histogram_quantiles(Run& run, InstantCall call) {
  return OperatorPtr(std::make_unique<ManyQuantiles>(run, std::move(call)));
}
Result<OperatorPtr> histogram_fraction(Run& run, InstantCall call) {
  return OperatorPtr(std::make_unique<Fraction>(run, std::move(call), 2));
}

constexpr CallRow kRows[] = {
    {"histogram_fraction", histogram_fraction},
    {"histogram_quantile", histogram_quantile},
    {"histogram_quantiles", histogram_quantiles},
};

}  // namespace

std::span<const HistogramRow> histogram_value_functions() noexcept { return kValueRows; }
std::span<const CallRow> histogram_functions() noexcept { return kRows; }

}  // namespace tocsin::rules::promql
