// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/histogram_buckets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "rules/promql/src/histogram_work.h"

namespace tocsin::rules::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr int kFinestSchema = 8;
constexpr std::int64_t kBeyond = 5000;  // an exponent that no double has

// Half of 2^(i/256): the finest schema's bounds in [0.5, 1); the coarser ones are among them.
const std::array<double, 256>& fractions() {
  static const std::array<double, 256> table = [] {
    std::array<double, 256> made{};
    for (std::size_t i = 0; i < made.size(); ++i)
      made[i] = static_cast<double>(std::exp2(static_cast<long double>(i) / 256) / 2);
    return made;
  }();
  return table;
}

HistogramBucket bucket_at(const FloatHistogram& histogram, std::int32_t index, double count, bool positive) {
  HistogramBucket bucket;
  bucket.count = count;
  constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
  const double outer = bucket_bound(index, histogram), inner = bucket_bound(index == kLeast ? kLeast : index - 1, histogram);
  bucket.lower = positive ? inner : -outer;
  bucket.upper = positive ? outer : -inner;
  bucket.lower_included = histogram.custom() ? index == 0 : bucket.lower < 0;
  bucket.upper_included = histogram.custom() || bucket.upper > 0;
  return bucket;
}

std::vector<HistogramBucket> side(const FloatHistogram& histogram, bool positive) {
  const auto& spans = positive ? histogram.positive_spans : histogram.negative_spans;
  const auto& counts = positive ? histogram.positive : histogram.negative;
  std::vector<HistogramBucket> buckets;
  buckets.reserve(counts.size());
  for_each_bucket(spans, counts.size(), [&](std::int32_t index, std::size_t at) {
    buckets.push_back(bucket_at(histogram, index, counts[at], positive));
  });
  return buckets;
}

}  // namespace

double exponential_bound(std::int32_t index, std::int32_t schema) noexcept {
  // The last bucket of finite values ends at the greatest of them; the one after holds the infinities.
  if (schema < 0) {
    const std::int64_t exponent = std::int64_t{index} * (std::int64_t{1} << std::min(-std::int64_t{schema}, std::int64_t{20}));
    if (exponent == 1024) return std::numeric_limits<double>::max();
    return std::ldexp(1.0, static_cast<int>(std::clamp<std::int64_t>(exponent, -kBeyond, kBeyond)));
  }
  const int shift = std::min(schema, kFinestSchema);
  const auto slot = static_cast<std::size_t>(index & ((1 << shift) - 1)) << (kFinestSchema - shift);
  const double fraction = fractions()[slot];
  const int exponent = static_cast<int>(std::min<std::int64_t>(std::int64_t{index >> shift} + 1, kBeyond));
  if (fraction == 0.5 && exponent == 1025) return std::numeric_limits<double>::max();
  return std::ldexp(fraction, exponent);
}

double bucket_bound(std::int32_t index, const FloatHistogram& histogram) noexcept {
  if (!histogram.custom()) return exponential_bound(index, histogram.schema);
  if (index < 0) return -kInfinity;
  const auto at = static_cast<std::size_t>(index);
  return at < histogram.custom_bounds.size() ? histogram.custom_bounds[at] : kInfinity;
}

HistogramBucket zero_bucket(const FloatHistogram& histogram) noexcept {
  return {-histogram.zero_threshold, histogram.zero_threshold, true, true, histogram.zero_count};
}

std::vector<HistogramBucket> positive_buckets(const FloatHistogram& histogram) { return side(histogram, true); }
std::vector<HistogramBucket> negative_buckets(const FloatHistogram& histogram) { return side(histogram, false); }

std::vector<HistogramBucket> all_buckets(const FloatHistogram& histogram) {
  std::vector<HistogramBucket> all = side(histogram, false);
  std::reverse(all.begin(), all.end());
  for (HistogramBucket& bucket : all)
    if (bucket.upper < 0 && bucket.upper > -histogram.zero_threshold) bucket.upper = -histogram.zero_threshold;
  if (histogram.zero_count > 0) all.push_back(zero_bucket(histogram));
  for (HistogramBucket& bucket : side(histogram, true)) {
    if (bucket.lower > 0 && bucket.lower < histogram.zero_threshold) bucket.lower = histogram.zero_threshold;
    all.push_back(bucket);
  }
  return all;
}

double fraction_below(const HistogramBucket& bucket, double v, bool linear) noexcept {
  if (linear) return (v - bucket.lower) / (bucket.upper - bucket.lower);
  const double lower = std::log2(std::abs(bucket.lower)), upper = std::log2(std::abs(bucket.upper));
  const double at = std::log2(std::abs(v));
  return v > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

}  // namespace tocsin::rules::promql
