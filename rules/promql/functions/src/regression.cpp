// SPDX-License-Identifier: Apache-2.0
// How a series moves in a window: its slope, its last step, its resets and changes, its smoothed value.
#include <algorithm>
#include <cmath>
#include <limits>

#include "meters/base/number.h"
#include "rules/promql/histogram_math.h"
#include "rules/promql/src/kahan.h"
#include "rules/promql/src/range_function.h"

namespace tocsin::rules::promql {
namespace {

// Slopes.

struct Line {
  double slope, intercept;
};

// By least squares; the intercept is at the time given.
Line regression(const RangeWindow& window, std::int64_t intercept_ms) noexcept {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Kahan sum_x, sum_y, sum_xy, sum_xx;
  bool constant = true;
  for (std::size_t i = 0; i < window.values.size(); ++i) {
    const double y = window.values[i];
    if (y != window.values[0]) constant = false;
    const double x = static_cast<double>(window.times[i] - intercept_ms) / 1e3;
    sum_x.add(x);
    sum_y.add(y);
    sum_xy.add(x * y);
    sum_xx.add(x * x);
  }
  if (constant) return std::isinf(window.values[0]) ? Line{kNan, kNan} : Line{0, window.values[0]};
  const auto n = static_cast<double>(window.values.size());
  const double x = sum_x.sum + sum_x.lost, y = sum_y.sum + sum_y.lost;
  const double covariance = sum_xy.sum + sum_xy.lost - x * y / n, variance = sum_xx.sum + sum_xx.lost - x * x / n;
  const double slope = covariance / variance;
  return {slope, y / n - slope * x / n};
}

// Two floats at least; remarks on histograms among them.
bool two_floats(const RangeWindow& window, RangeSite& site) {
  if (!window.values.empty() && !window.histograms.empty()) {
    site.notes().histogram_ignored_in_mixed_range(site.metric(), site.argument);
  }
  return window.values.size() >= 2;
}

bool deriv(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!two_floats(window, site)) return false;
  // A time near the samples' keeps the sums small.
  result.value = regression(window, window.times.front()).slope;
  return true;
}

bool predict_linear(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!two_floats(window, site)) return false;
  const Line line = regression(window, window.step_ms);
  result.value = line.slope * window.arguments[0] + line.intercept;
  return true;
}

bool double_exponential_smoothing(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  const double smoothing = window.arguments[0], trend_factor = window.arguments[1];
  const auto invalid = [&](const char* which, double value) {
    site.error = Error{Fault::Input, std::string("invalid ") + which + " factor. Expected: 0 < " +
                                         (which[0] == 's' ? "sf" : "tf") + " < 1, got: " + std::to_string(value)};
    return false;
  };
  if (smoothing <= 0 || smoothing >= 1) return invalid("smoothing", smoothing);
  if (trend_factor <= 0 || trend_factor >= 1) return invalid("trend", trend_factor);
  if (!two_floats(window, site)) return false;
  double before = 0, smoothed = window.values[0], trend = window.values[1] - window.values[0];
  for (std::size_t i = 1; i < window.values.size(); ++i) {
    if (i > 1) trend = trend_factor * (smoothed - before) + (1 - trend_factor) * trend;
    const double next = smoothing * window.values[i] + (1 - smoothing) * (smoothed + trend);
    before = smoothed;
    smoothed = next;
  }
  result.value = smoothed;
  return true;
}

// The last two samples.

struct Moment {
  std::int64_t time_ms;
  double value;
  const FloatHistogram* histogram;
};

// Both kinds in one order.
class Merged {
 public:
  explicit Merged(const RangeWindow& window) noexcept : window_(window) {}

  // Begins with the last sample up to this time, where there is one. False where no sample comes after it.
  bool skip_to(std::int64_t time_ms) noexcept {
    float_ = past(window_.times, time_ms);
    histogram_ = past(window_.histogram_times, time_ms);
    if (float_ == window_.times.size() && histogram_ == window_.histogram_times.size()) return false;
    if (float_ > 0 && (histogram_ == 0 || window_.times[float_ - 1] >= window_.histogram_times[histogram_ - 1])) --float_;
    else if (histogram_ > 0) --histogram_;
    return true;
  }
  std::optional<Moment> next() noexcept {
    const bool floats = float_ < window_.times.size(), histograms = histogram_ < window_.histogram_times.size();
    if (!floats && !histograms) return {};
    if (!histograms || (floats && window_.times[float_] < window_.histogram_times[histogram_])) {
      const std::size_t i = float_++;
      return Moment{window_.times[i], window_.values[i], nullptr};
    }
    const std::size_t i = histogram_++;
    return Moment{window_.histogram_times[i], 0, window_.histograms[i].get()};
  }

