// SPDX-License-Identifier: Apache-2.0
// The operators </ and >/: what remains of a histogram on one side of a value.
#include <cmath>
#include <limits>

#include "rules/promql/histogram_buckets.h"
#include "rules/promql/histogram_math.h"
#include "rules/promql/histogram_quantile.h"

namespace tocsin::rules::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What is kept of a bucket, and where its observations are taken to be.
struct Kept {
  double count = 0, middle = 0;
};

struct Edge {
  double at;
  bool below;     // keeps what is below
  bool positive;  // the side of the bucket
  bool custom;
};

double finite_or_zero(double value) { return std::isinf(value) ? 0 : value; }

double middle_of(double lower, double upper, const Edge& edge) {
  if (std::isinf(lower)) {
    if (std::isinf(upper)) return 0;
    return upper > 0 ? upper / 2 : upper;
  }
  if (std::isinf(upper)) return lower;
  if (edge.custom) return (lower + upper) / 2;
  const double middle = std::sqrt(std::abs(lower * upper));
  return edge.positive ? middle : -middle;
}

// Of a bucket without end that the edge cuts: nobody knows how its observations lie.
Kept cut_endless(const HistogramBucket& bucket, const Edge& edge) {
  if (bucket.lower != -kInfinity) {
    if (!edge.below && edge.at >= bucket.lower) return {bucket.count, edge.at};
    return {0, finite_or_zero(bucket.lower)};
  }
  // With a positive upper bound the lower one is taken as 0, as quantiles do.
  const bool from_zero = bucket.upper > 0 && bucket.upper != kInfinity;
  if (edge.below) {
    if (edge.at >= bucket.upper) return {bucket.count, 0};
    if (edge.at > 0 && from_zero) return {bucket.count * edge.at / bucket.upper, edge.at / 2};
    if (bucket.upper <= 0) return {bucket.count, edge.at};
    return {0, finite_or_zero(bucket.upper)};
  }
  if (edge.at <= bucket.lower) return {bucket.count, 0};
  if (edge.at >= 0 && bucket.upper > edge.at && bucket.upper != kInfinity)
    return {bucket.count * (1 - edge.at / bucket.upper), (edge.at + bucket.upper) / 2};
  return {0, finite_or_zero(bucket.upper)};
}

Kept keep(const HistogramBucket& bucket, const Edge& edge) {
  const bool all = edge.below ? bucket.upper <= edge.at : bucket.lower >= edge.at;
  if (all) return {bucket.count, middle_of(bucket.lower, bucket.upper, edge)};
  const bool cut = edge.below ? bucket.lower < edge.at : bucket.upper > edge.at;
  if (!cut) return {};
  if (bucket.lower == -kInfinity || bucket.upper == kInfinity) return cut_endless(bucket, edge);
  double under = bucket.count;
  if (edge.at <= bucket.lower) under = 0;
  else if (edge.at < bucket.upper) under = bucket.count * fraction_below(bucket, edge.at, edge.custom);
  if (edge.below) return {under, middle_of(bucket.lower, edge.at, edge)};
  return {bucket.count - under, middle_of(edge.at, bucket.upper, edge)};
}

Kept keep_zero(const HistogramBucket& zero, const Edge& edge, bool has_negative, bool has_positive) {
  const double lower = has_positive && !has_negative ? 0 : zero.lower;
  const double upper = has_negative && !has_positive ? 0 : zero.upper;
  const Kept all{zero.count, (lower + upper) / 2};
  if (edge.at <= lower) return edge.below ? Kept{} : all;
  if (edge.at >= upper) return edge.below ? all : Kept{};
  const double part = (edge.below ? edge.at - lower : upper - edge.at) / (upper - lower);
  return {zero.count * part, ((edge.below ? lower : upper) + edge.at) / 2};
}

struct Trimming {
  double count = 0, sum = 0;
  bool changed = false, positive = false, negative = false;

  void take(const Kept& kept, double& stored) {
    count += kept.count;
    sum += kept.middle * kept.count;
    changed |= stored != kept.count;
    stored = kept.count;
  }
};

}  // namespace

void trim(FloatHistogram& histogram, double at, bool keep_below) {
  Trimming trimming;
  const auto side = [&](const std::vector<HistogramBucket>& buckets, std::vector<double>& counts, bool positive) {
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      if (buckets[i].count == 0) continue;
      (positive ? trimming.positive : trimming.negative) = true;
      trimming.take(keep(buckets[i], {at, keep_below, positive, histogram.custom()}), counts[i]);
    }
  };
  side(positive_buckets(histogram), histogram.positive, true);
  side(negative_buckets(histogram), histogram.negative, false);
  if (histogram.zero_count > 0)
    trimming.take(keep_zero(zero_bucket(histogram), {at, keep_below, true, false}, trimming.negative, trimming.positive),
                  histogram.zero_count);
  if (!trimming.changed) return;
  histogram.count = trimming.count;
  histogram.sum = trimming.sum;
  compact(histogram);
}

}  // namespace tocsin::rules::promql
