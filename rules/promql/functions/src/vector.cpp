// SPDX-License-Identifier: Apache-2.0
// Functions between scalars and vectors, and those that put a vector in order.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "rules/promql/src/instant_function.h"
#include "rules/promql/src/natural_order.h"

namespace tocsin::rules::promql {
namespace {

class Time final : public WholeOperator {
 public:
  using WholeOperator::WholeOperator;

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    const std::size_t row = into.add({});
    for (std::uint32_t step = 0; step < steps.count; ++step) into.row(row)[step] = static_cast<double>(steps.at(step)) / 1000;
    return {};
  }
};

// The same at every step.
class Same final : public WholeOperator {
 public:
  Same(Run& run, double value) noexcept : WholeOperator(run), value_(value) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    const std::size_t row = into.add({});
    std::fill_n(into.row(row), steps.count, value_);
    return {};
  }
  double value_;
};

// min_of and max_of: of two scalars.
class OneOf final : public WholeOperator {
 public:
  OneOf(Run& run, InstantCall call, bool greater) noexcept : WholeOperator(run), call_(std::move(call)), greater_(greater) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    auto left = collect_scalar(*call_.arguments[0].value, steps);
    if (!left) return left.error();
    auto right = collect_scalar(*call_.arguments[1].value, steps);
    if (!right) return right.error();
    const std::size_t row = into.add({});
    for (std::uint32_t step = 0; step < steps.count; ++step) {
      const double a = (*left)[step], b = (*right)[step];
      const bool any_nan = std::isnan(a) || std::isnan(b);
      into.row(row)[step] = any_nan ? std::numeric_limits<double>::quiet_NaN() : greater_ ? std::max(a, b) : std::min(a, b);
    }
    return {};
  }
  InstantCall call_;
  bool greater_;
};

// The one float of each step; NaN where there is none or more than one.
class ToScalar final : public WholeOperator {
 public:
  ToScalar(Run& run, OperatorPtr child) noexcept : WholeOperator(run), child_(std::move(child)) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    const std::size_t row = into.add({});
    std::vector<std::uint8_t> found(steps.count);
    std::fill_n(into.row(row), steps.count, std::numeric_limits<double>::quiet_NaN());
    Grid chunk;
    if (auto opened = child_->open(steps); !opened) return opened.error();
    for (;;) {
      const auto more = child_->next(chunk);
      if (!more) return more.error();
      if (!*more) return {};
      for (std::size_t i = 0; i < chunk.size(); ++i) {
        for (std::uint32_t step = 0; step < steps.count; ++step) {
          if (is_absent(chunk.row(i)[step]) || chunk.has_histogram(i, step)) continue;
          into.row(row)[step] = found[step]++ ? std::numeric_limits<double>::quiet_NaN() : chunk.row(i)[step];
          if (found[step] > 1) found[step] = 2;
        }
      }
    }
  }

  OperatorPtr child_;
};

// Of samples whose own time was lost on the way here: the step's.
class Timestamp final : public ChunkOperator {
 public:
  using ChunkOperator::ChunkOperator;

 private:
  void change(Grid& chunk) override {
    chunk.histograms.clear();
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      chunk.series[i] = run_.drop_name(chunk.series[i]);
      for (std::uint32_t step = 0; step < chunk.steps; ++step)
        if (!is_absent(chunk.row(i)[step])) chunk.row(i)[step] = static_cast<double>(steps_.at(step)) / 1000;
    }
  }
};

Result<OperatorPtr> make_time(Run& run, InstantCall) { return OperatorPtr(std::make_unique<Time>(run)); }
Result<OperatorPtr> make_pi(Run& run, InstantCall) { return OperatorPtr(std::make_unique<Same>(run, std::numbers::pi)); }

// Of the query as a whole, in seconds.
template <std::int64_t (*kOf)(const EvaluationTime&)>
Result<OperatorPtr> make_query_time(Run& run, InstantCall) {
  return OperatorPtr(std::make_unique<Same>(run, static_cast<double>(kOf(run.settings.time)) / 1000));
}
std::int64_t query_start(const EvaluationTime& time) noexcept { return time.start_ms; }
std::int64_t query_end(const EvaluationTime& time) noexcept { return time.instant() ? time.start_ms : time.end_ms; }
// Between one step and itself there is none.
std::int64_t query_step(const EvaluationTime& time) noexcept { return time.start_ms == time.end_ms ? 0 : time.step_ms; }
std::int64_t query_range(const EvaluationTime& time) noexcept { return query_end(time) - time.start_ms; }