 private:
  static std::size_t past(std::span<const std::int64_t> times, std::int64_t time_ms) noexcept {
    return static_cast<std::size_t>(std::upper_bound(times.begin(), times.end(), time_ms) - times.begin());
  }
  const RangeWindow& window_;
  std::size_t float_ = 0, histogram_ = 0;
};

bool histogram_step(const Moment& before, const Moment& now, bool rate, RangeSite& site, RangeResult& result) {
  const bool gauges = now.histogram->hint == CounterResetHint::Gauge || before.histogram->hint == CounterResetHint::Gauge;
  const bool both = now.histogram->hint == CounterResetHint::Gauge && before.histogram->hint == CounterResetHint::Gauge;
  if (rate && gauges) site.notes().native_histogram_not_counter(site.metric(), site.argument);
  if (!rate && !both) site.notes().native_histogram_not_gauge(site.metric(), site.argument);
  FloatHistogram step = *now.histogram;
  if (!rate || !detect_reset(*now.histogram, *before.histogram)) {
    const auto subtracted = subtract(step, *before.histogram);
    if (!subtracted) {
      site.notes().mixed_exponential_and_custom(site.metric(), site.argument);
      return false;
    }
    if (subtracted->bounds_reconciled) site.notes().mismatched_custom_buckets("subtraction", site.argument);
  }
  step.hint = CounterResetHint::Gauge;
  compact(step);
  if (rate) divide(step, static_cast<double>(now.time_ms - before.time_ms) / 1000);
  result.histogram = std::make_shared<const FloatHistogram>(std::move(step));
  return true;
}

template <bool kRate>
bool last_step(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (window.values.size() + window.histograms.size() < 2) return false;
  Moment before{}, now{};
  const auto put = [&](const Moment& moment) { before = std::exchange(now, moment); };
  if (window.histograms.empty()) {
    const std::size_t n = window.values.size();
    before = {window.times[n - 2], window.values[n - 2], nullptr};
    now = {window.times[n - 1], window.values[n - 1], nullptr};
  } else {
    Merged merged(window);
    while (const auto moment = merged.next()) put(*moment);
  }
  if (now.time_ms == before.time_ms) return false;
  if ((now.histogram == nullptr) != (before.histogram == nullptr)) {
    site.notes().mixed_floats_and_histograms(site.metric(), site.argument);
    return false;
  }
  if (now.histogram) return histogram_step(before, now, kRate, site, result);
  // A counter that fell began anew: all that it shows was gained since.
  result.value = kRate && now.value < before.value ? now.value : now.value - before.value;
  if (kRate) result.value /= static_cast<double>(now.time_ms - before.time_ms) / 1000;
  return true;
}

// Resets and changes.

bool is_reset(const Moment& before, const Moment& now) {
  if ((now.histogram == nullptr) != (before.histogram == nullptr)) return true;
  return now.histogram ? detect_reset(*now.histogram, *before.histogram) : now.value < before.value;
}

bool is_change(const Moment& before, const Moment& now) {
  if ((now.histogram == nullptr) != (before.histogram == nullptr)) return true;
  if (now.histogram) return !same_data(*now.histogram, *before.histogram);
  return now.value != before.value && !(std::isnan(now.value) && std::isnan(before.value));
}

template <bool (*kCounts)(const Moment&, const Moment&)>
bool count_steps(const RangeWindow& window, RangeSite&, RangeResult& result) {
  Merged merged(window);
  if (window.edge != RangeEdge::Plain && !merged.skip_to(window.from_ms)) return false;
  auto before = merged.next();
  double count = 0;
  while (const auto now = merged.next()) {
    if (kCounts(*before, *now)) ++count;
    before = now;
  }
  result.value = count;
  return true;
}

constexpr RangeRow kRows[] = {
    {"changes", count_steps<is_change>},
    {"deriv", deriv},
    {"double_exponential_smoothing", double_exponential_smoothing},
    {"idelta", last_step<false>},
    {"irate", last_step<true>},
    {"predict_linear", predict_linear},
    {"resets", count_steps<is_reset>},
};

}  // namespace

std::span<const RangeRow> regression_functions() noexcept { return kRows; }

}  // namespace tocsin::rules::promql
