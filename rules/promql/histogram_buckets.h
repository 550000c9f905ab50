// SPDX-License-Identifier: Apache-2.0
// The buckets of a native histogram with their bounds.
//
//   for (const HistogramBucket& bucket : all_buckets(histogram)) use(bucket.lower, bucket.upper, bucket.count);
//
// Threads: pure. Costs 24 to 40 bytes and about 5 ns a bucket.
#pragma once

#include <cstdint>
#include <vector>

#include "rules/promql/float_histogram.h"

namespace tocsin::rules::promql {

struct HistogramBucket {
  double lower = 0, upper = 0;
  bool lower_included = false, upper_included = false;
  double count = 0;
};

// Bound of bucket `index` away from zero: its upper one for positive values. Custom: -1 is -Inf, past the last is +Inf.
double bucket_bound(std::int32_t index, const FloatHistogram& histogram) noexcept;
double exponential_bound(std::int32_t index, std::int32_t schema) noexcept;

// Ascending: negative, zero (where its count is over 0) and positive buckets, empty ones included. A bucket that reaches
// into the zero bucket begins or ends at the zero threshold.
std::vector<HistogramBucket> all_buckets(const FloatHistogram& histogram);
// From the zero bucket outwards, as stored.
std::vector<HistogramBucket> positive_buckets(const FloatHistogram& histogram);
std::vector<HistogramBucket> negative_buckets(const FloatHistogram& histogram);
HistogramBucket zero_bucket(const FloatHistogram& histogram) noexcept;

// The part of a bucket's width below v, which is inside it: linear, or on a logarithmic scale.
double fraction_below(const HistogramBucket& bucket, double v, bool linear) noexcept;

}  // namespace tocsin::rules::promql