template <bool kGreater>
Result<OperatorPtr> make_one_of(Run& run, InstantCall call) {
  return OperatorPtr(std::make_unique<OneOf>(run, std::move(call), kGreater));
}
Result<OperatorPtr> make_scalar(Run& run, InstantCall call) {
  return OperatorPtr(std::make_unique<ToScalar>(run, std::move(call.arguments[0].value)));
}
Result<OperatorPtr> make_vector(Run&, InstantCall call) { return std::move(call.arguments[0].value); }
Result<OperatorPtr> make_timestamp(Run& run, InstantCall call) {
  return OperatorPtr(std::make_unique<Timestamp>(run, std::move(call.arguments[0].value)));
}

// Order: of an instant only, a range is always sorted by labels.

class Sort : public WholeOperator {
 public:
  Sort(Run& run, InstantCall call, bool descending) noexcept
      : WholeOperator(run), call_(std::move(call)), descending_(descending) {}

 protected:
  virtual bool takes_histograms() const noexcept = 0;
  virtual bool before(const Grid& grid, std::size_t a, std::size_t b) const = 0;
  InstantCall call_;
  bool descending_;

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    MemoryUse memory(run_);
    auto all = collect(*call_.arguments[0].value, steps, run_, memory);
    if (!all) return all.error();
    if (steps.count > 1) run_.notes.warn("sort is ineffective for range queries since results are always ordered by labels", call_.range);
    if (!takes_histograms()) {
      for (std::size_t i = 0; i < all->histograms.size(); ++i)
        if (all->histograms[i]) all->values[i] = kAbsent;
      all->histograms.clear();
    }
    std::vector<std::size_t> order(all->size());
    std::iota(order.begin(), order.end(), 0);
    if (steps.count == 1) {
      std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return before(*all, a, b); });
    }
    for (const std::size_t i : order) {
      const std::size_t row = into.add(all->series[i]);
      for (std::uint32_t step = 0; step < steps.count; ++step) {
        if (all->has_histogram(i, step)) into.set(row, step, all->histogram(i, step));
        else into.row(row)[step] = all->row(i)[step];
      }
    }
    return {};
  }
};

class SortByValue final : public Sort {
 public:
  using Sort::Sort;

 private:
  bool takes_histograms() const noexcept override { return false; }
  bool before(const Grid& grid, std::size_t a, std::size_t b) const override {
    const double x = grid.values[a], y = grid.values[b];
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);  // NaN last, whichever way
    return descending_ ? x > y : x < y;
  }
};

class SortByLabel final : public Sort {
 public:
  SortByLabel(Run& run, InstantCall call, bool descending) : Sort(run, std::move(call), descending) {
    for (std::size_t i = 1; i < call_.arguments.size(); ++i) labels_.push_back(run.space.intern(call_.arguments[i].text));
  }

 private:
  bool takes_histograms() const noexcept override { return true; }
  bool before(const Grid& grid, std::size_t a, std::size_t b) const override {
    const SeriesKey first = grid.series[descending_ ? b : a], second = grid.series[descending_ ? a : b];
    for (const Symbol label : labels_) {
      const Symbol x = LabelSpace::value(first, label), y = LabelSpace::value(second, label);
      if (x != y) return natural_less(run_.space.text(x), run_.space.text(y));
    }
    return run_.space.compare(first, second) < 0;
  }

  std::vector<Symbol> labels_;
};

template <class Order, bool kDescending>
Result<OperatorPtr> make_sort(Run& run, InstantCall call) {
  return OperatorPtr(std::make_unique<Order>(run, std::move(call), kDescending));
}

constexpr CallRow kRows[] = {
    {"end", make_query_time<query_end>},
    {"max_of", make_one_of<true>},
    {"min_of", make_one_of<false>},
    {"pi", make_pi},
    {"range", make_query_time<query_range>},
    {"scalar", make_scalar},
    {"sort", make_sort<SortByValue, false>},
    {"sort_by_label", make_sort<SortByLabel, false>},
    {"sort_by_label_desc", make_sort<SortByLabel, true>},
    {"sort_desc", make_sort<SortByValue, true>},
    {"start", make_query_time<query_start>},
    {"step", make_query_time<query_step>},
    {"time", make_time},
    {"timestamp", make_timestamp},
    {"vector", make_vector},
};

}  // namespace

std::span<const CallRow> vector_functions() noexcept { return kRows; }

}  // namespace tocsin::rules::promql
