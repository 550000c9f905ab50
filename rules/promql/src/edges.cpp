// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/edges.h"

#include <algorithm>

#include "rules/promql/histogram_math.h"

namespace tocsin::rules::promql {
namespace {

// The samples that count: from the last at or before the window's start to the last one, or, smoothed, to the first at or
// after its end. Nothing where no sample says anything about the window.
struct Bounds {
  std::size_t first, last;
};

std::optional<Bounds> bounds(std::span<const std::int64_t> times, std::int64_t from_ms, std::int64_t to_ms, bool smoothed) {
  if (times.empty()) return {};
  std::size_t last = times.size() - 1;
  const auto before_last = times.begin() + static_cast<std::ptrdiff_t>(last);
  const auto after_start = std::upper_bound(times.begin(), before_last, from_ms) - times.begin();
  const auto first = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, after_start - 1));
  if (smoothed) last = static_cast<std::size_t>(std::lower_bound(times.begin(), before_last, to_ms) - times.begin());
  if (times[last] <= from_ms || (smoothed && times[first] > to_ms)) return {};
  return Bounds{first, last};
}

double at_start(std::span<const std::int64_t> times, std::span<const double> values, std::size_t i, std::int64_t from_ms,
                bool smoothed, bool counter) noexcept {
  if (!smoothed || times[i] >= from_ms) return values[i];
  return interpolated(values[i], times[i], values[i + 1], times[i + 1], from_ms, counter);
}

double at_end(std::span<const std::int64_t> times, std::span<const double> values, std::size_t i, std::int64_t to_ms,
              bool smoothed, bool counter) noexcept {
  if (!smoothed || i == 0 || times[i] <= to_ms) return values[i];
  return interpolated(values[i - 1], times[i - 1], values[i], times[i], to_ms, counter);
}

bool float_gain(const RangeWindow& window, bool counter, RangeResult& result) {
  const bool smoothed = window.edge == RangeEdge::Smoothed;
  const auto found = bounds(window.times, window.from_ms, window.to_ms, smoothed);
  if (!found) return false;
  const double left = at_start(window.times, window.values, found->first, window.from_ms, smoothed, counter);
  const double right = at_end(window.times, window.values, found->last, window.to_ms, smoothed, counter);
  result.value = right - left;
  if (!counter) return true;
  double before = left;
  for (std::size_t i = found->first; i <= found->last; ++i) {
    if (window.times[i] <= window.from_ms || window.times[i] >= window.to_ms) continue;
    if (window.values[i] < before) result.value += before;
    before = window.values[i];
  }
  if (right < before) result.value += before;
  return true;
}

class HistogramGain {
 public:
  HistogramGain(const RangeWindow& window, RangeSite& site, bool counter) noexcept
      : window_(window), site_(site), counter_(counter), smoothed_(window.edge == RangeEdge::Smoothed) {}

  std::optional<FloatHistogram> of() {
    const auto found = bounds(window_.histogram_times, window_.from_ms, window_.to_ms, smoothed_);
    if (!found || !one_kind(*found)) return {};
    const auto left = start(found->first);
    const auto right = left ? end(found->last) : std::nullopt;
    if (!right) return {};
    if (!counter_ && (left->hint != CounterResetHint::Gauge || right->hint != CounterResetHint::Gauge)) {
      site_.notes().native_histogram_not_gauge(site_.metric(), site_.argument);
    }
    FloatHistogram gain = *right;
    if (!take(subtract(gain, *left), "subtraction")) return {};
    if (counter_ && !add_resets(*found, *left, *right, gain)) return {};
    return gain;
  }

 private:
  const FloatHistogram& at(std::size_t i) const noexcept { return *window_.histograms[i]; }
  std::int64_t time(std::size_t i) const noexcept { return window_.histogram_times[i]; }

  bool take(const Result<HistogramRemarks>& remarks, const char* operation) {
    if (!remarks) {
      site_.notes().mixed_exponential_and_custom(site_.metric(), site_.argument);
      return false;
    }
    if (remarks->bounds_reconciled) site_.notes().mismatched_custom_buckets(operation, site_.argument);
    return true;
  }

  bool one_kind(const Bounds& found) {
    for (std::size_t i = found.first; i <= found.last; ++i) {
      if (at(i).custom() != at(found.first).custom()) {
        site_.notes().mixed_exponential_and_custom(site_.metric(), site_.argument);
        return false;
      }
      if (counter_ && at(i).hint == CounterResetHint::Gauge) {
        site_.notes().native_histogram_not_counter(site_.metric(), site_.argument);
      }
    }
    return true;
  }

