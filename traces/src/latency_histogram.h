// SPDX-License-Identifier: Apache-2.0
// The two histograms of a request series, fed with nanoseconds: explicit buckets of the request convention, and
// exponential ones (base 2^(2^-scale), scale 6 down, at most 160) of the same latencies in microseconds.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>

#include "meters/request_convention.h"

namespace tocsin::traces {

inline constexpr std::size_t kTimeBuckets = meters::kRequestTimeBounds.size() + 1;

namespace detail {

// There is at most one bound in an octave of nanoseconds: the octave gives the bucket but for one compare.
struct TimeBounds {
  std::array<std::uint8_t, 65> first{};       // by bit width: the bucket of the octave's smallest value
  std::array<std::uint64_t, kTimeBuckets> ns{};  // the bucket's upper bound, inclusive
};

constexpr TimeBounds make_time_bounds() {
  TimeBounds bounds;
  for (std::size_t i = 0; i + 1 < kTimeBuckets; ++i)
    bounds.ns[i] = static_cast<std::uint64_t>(meters::kRequestTimeBounds[i]) * 1000;
  bounds.ns[kTimeBuckets - 1] = ~std::uint64_t{0};
  for (unsigned width = 0; width <= 64; ++width) {
    const std::uint64_t smallest = width == 0 ? 0 : std::uint64_t{1} << (width - 1);
    std::uint8_t bucket = 0;
    while (smallest > bounds.ns[bucket]) ++bucket;
    bounds.first[width] = bucket;
  }
  return bounds;
}
inline constexpr TimeBounds kTimeBounds = make_time_bounds();

constexpr bool one_bound_an_octave() {
  for (unsigned width = 1; width <= 63; ++width) {
    const std::uint64_t largest = (std::uint64_t{1} << width) - 1;
    std::size_t bucket = 0;
    while (largest > kTimeBounds.ns[bucket]) ++bucket;
    if (bucket > kTimeBounds.first[width] + std::size_t{1}) return false;
  }
  return true;
}
static_assert(one_bound_an_octave());

}  // namespace detail

inline std::uint32_t time_bucket(std::uint64_t ns) noexcept {
  const std::uint32_t bucket = detail::kTimeBounds.first[static_cast<std::size_t>(std::bit_width(ns))];
  return bucket + (ns > detail::kTimeBounds.ns[bucket] ? 1U : 0U);
}

inline constexpr std::int32_t kMaxNativeScale = 6;
inline constexpr std::int32_t kMaxNativeBuckets = 160;

// The bucket of a positive value at kMaxNativeScale: (base^index, base^(index + 1)]. At a lower scale it is
// index >> (kMaxNativeScale - scale).
class NativeIndex {
 public:
  static const NativeIndex& instance() noexcept {
    static const NativeIndex index;
    return index;
  }

  std::int32_t of(double value) const noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const std::uint64_t mantissa = bits & kMantissa;
    const std::uint32_t below = below_[mantissa >> (52 - kCellBits)];
    const auto octave = static_cast<std::int32_t>(bits >> 52) - 1023;
    return (octave << kMaxNativeScale) + static_cast<std::int32_t>(below) + (mantissa > bounds_[below] ? 1 : 0) - 1;
  }

 private:
  static constexpr std::uint64_t kMantissa = (std::uint64_t{1} << 52) - 1;
  static constexpr unsigned kCellBits = kMaxNativeScale + 1;  // a cell is narrower than any bucket

  NativeIndex() noexcept {
    constexpr std::uint32_t kBuckets = 1U << kMaxNativeScale;
    for (std::uint32_t i = 0; i < kBuckets; ++i)
      bounds_[i] = std::bit_cast<std::uint64_t>(std::exp2(static_cast<double>(i) / kBuckets)) & kMantissa;
    bounds_[kBuckets] = ~std::uint64_t{0};
    for (std::uint32_t cell = 0; cell < below_.size(); ++cell) {
      const std::uint64_t smallest = std::uint64_t{cell} << (52 - kCellBits);
      std::uint32_t below = 0;  // bounds that every value of the cell but its smallest is above
      while (below < kBuckets && bounds_[below] < smallest) ++below;
      below_[cell] = static_cast<std::uint8_t>(below);
    }
  }

  std::array<std::uint64_t, (1U << kMaxNativeScale) + 1> bounds_{};  // mantissa bits of 2^(i/64)
  std::array<std::uint8_t, 1U << kCellBits> below_{};
};

// Exponential buckets of one series; starts empty and grows as values come.
struct NativeCells {
  std::unique_ptr<std::uint64_t[]> counts;
  std::int32_t offset = 0;  // index of counts[0], at `scale`
  std::int32_t size = 0;
  std::int32_t scale = kMaxNativeScale;

  // `index` as of NativeIndex. Null where the value lies outside of what is held: then grow() first.
  std::uint64_t* cell(std::int32_t index) const noexcept {
    const auto at = static_cast<std::uint32_t>((index >> (kMaxNativeScale - scale)) - offset);
    return at < static_cast<std::uint32_t>(size) ? &counts[at] : nullptr;
  }
  // Makes room for `index`, at a lower scale where it would take more than kMaxNativeBuckets.
  void grow(std::int32_t index);
};

}  // namespace tocsin::traces
