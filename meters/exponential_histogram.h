// SPDX-License-Identifier: Apache-2.0
// Exponential histogram: buckets of base 2^(2^-scale), and what can be done with them: a scale less halves the
// resolution and joins buckets in pairs, so any two histograms can be added (OpenTelemetry data model,
// "ExponentialHistogram").
//
//   std::int32_t index = exponential_index(4.0, 0);     // 1: the bucket (2, 4]
//   merge(total, part);                                  // at the larger scale that fits kExponentialBuckets
//
// Threads: pure. Costs 3 ns an index up to scale 7, 10 above; merging is linear in the buckets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "meters/snapshot.h"

namespace tocsin::meters {

inline constexpr std::int32_t kMaxExponentialScale = 20;
inline constexpr std::int32_t kMinExponentialScale = -10;  // one bucket holds every double
inline constexpr std::size_t kExponentialBuckets = 160;    // positive and negative each

// The bucket of a value: (base^index, base^(index + 1)]. Requires: value is positive and finite,
// kMinExponentialScale <= scale <= kMaxExponentialScale.
std::int32_t exponential_index(double value, std::int32_t scale) noexcept;
// The upper bound of a bucket, inclusive; infinity beyond the largest double.
double exponential_upper_bound(std::int32_t index, std::int32_t scale) noexcept;

// True where all `size` buckets from `offset` on lie where a double can be, at a scale that is allowed.
bool indices_fit(std::int32_t scale, std::int32_t offset, std::size_t size) noexcept;

// Joins 2^by neighbouring buckets into one. Requires: by >= 0.
void downscale(NativeHistogram& histogram, std::int32_t by);
// Joins buckets until each side has at most `max_buckets`.
void bound(NativeHistogram& histogram, std::size_t max_buckets = kExponentialBuckets);
// Adds buckets and zero count. The result has the lower of both scales, or less where it would take more than
// `max_buckets`. Of different zero thresholds the larger stays, and buckets below it join the zero bucket.
void merge(NativeHistogram& into, const NativeHistogram& from, std::size_t max_buckets = kExponentialBuckets);
// Takes away what was added before: an earlier state of the same histogram, or a part of it. A count does not fall below 0.
void subtract(NativeHistogram& from, const NativeHistogram& before);

// All observations, the zero bucket's included.
std::uint64_t count(const NativeHistogram& histogram) noexcept;

}  // namespace tocsin::meters
