// SPDX-License-Identifier: Apache-2.0
// What is read off one native histogram: quantiles, fractions, mean and spread, as Prometheus 3.15 estimates them.
//
//   const HistogramEstimate p99 = quantile(0.99, histogram);
//   if (p99.note == EstimateNote::SkewedByNan) remark();
//
// Inside a bucket: linear for custom bounds and the zero bucket, on a logarithmic scale else. Threads: pure.
// Costs about 10 ns a bucket.
#pragma once

#include <cstdint>

#include "rules/promql/float_histogram.h"

namespace tocsin::rules::promql {

enum class EstimateNote : std::uint8_t {
  None,
  NanResult,      // quantile: observations of NaN, and it falls among them
  SkewedByNan,    // quantile: observations of NaN count as the greatest
  NansLeftOut,    // fraction: observations of NaN are in none
};

struct HistogramEstimate {
  double value = 0;
  EstimateNote note = EstimateNote::None;
};

// NaN without observations or for a q of NaN, -Inf for q < 0, +Inf for q > 1.
HistogramEstimate quantile(double q, const FloatHistogram& histogram);
// The part of the observations between lower and upper.
HistogramEstimate fraction(double lower, double upper, const FloatHistogram& histogram);
double mean(const FloatHistogram& histogram) noexcept;
double variance(const FloatHistogram& histogram);  // stddev is its root

// Leaves the observations below `edge` (operator </), or above it (>/); a bucket that is cut keeps its part.
void trim(FloatHistogram& histogram, double edge, bool keep_below);

}  // namespace tocsin::rules::promql
