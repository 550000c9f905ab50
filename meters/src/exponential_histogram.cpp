// SPDX-License-Identifier: Apache-2.0
#include "meters/exponential_histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

namespace tocsin::meters {

namespace {

constexpr std::uint64_t kMantissa = (std::uint64_t{1} << 52U) - 1;
constexpr std::int32_t kTableScale = 7;

// Bounds within an octave at kTableScale, found by the leading bits of the mantissa: a cell is narrower than a bucket,
// so one compare settles it.
class OctaveTable {
 public:
  OctaveTable() noexcept {
    for (std::uint32_t i = 0; i < kBuckets; ++i) {
      // Rounded down to a double's mantissa: a double is above the true bound exactly if it is above this one.
      const long double bound = std::exp2(static_cast<long double>(i) / kBuckets);
      bounds_[i] = static_cast<std::uint64_t>((bound - 1) * static_cast<long double>(kMantissa + 1));
    }
    bounds_[kBuckets] = ~std::uint64_t{0};
    std::uint8_t below = 0;  // bounds below the cell's smallest value
    for (std::uint32_t cell = 0; cell < below_.size(); ++cell) {
      while (bounds_[below] < std::uint64_t{cell} << kCellShift) ++below;
      below_[cell] = below;
    }
  }

  // How many bounds are below 1.mantissa: 0 for exactly 1.
  std::int32_t bounds_below(std::uint64_t mantissa) const noexcept {
    const std::uint32_t below = below_[mantissa >> kCellShift];
    return static_cast<std::int32_t>(below) + (mantissa > bounds_[below] ? 1 : 0);
  }

 private:
  static constexpr std::uint32_t kBuckets = 1U << kTableScale;
  static constexpr std::uint32_t kCellShift = 52 - (kTableScale + 1);

  std::array<std::uint64_t, kBuckets + 1> bounds_{};
  std::array<std::uint8_t, 2 * kBuckets> below_{};
};

const OctaveTable& octave_table() noexcept {
  static const OctaveTable table;
  return table;
}

}  // namespace

std::int32_t exponential_index(double value, std::int32_t scale) noexcept {
  int shift = 0;
  if (value < std::numeric_limits<double>::min()) {  // subnormal: bring the leading bit up
    value *= 0x1p52;
    shift = 52;
  }
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::int32_t octave = static_cast<std::int32_t>(bits >> 52U) - 1023 - shift;
  const std::uint64_t mantissa = bits & kMantissa;
  if (scale <= kTableScale) {
    const std::int32_t fine = (octave << kTableScale) + octave_table().bounds_below(mantissa) - 1;
    return fine >> (kTableScale - scale);
  }
  if (mantissa == 0) return (octave << scale) - 1;  // a power of two closes its bucket, exactly
  const double fraction = std::log2(std::bit_cast<double>(mantissa | (std::uint64_t{1023} << 52U)));
  const auto within = static_cast<std::int32_t>(std::ceil(std::ldexp(fraction, scale)));
  return (octave << scale) + std::clamp(within, 1, 1 << scale) - 1;
}

double exponential_upper_bound(std::int32_t index, std::int32_t scale) noexcept {
  const double exponent = std::ldexp(static_cast<double>(index) + 1, -scale);
  return std::exp2(exponent);
}

namespace {

void downscale(std::vector<std::uint64_t>& counts, std::int32_t& offset, std::int32_t by) {
  if (counts.empty() || by == 0) {
    offset = counts.empty() ? 0 : offset;
    return;
  }
  const std::int32_t first = offset >> by;
  const auto last = static_cast<std::int32_t>((std::int64_t{offset} + static_cast<std::int64_t>(counts.size()) - 1) >> by);
  std::vector<std::uint64_t> joined(static_cast<std::size_t>(last - first) + 1);
  for (std::size_t i = 0; i < counts.size(); ++i)
    joined[static_cast<std::size_t>(((std::int64_t{offset} + static_cast<std::int64_t>(i)) >> by) - first)] += counts[i];
  counts = std::move(joined);
  offset = first;
}

// First and last index of both at a scale that is lower by these.
struct Extent {
  std::int64_t first, last;
  std::size_t size() const noexcept { return static_cast<std::size_t>(last - first) + 1; }
};
Extent extent(const std::vector<std::uint64_t>& a, std::int64_t a_offset, std::int32_t a_by,
              const std::vector<std::uint64_t>& b, std::int64_t b_offset, std::int32_t b_by) noexcept {
  const Extent ours{a_offset >> a_by, (a_offset + static_cast<std::int64_t>(a.size()) - 1) >> a_by};
  const Extent theirs{b_offset >> b_by, (b_offset + static_cast<std::int64_t>(b.size()) - 1) >> b_by};
  if (a.empty()) return theirs;
  if (b.empty()) return ours;
  return {std::min(ours.first, theirs.first), std::max(ours.last, theirs.last)};
}

void add(std::vector<std::uint64_t>& into, std::int32_t& offset, const std::vector<std::uint64_t>& from,
         std::int32_t from_offset) {
  if (from.empty()) return;
  const Extent all = extent(into, offset, 0, from, from_offset, 0);
  std::vector<std::uint64_t> sum(all.size());
  for (std::size_t i = 0; i < into.size(); ++i) sum[static_cast<std::size_t>(offset - all.first) + i] += into[i];
  for (std::size_t i = 0; i < from.size(); ++i) sum[static_cast<std::size_t>(from_offset - all.first) + i] += from[i];
  into = std::move(sum);
  offset = static_cast<std::int32_t>(all.first);
}

// Buckets that reach below the threshold join the zero bucket.
void absorb(std::vector<std::uint64_t>& counts, std::int32_t& offset, double threshold, NativeHistogram& histogram) {
  std::size_t below = 0;
  while (below < counts.size() &&
         exponential_upper_bound(offset + static_cast<std::int32_t>(below) - 1, histogram.scale) < threshold) {
    histogram.zero_count += counts[below++];
  }
  counts.erase(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(below));
  offset = counts.empty() ? 0 : offset + static_cast<std::int32_t>(below);
}

void raise_threshold(NativeHistogram& histogram, double threshold) {
  absorb(histogram.positive, histogram.positive_offset, threshold, histogram);
  absorb(histogram.negative, histogram.negative_offset, threshold, histogram);
  histogram.zero_threshold = threshold;
}

void take(std::vector<std::uint64_t>& from, std::int32_t offset, const std::vector<std::uint64_t>& before,
          std::int32_t before_offset) {
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::int64_t at = std::int64_t{before_offset} + static_cast<std::int64_t>(i) - offset;
    if (at < 0 || at >= static_cast<std::int64_t>(from.size())) continue;
    std::uint64_t& count = from[static_cast<std::size_t>(at)];
    count -= std::min(count, before[i]);
  }
}

}  // namespace