  std::optional<FloatHistogram> start(std::size_t i) {
    if (!smoothed_ || time(i) >= window_.from_ms) return at(i);
    return interpolated(at(i), time(i), at(i + 1), time(i + 1), window_.from_ms, counter_, site_);
  }
  std::optional<FloatHistogram> end(std::size_t i) {
    if (!smoothed_ || i == 0 || time(i) <= window_.to_ms) return at(i);
    return interpolated(at(i - 1), time(i - 1), at(i), time(i), window_.to_ms, counter_, site_);
  }

  bool add_resets(const Bounds& found, const FloatHistogram& left, const FloatHistogram& right, FloatHistogram& gain) {
    std::size_t next = found.first + 1;
    const FloatHistogram* before = &left;
    if (smoothed_ && time(found.first) < window_.from_ms && detect_reset(at(next), at(found.first))) {
      // That reset is in the left edge already.
      before = &at(next);
      ++next;
    }
    if (next > found.last) return true;
    for (; next < found.last; ++next) {
      if (detect_reset(at(next), *before) && !take(add(gain, *before), "addition")) return false;
      before = &at(next);
    }
    return !detect_reset(right, *before) || take(add(gain, *before), "addition");
  }

  const RangeWindow& window_;
  RangeSite& site_;
  bool counter_, smoothed_;
};

}  // namespace

double interpolated(double before, std::int64_t before_ms, double after, std::int64_t after_ms, std::int64_t time_ms,
                    bool counter) noexcept {
  if (counter && after < before) before = 0;
  return before + (after - before) * static_cast<double>(time_ms - before_ms) / static_cast<double>(after_ms - before_ms);
}

std::optional<FloatHistogram> interpolated(const FloatHistogram& before, std::int64_t before_ms, const FloatHistogram& after,
                                           std::int64_t after_ms, std::int64_t time_ms, bool counter, RangeSite& site) {
  if (time_ms == before_ms) return before;
  if (time_ms == after_ms) return after;
  const double part = static_cast<double>(time_ms - before_ms) / static_cast<double>(after_ms - before_ms);
  FloatHistogram result = after;
  if (counter && detect_reset(after, before)) {
    multiply(result, part);
    return result;
  }
  const auto less = subtract(result, before);
  multiply(result, part);
  const auto more = less ? add(result, before) : less;
  if (!more) {
    site.notes().mixed_exponential_and_custom(site.metric(), site.argument);
    return {};
  }
  if (less->bounds_reconciled) site.notes().mismatched_custom_buckets("subtraction", site.argument);
  if (more->bounds_reconciled) site.notes().mismatched_custom_buckets("addition", site.argument);
  return result;
}

bool edge_gain(const RangeWindow& window, RangeSite& site, bool counter, bool per_second, RangeResult& result) {
  if (window.histograms.empty()) {
    if (!float_gain(window, counter, result)) return false;
    if (per_second) result.value /= window.seconds;
    return true;
  }
  auto gain = HistogramGain(window, site, counter).of();
  if (!gain) return false;
  if (per_second) divide(*gain, window.seconds);
  gain->hint = CounterResetHint::Gauge;
  compact(*gain);
  result.histogram = std::make_shared<const FloatHistogram>(std::move(*gain));
  return true;
}

Result<void> cut_at_edges(Series& series, std::int64_t from_ms, std::int64_t to_ms, RangeEdge edge) {
  std::vector<std::int64_t> times;
  std::vector<double> values;
  for (const Point& point : series.points) {
    if (point.histogram) return Error{Fault::Unsupported, "anchored modifier is not supported with histograms"};
    times.push_back(point.time_ms);
    values.push_back(point.value);
  }
  series.points.clear();
  const bool smoothed = edge == RangeEdge::Smoothed;
  const auto found = bounds(times, from_ms, to_ms, smoothed);
  if (!found) return {};
  series.points.push_back({from_ms, at_start(times, values, found->first, from_ms, smoothed, false), nullptr});
  for (std::size_t i = found->first; i <= found->last; ++i)
    if (times[i] > from_ms && times[i] < to_ms) series.points.push_back({times[i], values[i], nullptr});
  series.points.push_back({to_ms, at_end(times, values, found->last, to_ms, smoothed, false), nullptr});
  return {};
}

}  // namespace tocsin::rules::promql
