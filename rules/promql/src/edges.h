// SPDX-License-Identifier: Apache-2.0
// What anchored and smoothed selectors (experimental) ask for: values exactly at the edges of a window, or at a step.
// Anchored takes the sample before the edge, smoothed interpolates between its neighbours; nothing is extrapolated.
#pragma once

#include "rules/promql/src/range_function.h"

namespace tocsin::rules::promql {

// Between two samples. A counter that fell in between began anew at zero.
double interpolated(double before, std::int64_t before_ms, double after, std::int64_t after_ms, std::int64_t time_ms,
                    bool counter) noexcept;
// Nothing, with a remark, where the two do not go together.
std::optional<FloatHistogram> interpolated(const FloatHistogram& before, std::int64_t before_ms, const FloatHistogram& after,
                                           std::int64_t after_ms, std::int64_t time_ms, bool counter, RangeSite& site);

// rate, increase and delta of a window whose edge is not plain.
bool edge_gain(const RangeWindow& window, RangeSite& site, bool counter, bool per_second, RangeResult& result);

// A range vector's floats, with one at each edge. Errors: Unsupported, native histograms.
Result<void> cut_at_edges(Series& series, std::int64_t from_ms, std::int64_t to_ms, RangeEdge edge);

// The value at each step, between the samples around it.
OperatorPtr make_smoothed_selector(Run& run, Selection selection);

}  // namespace tocsin::rules::promql