bool indices_fit(std::int32_t scale, std::int32_t offset, std::size_t size) noexcept {
  if (scale < kMinExponentialScale || scale > kMaxExponentialScale) return false;
  if (size == 0) return true;
  constexpr std::int64_t kMaxExponent = 1'024, kMinExponent = -1'075;  // of a double, subnormal ones included
  const std::int64_t last = offset + static_cast<std::int64_t>(size) - 1;
  const auto limit = [scale](std::int64_t exponent) {
    return scale >= 0 ? exponent * (std::int64_t{1} << scale) : exponent >> -scale;
  };
  return offset >= limit(kMinExponent) - 1 && last <= limit(kMaxExponent);
}

void downscale(NativeHistogram& histogram, std::int32_t by) {
  downscale(histogram.positive, histogram.positive_offset, by);
  downscale(histogram.negative, histogram.negative_offset, by);
  histogram.scale -= by;
}

void bound(NativeHistogram& histogram, std::size_t max_buckets) {
  std::int32_t by = 0;
  const auto fits = [&](const auto& counts, std::int32_t offset) {
    return counts.empty() || extent(counts, offset, by, {}, 0, 0).size() <= max_buckets;
  };
  while (!fits(histogram.positive, histogram.positive_offset) || !fits(histogram.negative, histogram.negative_offset)) ++by;
  downscale(histogram, by);
}

void merge(NativeHistogram& into, const NativeHistogram& from, std::size_t max_buckets) {
  NativeHistogram other = from;
  if (into.zero_threshold < other.zero_threshold) raise_threshold(into, other.zero_threshold);
  if (other.zero_threshold < into.zero_threshold) raise_threshold(other, into.zero_threshold);

  std::int32_t scale = std::min(into.scale, other.scale);
  const auto fits = [&](const auto& a, std::int32_t a_offset, const auto& b, std::int32_t b_offset) {
    if (a.empty() && b.empty()) return true;
    return extent(a, a_offset, into.scale - scale, b, b_offset, other.scale - scale).size() <= max_buckets;
  };
  while (scale > kMinExponentialScale &&
         (!fits(into.positive, into.positive_offset, other.positive, other.positive_offset) ||
          !fits(into.negative, into.negative_offset, other.negative, other.negative_offset)))
    --scale;
  downscale(into, into.scale - scale);
  downscale(other, other.scale - scale);
  add(into.positive, into.positive_offset, other.positive, other.positive_offset);
  add(into.negative, into.negative_offset, other.negative, other.negative_offset);
  into.zero_count += other.zero_count;
}

void subtract(NativeHistogram& from, const NativeHistogram& before) {
  NativeHistogram old = before;
  if (old.zero_threshold < from.zero_threshold) raise_threshold(old, from.zero_threshold);
  const std::int32_t scale = std::min(old.scale, from.scale);
  downscale(old, old.scale - scale);
  downscale(from, from.scale - scale);
  take(from.positive, from.positive_offset, old.positive, old.positive_offset);
  take(from.negative, from.negative_offset, old.negative, old.negative_offset);
  from.zero_count -= std::min(from.zero_count, old.zero_count);
}

std::uint64_t count(const NativeHistogram& histogram) noexcept {
  return std::accumulate(histogram.positive.begin(), histogram.positive.end(), histogram.zero_count) +
         std::accumulate(histogram.negative.begin(), histogram.negative.end(), std::uint64_t{0});
}

}  // namespace tocsin::meters
