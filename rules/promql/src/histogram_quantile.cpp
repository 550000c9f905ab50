// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/histogram_quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/promql/histogram_buckets.h"

namespace tocsin::rules::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Where only one side has buckets, the zero bucket does not reach to the other.
void bound_by_zero(HistogramBucket& bucket, const FloatHistogram& histogram) {
  if (histogram.negative.empty() && !histogram.positive.empty()) bucket.lower = 0;
  else if (histogram.positive.empty() && !histogram.negative.empty()) bucket.upper = 0;
}

double inside(const HistogramBucket& bucket, double part, bool custom) {
  if (custom || (bucket.lower <= 0 && bucket.upper >= 0)) return bucket.lower + (bucket.upper - bucket.lower) * part;
  const double lower = std::log2(std::abs(bucket.lower)), upper = std::log2(std::abs(bucket.upper));
  if (bucket.lower > 0) return std::exp2(lower + (upper - lower) * part);
  return -std::exp2(upper + (lower - upper) * (1 - part));
}

// Observations up to v, which is inside the bucket; `before` are those of all lower buckets.
double rank_at(const HistogramBucket& bucket, double v, double before, bool linear) {
  // A bucket without end cannot be divided: it counts as a whole where its lower end is missing, else not at all.
  if (linear && bucket.lower == -kInfinity) return bucket.count;
  return before + bucket.count * fraction_below(bucket, v, linear);
}

}  // namespace

HistogramEstimate quantile(double q, const FloatHistogram& histogram) {
  if (q < 0) return {-kInfinity};
  if (q > 1) return {kInfinity};
  if (histogram.count == 0 || std::isnan(q)) return {kNan};

  // Observations of NaN are counted and in no bucket: then ranks only hold from below. Else the nearer end is taken.
  const bool nans = std::isnan(histogram.sum), forward = nans || q < 0.5;
  std::vector<HistogramBucket> buckets = all_buckets(histogram);
  if (!forward) std::reverse(buckets.begin(), buckets.end());
  double rank = (forward ? q : 1 - q) * histogram.count, count = 0;
  HistogramBucket bucket;
  std::size_t at = 0;
  while (at < buckets.size()) {
    bucket = buckets[at++];
    if (bucket.count == 0) continue;
    count += bucket.count;
    if (count >= rank) break;
  }
  if (!histogram.custom()) {
    if (bucket.lower < 0 && bucket.upper > 0) bound_by_zero(bucket, histogram);
  } else if (bucket.lower == -kInfinity) {
    if (bucket.upper <= 0) return {bucket.upper};
    bucket.lower = 0;
  } else if (bucket.upper == kInfinity) {
    return {bucket.lower};
  }
  count = std::min(count, histogram.count);
  if (count < rank) return nans ? HistogramEstimate{kNan, EstimateNote::NanResult} : HistogramEstimate{bucket.upper};
  rank = forward ? rank - (count - bucket.count) : count - rank;
  HistogramEstimate estimate{inside(bucket, rank / bucket.count, histogram.custom())};
  if (nans) {
    for (; at < buckets.size(); ++at) count += buckets[at].count;
    if (count < histogram.count) estimate.note = EstimateNote::SkewedByNan;
  }
  return estimate;
}

HistogramEstimate fraction(double lower, double upper, const FloatHistogram& histogram) {
  if (histogram.count == 0 || std::isnan(lower) || std::isnan(upper)) return {kNan};
  if (lower >= upper) return {0};
  double before = 0, count = 0, lower_rank = kNan, upper_rank = kNan;
  for (HistogramBucket bucket : all_buckets(histogram)) {
    count += bucket.count;
    const bool zero = bucket.lower <= 0 && bucket.upper >= 0;
    if (zero) bound_by_zero(bucket, histogram);
    const auto place = [&](double v, double& rank) {
      if (!std::isnan(rank)) return;
      if (bucket.lower >= v) rank = before;
      else if (bucket.upper > v) rank = rank_at(bucket, v, before, histogram.custom() || zero);
    };
    place(lower, lower_rank);
    place(upper, upper_rank);
    before += bucket.count;
  }
  HistogramEstimate estimate;
  if (!std::isnan(histogram.sum)) count = histogram.count;
  else if (count < histogram.count) estimate.note = EstimateNote::NansLeftOut;
  if (std::isnan(lower_rank) || lower_rank > count) lower_rank = count;
  if (std::isnan(upper_rank) || upper_rank > count) upper_rank = count;
  estimate.value = (upper_rank - lower_rank) / histogram.count;
  return estimate;
}

double mean(const FloatHistogram& histogram) noexcept { return histogram.sum / histogram.count; }

double variance(const FloatHistogram& histogram) {
  const double middle = mean(histogram);
  double total = 0, lost = 0;
  for (const HistogramBucket& bucket : all_buckets(histogram)) {
    if (bucket.count == 0) continue;
    double value = 0;  // of the zero bucket
    if (histogram.custom()) value = (bucket.upper + bucket.lower) / 2;
    else if (bucket.lower > 0 || bucket.upper < 0)
      value = std::copysign(std::sqrt(bucket.upper * bucket.lower), bucket.upper);
    const double delta = value - middle, more = bucket.count * delta * delta, sum = total + more;
    if (std::isinf(sum)) lost = 0;
    else if (std::abs(total) >= std::abs(more)) lost += (total - sum) + more;
    else lost += (more - sum) + total;
    total = sum;
  }
  return (total + lost) / histogram.count;
}

}  // namespace tocsin::rules::promql
