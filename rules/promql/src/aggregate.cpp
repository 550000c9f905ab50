// SPDX-License-Identifier: Apache-2.0
// Aggregations that make one series of each group, a chunk at a time: what is held is a cell a group and step.
#include "rules/promql/src/aggregate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/promql/histogram_math.h"
#include "rules/promql/src/kahan.h"
#include "rules/promql/src/quantile.h"

namespace tocsin::rules::promql {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// What an aggregation keeps of the floats of one group at one step.
struct SumCell {
  Kahan total;
  std::uint32_t count = 0;
  void add(double value) noexcept {
    if (count++ == 0) total.sum = value;  // so that -0 stays -0
    else total.add(value);
  }
  double result(double) noexcept { return total.sum + total.lost; }
};

struct AvgCell {
  Mean mean;
  std::uint32_t count = 0;
  void add(double value) noexcept {
    ++count;
    mean.add(value);
  }
  double result(double) noexcept { return mean.value(); }
};

struct CountCell {
  std::uint32_t count = 0;
  void add(double) noexcept { ++count; }
  double result(double) noexcept { return count; }
};

struct GroupCell : CountCell {
  double result(double) noexcept { return 1; }
};

template <class Beats>
struct ExtremeCell {
  double best = kNan;
  std::uint32_t count = 0;
  void add(double value) noexcept {
    if (count++ == 0 || Beats()(value, best) || std::isnan(best)) best = value;
  }
  double result(double) noexcept { return best; }
};

struct VarianceCell {
  double mean = 0, squares = 0;
  std::uint32_t count = 0;
  void add(double value) noexcept {
    if (count++ == 0) {
      mean = value;
      squares = std::isfinite(value) ? 0 : kNan;
      return;
    }
    const double delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean);
  }
  double result(double) noexcept { return squares / count; }
};

struct DeviationCell : VarianceCell {
  double result(double parameter) noexcept { return std::sqrt(VarianceCell::result(parameter)); }
};

struct QuantileCell {
  std::vector<double> values;
  std::uint32_t count = 0;
  void add(double value) {
    ++count;
    values.push_back(value);
  }
  double result(double q) { return quantile(q, values); }
};

// The histograms of one group at one step, for sum and avg.
struct HistogramCell {
  HistogramCell(bool mean, bool strict) noexcept : total(mean, strict) {}
  HistogramSum total;
  bool incompatible = false;
};

// What an aggregation does with native histograms.
enum class Histograms : std::uint8_t { Add, Average, Count, Ignore };

template <class Cell, Histograms kHistograms>
class GroupedAggregate final : public WholeOperator {
 public:
  GroupedAggregate(Run& run, AggregatePlan plan)
      : WholeOperator(run), plan_(std::move(plan)), groups_(run.space, plan_.labels, plan_.without) {}

 private:
  Result<void> make(const Steps& steps, Grid& into) override {
    steps_ = steps.count;
    groups_.forget();
    cells_.clear();
    histograms_.clear();
    drop_name_.clear();
    std::vector<double> parameter(steps.count, 0);
    if (plan_.parameter) {
      auto values = collect_scalar(*plan_.parameter, steps);
      if (!values) return values.error();
      parameter = std::move(*values);
      remark_quantiles(parameter);
    }
    MemoryUse memory(run_);
    Grid chunk;
    if (auto opened = plan_.child->open(steps); !opened) return opened.error();
    for (;;) {
      const auto more = plan_.child->next(chunk);
      if (!more) return more.error();
      if (!*more) break;
      for (std::size_t i = 0; i < chunk.size(); ++i) take(chunk, i);
      if (auto fits = memory.set(cells_.size() * sizeof(Cell)); !fits) return fits.error();
    }
    give(parameter, into);
    return {};
  }

  void take(const Grid& chunk, std::size_t i) {
    const std::uint32_t group = groups_.group_of(chunk.series[i]);
    const std::size_t first = std::size_t{group} * steps_;
    if (first >= cells_.size()) {
      cells_.resize(groups_.size() * steps_);
      drop_name_.resize(groups_.size());
    }
    const double* const row = chunk.row(i);
    Cell* const cells = cells_.data() + first;
    if (chunk.histograms.empty()) {
      for (std::uint32_t step = 0; step < steps_; ++step)
        if (!is_absent(row[step])) cells[step].add(row[step]);
    } else {
      for (std::uint32_t step = 0; step < steps_; ++step) {
        if (is_absent(row[step])) continue;
        if (chunk.has_histogram(i, step)) take_histogram(chunk.series[i], *chunk.histogram(i, step), first + step);
        else cells[step].add(row[step]);
      }
    }
    if (chunk.series[i].drop_name && !chunk.empty_row(i)) drop_name_[group] = true;
  }

