// SPDX-License-Identifier: Apache-2.0
// rate, increase, delta: what a series gained in a window, extended to the window's edges as Prometheus extends it.
#include <algorithm>
#include <cmath>
#include <optional>

#include "rules/promql/histogram_math.h"
#include "rules/promql/src/edges.h"

namespace tocsin::rules::promql {
namespace {

enum class Gain : std::uint8_t { Rate, Increase, Delta };
constexpr bool is_counter(Gain gain) noexcept { return gain != Gain::Delta; }

const WindowReach& reach_of(const RangeWindow& window, std::int64_t first_ms, std::int64_t last_ms, std::size_t samples,
                            WindowReach& reach) noexcept {
  const std::int64_t head_ms = first_ms - window.from_ms, tail_ms = window.to_ms - last_ms, covered_ms = last_ms - first_ms;
  if (head_ms == reach.head_ms && tail_ms == reach.tail_ms && covered_ms == reach.covered_ms && samples == reach.samples) [[likely]]
    return reach;
  reach = {head_ms, tail_ms, covered_ms, samples};
  reach.covered = static_cast<double>(covered_ms) / 1000;
  reach.to_start = static_cast<double>(head_ms) / 1000;
  reach.to_end = static_cast<double>(tail_ms) / 1000;
  const double between = reach.covered / static_cast<double>(samples - 1);
  // A gap of more than about one interval says that the series begins or ends inside the window.
  const double threshold = between * 1.1;
  if (reach.to_start >= threshold) reach.to_start = between / 2;
  if (reach.to_end >= threshold) reach.to_end = between / 2;
  reach.factor = (reach.covered + reach.to_start + reach.to_end) / reach.covered;
  reach.per_second = reach.factor / window.seconds;
  return reach;
}

// What is grown between the samples, for the whole window, as a factor. `start`: the first sample's value, for a counter
// that grew by `grown`, which cannot have been below zero.
template <Gain kKind>
double extrapolation(const WindowReach& reach, double seconds, double start, double grown) noexcept {
  constexpr double kSurely = 1.000001;
  if (is_counter(kKind) && grown > 0 && start >= 0 && !(start * reach.covered > reach.to_start * grown * kSurely)) [[unlikely]] {
    const double to_start = std::min(reach.to_start, reach.covered * (start / grown));
    const double factor = (reach.covered + to_start + reach.to_end) / reach.covered;
    return kKind == Gain::Rate ? factor / seconds : factor;
  }
  return kKind == Gain::Rate ? reach.per_second : reach.factor;
}

double float_gain(std::span<const double> values, bool counter) noexcept {
  double gain = values.back() - values.front();
  if (!counter) return gain;
  for (std::size_t i = 1; i < values.size(); ++i)
    if (values[i] < values[i - 1]) gain += values[i - 1];
  return gain;
}

// Nothing, with a remark, where the histograms do not go together.
std::optional<FloatHistogram> histogram_gain(const RangeWindow& window, RangeSite& site, bool counter) {
  HistogramRangeRemarks remarks;
  auto gain = histogram_increase(window.histograms, counter, remarks, site.run.settings.strict_histograms);
  Notes& notes = site.notes();
  if (remarks.not_counter) notes.native_histogram_not_counter(site.metric(), site.argument);
  if (remarks.not_gauge) notes.native_histogram_not_gauge(site.metric(), site.argument);
  if (remarks.mixed_schemas) notes.mixed_exponential_and_custom(site.metric(), site.argument);
  if (remarks.bounds_reconciled_adding) notes.mismatched_custom_buckets("addition", site.argument);
  if (remarks.bounds_reconciled_subtracting) notes.mismatched_custom_buckets("subtraction", site.argument);
  return gain;
}

template <Gain kKind>
bool gain(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!window.histograms.empty() && !window.values.empty()) {
    site.notes().mixed_floats_and_histograms(site.metric(), site.argument);
    return false;
  }
  if (window.edge != RangeEdge::Plain) return edge_gain(window, site, is_counter(kKind), kKind == Gain::Rate, result);
  if (window.histograms.size() > 1) {
    auto grown = histogram_gain(window, site, is_counter(kKind));
    if (!grown) return false;
    const WindowReach& reach = reach_of(window, window.histogram_times.front(), window.histogram_times.back(), window.histograms.size(), site.reach);
    multiply(*grown, extrapolation<kKind>(reach, window.seconds, window.histograms.front()->count, grown->count));
    result.histogram = std::make_shared<const FloatHistogram>(std::move(*grown));
    return true;
  }
  if (window.values.size() < 2) return false;
  const double grown = float_gain(window.values, is_counter(kKind));
  const WindowReach& reach = reach_of(window, window.times.front(), window.times.back(), window.values.size(), site.reach);
  result.value = grown * extrapolation<kKind>(reach, window.seconds, window.values.front(), grown);
  return true;
}

// Keeps the first and the newest value of each series, and the values from which one fell.
template <Gain kKind>
class ColumnGain final : public ColumnFunction {
 public:
  void begin() override {
    samples_ = 0;
    falls_.clear();
  }

  void take(std::int64_t time_ms, std::span<const double> values) override {
    if (samples_++ == 0) {
      first_ms_ = time_ms;
      first_.assign(values.begin(), values.end());
    } else if (is_counter(kKind)) {
      bool fell = false;
      for (std::size_t i = 0; i < values.size(); ++i) fell |= values[i] < last_[i];
      if (fell) [[unlikely]]
        for (std::uint32_t i = 0; i < values.size(); ++i)
          if (values[i] < last_[i]) falls_.push_back({i, last_[i]});
    }
    last_ms_ = time_ms;
    last_.assign(values.begin(), values.end());
  }

  bool finish(const RangeWindow& window, RangeSite& site, std::span<double> values) override {
    if (samples_ < 2) return false;
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = last_[i] - first_[i];
    for (const Fall& fall : falls_) values[fall.series] += fall.from;  // in the order of time, as series by series
    const WindowReach& reach = reach_of(window, first_ms_, last_ms_, samples_, site.reach);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] *= extrapolation<kKind>(reach, window.seconds, first_[i], values[i]);
    return true;
  }

 private:
  struct Fall {
    std::uint32_t series;
    double from;
  };
  std::int64_t first_ms_ = 0, last_ms_ = 0;
  std::size_t samples_ = 0;
  std::vector<double> first_, last_;  // by series
  std::vector<Fall> falls_;
};

template <Gain kKind>
std::unique_ptr<ColumnFunction> columns() {
  return std::make_unique<ColumnGain<kKind>>();
}

constexpr RangeRow kRows[] = {
    {"delta", gain<Gain::Delta>, false, false, columns<Gain::Delta>},
    {"increase", gain<Gain::Increase>, false, true, columns<Gain::Increase>},
    {"rate", gain<Gain::Rate>, false, true, columns<Gain::Rate>},
};

}  // namespace

std::span<const RangeRow> rate_functions() noexcept { return kRows; }

}  // namespace tocsin::rules::promql
