// SPDX-License-Identifier: Apache-2.0
// Quantile and fraction of a classic histogram: cumulative counts by upper bound (the `le` label).
//
//   std::vector<ClassicBucket> buckets = {{1, 10}, {2, 15}, {HUGE_VAL, 16}};
//   const ClassicQuantile p50 = quantile(0.5, buckets);     // sorts, merges and repairs the buckets in place
//
// As Prometheus 3.15: linear inside a bucket; needs a bucket of +Inf. Threads: pure. Costs a sort of the buckets.
#pragma once

#include <optional>
#include <vector>

namespace tocsin::rules::promql {

struct ClassicBucket {
  double upper_bound = 0, count = 0;
};

struct ClassicQuantile {
  double value = 0;
  // There where counts fell from one bucket to the next by more than rounding: the bounds between which they were
  // lifted, and the greatest lift.
  struct Repair {
    double least_bound, greatest_bound, greatest_lift;
  };
  std::optional<Repair> repair;
};

// Requires: at least one bucket.
ClassicQuantile quantile(double q, std::vector<ClassicBucket>& buckets);
double fraction(double lower, double upper, std::vector<ClassicBucket>& buckets);

}  // namespace tocsin::rules::promql