  void take_histogram(SeriesKey key, const FloatHistogram& histogram, std::size_t place) {
    if constexpr (kHistograms == Histograms::Count) cells_[place].add(0);
    if constexpr (kHistograms == Histograms::Ignore) {
      run_.notes.histogram_ignored_in_aggregation(text_of(plan_.op), plan_.child_range);
    }
    if constexpr (kHistograms == Histograms::Add || kHistograms == Histograms::Average) {
      if (histograms_.size() < cells_.size()) histograms_.resize(cells_.size());
      if (!histograms_[place])
        histograms_[place] =
            std::make_unique<HistogramCell>(kHistograms == Histograms::Average, run_.settings.strict_histograms);
      HistogramCell& cell = *histograms_[place];
      if (cell.incompatible || cell.total.add(histogram)) return;
      cell.incompatible = true;
      run_.notes.mixed_exponential_and_custom(run_.space.metric_name(key), plan_.child_range);
    }
  }

  void give(const std::vector<double>& parameter, Grid& into) {
    into.series.reserve(groups_.size());
    into.values.reserve(groups_.size() * steps_);
    for (std::size_t group = 0; group < groups_.size(); ++group) {
      SeriesKey key = groups_.labels(group);
      key.drop_name = drop_name_[group];
      const std::size_t row = into.add(key);
      for (std::uint32_t step = 0; step < steps_; ++step) {
        const std::size_t place = group * steps_ + step;
        if (place < histograms_.size() && histograms_[place]) give_histogram(place, row, step, into);
        else if (cells_[place].count > 0) into.row(row)[step] = cells_[place].result(parameter[step]);
      }
    }
  }

  void give_histogram(std::size_t place, std::size_t row, std::uint32_t step, Grid& into) {
    HistogramCell& cell = *histograms_[place];
    if (cells_[place].count > 0) return run_.notes.mixed_floats_and_histograms_in_aggregation(plan_.child_range);
    if (cell.incompatible) return;
    const HistogramRemarks remarks = cell.total.remarks();
    if (remarks.reset_collision) run_.notes.counter_reset_collision("aggregation", plan_.child_range);
    if (remarks.bounds_reconciled) run_.notes.mismatched_custom_buckets("aggregation", plan_.child_range);
    into.set(row, step, std::make_shared<const FloatHistogram>(cell.total.total()));
  }

  void remark_quantiles(const std::vector<double>& parameter) {
    double least = std::numeric_limits<double>::infinity(), most = -least;
    for (const double q : parameter) {
      if (std::isnan(q)) run_.notes.invalid_quantile(kNan, plan_.parameter_range);
      least = q < least ? q : least;
      most = q > most ? q : most;
    }
    if (most > 1) run_.notes.invalid_quantile(most, plan_.parameter_range);
    if (least < 0) run_.notes.invalid_quantile(least, plan_.parameter_range);
  }

  AggregatePlan plan_;
  Grouper groups_;
  std::uint32_t steps_ = 1;
  std::vector<Cell> cells_;  // by group, then step
  std::vector<std::unique_ptr<HistogramCell>> histograms_;
  std::vector<char> drop_name_;
};

template <class Cell, Histograms kHistograms>
OperatorPtr make(Run& run, AggregatePlan& plan) {
  return std::make_unique<GroupedAggregate<Cell, kHistograms>>(run, std::move(plan));
}

}  // namespace

OperatorPtr make_aggregate(Run& run, AggregatePlan plan) {
  switch (plan.op) {
    case AggregateOp::Sum: return make<SumCell, Histograms::Add>(run, plan);
    case AggregateOp::Avg: return make<AvgCell, Histograms::Average>(run, plan);
    case AggregateOp::Count: return make<CountCell, Histograms::Count>(run, plan);
    case AggregateOp::Group: return make<GroupCell, Histograms::Count>(run, plan);
    case AggregateOp::Min: return make<ExtremeCell<std::less<double>>, Histograms::Ignore>(run, plan);
    case AggregateOp::Max: return make<ExtremeCell<std::greater<double>>, Histograms::Ignore>(run, plan);
    case AggregateOp::Stddev: return make<DeviationCell, Histograms::Ignore>(run, plan);
    case AggregateOp::Stdvar: return make<VarianceCell, Histograms::Ignore>(run, plan);
    case AggregateOp::Quantile: return make<QuantileCell, Histograms::Ignore>(run, plan);
    case AggregateOp::Topk:
    case AggregateOp::Bottomk:
    case AggregateOp::Limitk:
    case AggregateOp::LimitRatio: return make_picking_aggregate(run, std::move(plan));
    case AggregateOp::CountValues: return make_count_values(run, std::move(plan));
  }
  return nullptr;
}

}  // namespace tocsin::rules::promql
