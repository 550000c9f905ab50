// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/classic_histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/promql/histogram_math.h"

namespace tocsin::rules::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kRounding = 1e-12;  // relative differences below this are taken for errors of rounding

// Sorts, and adds the counts of equal bounds; false where the last bucket is not +Inf.
bool arrange(std::vector<ClassicBucket>& buckets) {
  std::sort(buckets.begin(), buckets.end(),
            [](const ClassicBucket& a, const ClassicBucket& b) { return a.upper_bound < b.upper_bound; });
  if (buckets.back().upper_bound != kInfinity) return false;
  std::size_t last = 0;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].upper_bound == buckets[last].upper_bound) buckets[last].count += buckets[i].count;
    else buckets[++last] = buckets[i];
  }
  buckets.resize(last + 1);
  return true;
}

std::optional<ClassicQuantile::Repair> make_monotonic(std::vector<ClassicBucket>& buckets) {
  ClassicQuantile::Repair repair{kInfinity, -kInfinity, 0};
  bool repaired = false;
  double last = buckets.front().count;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    const double count = buckets[i].count;
    if (count == last) continue;
    if (nearly_same(last, count, kRounding)) {
      buckets[i].count = last;
    } else if (count < last) {
      buckets[i].count = last;
      repaired = true;
      repair.least_bound = std::min(repair.least_bound, buckets[i].upper_bound);
      repair.greatest_bound = std::max(repair.greatest_bound, buckets[i].upper_bound);
      repair.greatest_lift = std::max(repair.greatest_lift, last - count);
    } else {
      last = count;
    }
  }
  if (!repaired) return std::nullopt;
  return repair;
}

}  // namespace

ClassicQuantile quantile(double q, std::vector<ClassicBucket>& buckets) {
  if (std::isnan(q)) return {kNan, {}};
  if (q < 0) return {-kInfinity, {}};
  if (q > 1) return {kInfinity, {}};
  if (!arrange(buckets)) return {kNan, {}};
  ClassicQuantile result{kNan, make_monotonic(buckets)};
  const double observations = buckets.back().count;
  if (buckets.size() < 2 || observations == 0) return result;
  double rank = q * observations;
  const auto found = std::partition_point(buckets.begin(), buckets.end() - 1,
                                          [&](const ClassicBucket& bucket) { return !(bucket.count >= rank); });
  if (found == buckets.end() - 1) {
    result.value = (found - 1)->upper_bound;
  } else if (found == buckets.begin() && found->upper_bound <= 0) {
    result.value = found->upper_bound;
  } else {
    double start = 0, count = found->count;
    if (found != buckets.begin()) {
      start = (found - 1)->upper_bound;
      count -= (found - 1)->count;
      rank -= (found - 1)->count;
    }
    result.value = start + (found->upper_bound - start) * (rank / count);
  }
  return result;
}

double fraction(double lower, double upper, std::vector<ClassicBucket>& buckets) {
  if (!arrange(buckets)) return kNan;
  const double count = buckets.back().count;
  if (count == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  double before = 0, lower_rank = kNan, upper_rank = kNan;
  // Buckets that begin with a positive bound begin at 0.
  double from = buckets.front().upper_bound <= 0 ? -kInfinity : 0;
  for (const ClassicBucket& bucket : buckets) {
    const auto place = [&](double v, double& rank) {
      if (!std::isnan(rank)) return;
      if (from >= v) rank = before;
      else if (bucket.upper_bound > v)
        rank = from == -kInfinity
                   ? bucket.count
                   : before + (bucket.count - before) * (v - from) / (bucket.upper_bound - from);
    };
    place(lower, lower_rank);
    place(upper, upper_rank);
    before = bucket.count;
    from = bucket.upper_bound;
  }
  if (std::isnan(lower_rank) || lower_rank > count) lower_rank = count;
  if (std::isnan(upper_rank) || upper_rank > count) upper_rank = count;
  return (upper_rank - lower_rank) / count;
}

}  // namespace tocsin::rules::promql
