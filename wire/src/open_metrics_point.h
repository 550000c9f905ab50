// SPDX-License-Identifier: Apache-2.0
// OpenMetricsPoint: what OpenMetrics 1.0 asks of the samples of one metric at one time, together: buckets that grow and
// add up, a sum where there is a count, a total where there is a creation time.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "wire/exposition_parser.h"

namespace tocsin::wire {

class OpenMetricsPoint {
 public:
  void begin() noexcept { *this = OpenMetricsPoint{}; }

  // What is wrong with this sample by itself, or after those before it; empty where nothing is.
  std::string add(ExpositionType type, const ExpositionSample& sample);
  // What the point lacks, when it has all its samples.
  std::string finish(ExpositionType type) const;

 private:
  std::string add_bucket(const ExpositionSample& sample);

  double last_bound_ = -std::numeric_limits<double>::infinity(), last_count_ = 0;
  double count_ = 0, sum_ = 0;
  bool any_ = false, has_bucket_ = false, has_count_ = false, has_sum_ = false, has_total_ = false, has_created_ = false;
  bool negative_bucket_ = false;
};

// Order does not count: the same labels give the same hash however they are written.
std::uint64_t hash_label(const ExpositionLabel& label) noexcept;

// Numbers that were seen; made for hashes.
class SeenHashes {
 public:
  // False: it was there.
  bool insert(std::uint64_t hash);
  void clear();

 private:
  std::vector<std::uint64_t> slots_;
  std::size_t used_ = 0;
  bool zero_ = false;
};

}  // namespace tocsin::wire
