// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "rules/promql/src/edges.h"

namespace tocsin::rules::promql {
namespace {

bool smooth_float(const RangeWindow& window, std::size_t after, RangeResult& result) {
  const auto& times = window.times;
  if (after < times.size() && times[after] == window.to_ms) result.value = window.values[after];
  else if (after == 0) return false;
  else if (after == times.size()) result.value = window.values[after - 1];
  else
    result.value = interpolated(window.values[after - 1], times[after - 1], window.values[after], times[after], window.to_ms, false);
  return true;
}

bool smooth_histogram(const RangeWindow& window, std::size_t after, RangeSite& site, RangeResult& result) {
  const auto& times = window.histogram_times;
  if (after < times.size() && times[after] == window.to_ms) {
    result.histogram = window.histograms[after];
    return true;
  }
  if (after == 0) return false;
  const FloatHistogram& before = *window.histograms[after - 1];
  FloatHistogram smoothed = before;
  smoothed.hint = CounterResetHint::Unknown;  // it was about the sample, not about its value
  if (after < times.size()) {
    const FloatHistogram& next = *window.histograms[after];
    if (before.custom() != next.custom()) {
      site.notes().mixed_exponential_and_custom(site.metric(), site.argument);
      return false;
    }
    const bool counter = before.hint != CounterResetHint::Gauge || next.hint != CounterResetHint::Gauge;
    auto between = interpolated(before, times[after - 1], next, times[after], window.to_ms, counter, site);
    if (!between) return false;
    smoothed = std::move(*between);
  }
  result.histogram = std::make_shared<const FloatHistogram>(std::move(smoothed));
  return true;
}

// The window reaches the look-back to both sides of the step; its nominal end is the step.
bool smooth(const RangeWindow& window, RangeSite& site, RangeResult& result) {
  if (!window.histograms.empty() && !window.times.empty()) {
    site.notes().mixed_floats_and_histograms(site.metric(), site.argument);
    return false;
  }
  const auto& times = window.histograms.empty() ? window.times : window.histogram_times;
  const auto after = static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), window.to_ms) - times.begin());
  return window.histograms.empty() ? smooth_float(window, after, result) : smooth_histogram(window, after, site, result);
}

constexpr RangeRow kSmooth{"smoothed", smooth, true};

}  // namespace

OperatorPtr make_smoothed_selector(Run& run, Selection selection) {
  const std::int64_t lookback_ms = run.settings.lookback.count();
  const SourceRange range = selection.range;
  RangeCall call;
  call.function = &kSmooth;
  call.edge = RangeEdge::Smoothed;
  call.source = make_selected_range(run, std::move(selection), lookback_ms, {0, lookback_ms}, range);
  call.first = range;
  return make_range_call(run, std::move(call));
}

}  // namespace tocsin::rules::promql
