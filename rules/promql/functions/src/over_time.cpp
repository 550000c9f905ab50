// SPDX-License-Identifier: Apache-2.0
// What a series' samples in a window come to: sum_over_time, max_over_time, last_over_time, ...
#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/promql/histogram_math.h"
#include "rules/promql/src/kahan.h"
#include "rules/promql/src/quantile.h"
#include "rules/promql/src/range_function.h"

namespace tocsin::rules::promql {
namespace {

// False, with a remark, where floats and histograms cannot be put together.
bool one_kind(const RangeWindow& window, RangeSite& site) {
  if (window.histograms.empty() || window.values.empty()) return true;
  site.notes().mixed_floats_and_histograms(site.metric(), site.argument);
  return false;
}

// False where there is no float; remarks on the histograms beside them.
bool floats_only(const RangeWindow& window, RangeSite& site) {
  if (window.values.empty()) return false;
  if (!window.histograms.empty()) site.notes().histogram_ignored_in_mixed_range(site.metric(), site.argument);
  return true;
}

// Sums.

bool total_histogram(const RangeWindow& window, RangeSite& site, bool mean, RangeResult& result) {
  HistogramSum sum(mean, site.run.settings.strict_histograms);
  for (const HistogramPtr& each : window.histograms) {
    if (sum.add(*each)) continue;
    site.notes().mixed_exponential_and_custom(site.metric(), site.argument);
    return false;
  }
  if (sum.remarks().reset_collision) site.notes().counter_reset_collision("aggregation", site.argument);
  if (sum.remarks().bounds_reconciled) site.notes().mismatched_custom_buckets("aggregation", site.argument);
  result.histogram = std::make_shared<const FloatHistogram>(sum.total());
  return true;
}

bool sum_over_time(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!one_kind(window, site)) return false;
  if (window.values.empty()) return total_histogram(window, site, false, result);
  Kahan total;
  for (const double value : window.values) total.add(value);
  result.value = std::isinf(total.sum) ? total.sum : total.sum + total.lost;
  return true;
}

bool avg_over_time(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!one_kind(window, site)) return false;
  if (window.values.empty()) return total_histogram(window, site, true, result);
  Mean mean;
  for (const double value : window.values) mean.add(value);
  result.value = mean.value();
  return true;
}

bool count_over_time(const RangeWindow& window, RangeSite&, RangeResult& result) {
  result.value = static_cast<double>(window.values.size() + window.histograms.size());
  return true;
}

bool present_over_time(const RangeWindow&, RangeSite&, RangeResult& result) {
  result.value = 1;
  return true;
}

// One of the samples.

bool last_over_time(const RangeWindow& window, RangeSite&, RangeResult& result) {
  if (window.histograms.empty() || (!window.values.empty() && window.histogram_times.back() < window.times.back())) {
    result.value = window.values.back();
  } else {
    result.histogram = window.histograms.back();
  }
  return true;
}

bool first_over_time(const RangeWindow& window, RangeSite&, RangeResult& result) {
  if (window.histograms.empty() || (!window.values.empty() && window.times.front() < window.histogram_times.front())) {
    result.value = window.values.front();
  } else {
    result.histogram = window.histograms.front();
  }
  return true;
}

bool ts_of_first_over_time(const RangeWindow& window, RangeSite&, RangeResult& result) {
  constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
  const std::int64_t time = std::min(window.times.empty() ? kNever : window.times.front(),
                                     window.histograms.empty() ? kNever : window.histogram_times.front());
  result.value = static_cast<double>(time) / 1000;
  return true;
}

bool ts_of_last_over_time(const RangeWindow& window, RangeSite&, RangeResult& result) {
  const std::int64_t time = std::max(window.times.empty() ? 0 : window.times.back(),
                                     window.histograms.empty() ? 0 : window.histogram_times.back());
  result.value = static_cast<double>(time) / 1000;
  return true;
}

struct Larger {
  bool operator()(double a, double b) const noexcept { return a > b; }
};
struct Smaller {
  bool operator()(double a, double b) const noexcept { return a < b; }
};
struct LargerOrSame {
  bool operator()(double a, double b) const noexcept { return a >= b; }
};
struct SmallerOrSame {
  bool operator()(double a, double b) const noexcept { return a <= b; }
};

// The place of the value that comes out on top; NaN only where there is nothing else.
template <class Beats>
std::size_t extreme(std::span<const double> values) noexcept {
  std::size_t best = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (Beats()(values[i], values[best]) || std::isnan(values[best])) best = i;
  return best;
}

template <class Beats>
bool extreme_over_time(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!floats_only(window, site)) return false;
  result.value = window.values[extreme<Beats>(window.values)];
  return true;
}

template <class Beats>
bool ts_of_extreme_over_time(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!floats_only(window, site)) return false;
  result.value = static_cast<double>(window.times[extreme<Beats>(window.values)]) / 1000;
  return true;
}

// Spread.

bool quantile_over_time(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (window.values.empty()) return false;
  const double q = window.arguments[0];
  if (!(q >= 0 && q <= 1)) site.notes().invalid_quantile(q, site.argument);
  if (!floats_only(window, site)) return false;
  std::vector<double> values(window.values.begin(), window.values.end());
  result.value = quantile(q, values);
  return true;
}

bool mad_over_time(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!floats_only(window, site)) return false;
  std::vector<double> values(window.values.begin(), window.values.end());
  if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) {
    result.value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  const double median = quantile(0.5, values);
  for (double& value : values) value = std::abs(value - median);
  result.value = quantile(0.5, values);
  return true;
}

double variance(std::span<const double> values) noexcept {
  double count = 0;
  Kahan mean, squares;
  for (const double value : values) {
    ++count;
    const double delta = value - (mean.sum + mean.lost);
    mean.add(delta / count);
    squares.add(delta * (value - (mean.sum + mean.lost)));
  }
  return (squares.sum + squares.lost) / count;
}

bool stdvar_over_time(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!floats_only(window, site)) return false;
  result.value = variance(window.values);
  return true;
}

bool stddev_over_time(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!floats_only(window, site)) return false;
  result.value = std::sqrt(variance(window.values));
  return true;
}

constexpr RangeRow kRows[] = {
    {"avg_over_time", avg_over_time},
    {"count_over_time", count_over_time},
    {"first_over_time", first_over_time, true},
    {"last_over_time", last_over_time, true},
    {"mad_over_time", mad_over_time},
    {"max_over_time", extreme_over_time<Larger>},
    {"min_over_time", extreme_over_time<Smaller>},
    {"present_over_time", present_over_time},
    {"quantile_over_time", quantile_over_time},
    {"stddev_over_time", stddev_over_time},
    {"stdvar_over_time", stdvar_over_time},
    {"sum_over_time", sum_over_time},
    {"ts_of_first_over_time", ts_of_first_over_time},
    {"ts_of_last_over_time", ts_of_last_over_time},
    {"ts_of_max_over_time", ts_of_extreme_over_time<LargerOrSame>},
    {"ts_of_min_over_time", ts_of_extreme_over_time<SmallerOrSame>},
};

}  // namespace

std::span<const RangeRow> over_time_functions() noexcept { return kRows; }

}  // namespace tocsin::rules::promql
