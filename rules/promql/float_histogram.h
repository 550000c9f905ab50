// SPDX-License-Identifier: Apache-2.0
// FloatHistogram: a native histogram as PromQL computes with it: sparse buckets of doubles, exponential (schema -4 to 8)
// or with custom bounds (schema -53). The shape follows Prometheus' histogram.FloatHistogram.
//
//   FloatHistogram h{.schema = 0, .count = 3, .sum = 6, .positive_spans = {{0, 2}}, .positive = {1, 2}};
//
// Threads: a value; shared as shared_ptr<const FloatHistogram>. Costs about 150 bytes and 8 a bucket.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace tocsin::rules::promql {

inline constexpr std::int32_t kCustomBounds = -53;

// `length` neighbouring buckets that begin `offset` after the end of the span before (the first: after index 0).
struct BucketSpan {
  std::int32_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const BucketSpan&) const = default;
};

enum class CounterResetHint : std::uint8_t { Unknown, Reset, NotReset, Gauge };

struct FloatHistogram {
  CounterResetHint hint = CounterResetHint::Unknown;
  std::int32_t schema = 0;  // base 2^(2^-schema); positive bucket i holds (base^(i-1), base^i]
  double zero_threshold = 0, zero_count = 0;
  double count = 0, sum = 0;
  std::vector<BucketSpan> positive_spans{}, negative_spans{};
  std::vector<double> positive{}, negative{};  // absolute counts, one a bucket of the spans
  std::vector<double> custom_bounds{};         // ascending upper bounds without +Inf; schema kCustomBounds only

  bool custom() const noexcept { return schema == kCustomBounds; }
  bool operator==(const FloatHistogram&) const = default;
};

using HistogramPtr = std::shared_ptr<const FloatHistogram>;

}  // namespace tocsin::rules::promql
