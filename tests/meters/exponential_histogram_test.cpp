// SPDX-License-Identifier: Apache-2.0
#include "meters/exponential_histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>

namespace tocsin::meters {
namespace {

// The definition itself, in long double.
std::int32_t by_definition(double value, int scale) {
  return static_cast<std::int32_t>(std::ceil(std::log2(static_cast<long double>(value)) * std::exp2(static_cast<long double>(scale)))) - 1;
}

TEST(ExponentialIndex, powers_of_two_close_their_bucket) {
  for (int scale = kMinExponentialScale; scale <= kMaxExponentialScale; ++scale) {
    for (int power = -1074; power <= 1023; ++power) {
      const double value = std::ldexp(1.0, power);
      const std::int64_t units = std::int64_t{power} * (std::int64_t{1} << std::max(scale, 0));
      const auto expected = static_cast<std::int32_t>((units - 1) >> std::max(-scale, 0));
      ASSERT_EQ(exponential_index(value, scale), expected) << "2^" << power << " at scale " << scale;
      if (power > -1022 && power < 1023) {
        ASSERT_EQ(exponential_index(std::nextafter(value, 2 * value), scale),
                  static_cast<std::int32_t>(units >> std::max(-scale, 0)))
            << "just above 2^" << power << " at scale " << scale;
      }
    }
  }
}

TEST(ExponentialIndex, follows_the_definition) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> exponent(-1070, 1023);
  for (int i = 0; i < 50'000; ++i) {
    const double value = std::exp2(exponent(random));
    for (int scale = kMinExponentialScale; scale <= 12; ++scale)
      ASSERT_EQ(exponential_index(value, scale), by_definition(value, scale)) << value << " at " << scale;
    ASSERT_NEAR(exponential_index(value, 20), by_definition(value, 20), 1);
  }
  EXPECT_EQ(exponential_index(std::numeric_limits<double>::max(), 20), 1073741823);
  EXPECT_EQ(exponential_index(std::numeric_limits<double>::denorm_min(), 0), -1075);
}

TEST(ExponentialIndex, upper_bounds) {
  EXPECT_EQ(exponential_upper_bound(0, 0), 2);
  EXPECT_EQ(exponential_upper_bound(-1, 5), 1);
  EXPECT_DOUBLE_EQ(exponential_upper_bound(0, 1), std::sqrt(2.0));
  EXPECT_EQ(exponential_upper_bound(1023, 0), std::numeric_limits<double>::infinity());
}

NativeHistogram of_values(const std::vector<double>& values, int scale) {
  std::map<std::int32_t, std::uint64_t> counts;
  NativeHistogram made;
  made.scale = scale;
  for (const double value : values) {
    if (value == 0)
      ++made.zero_count;
    else
      ++counts[exponential_index(value, scale)];
  }
  if (counts.empty()) return made;
  made.positive_offset = counts.begin()->first;
  made.positive.resize(static_cast<std::size_t>(counts.rbegin()->first - made.positive_offset) + 1);
  for (const auto& [index, n] : counts) made.positive[static_cast<std::size_t>(index - made.positive_offset)] = n;
  return made;
}

void expect_same(const NativeHistogram& a, const NativeHistogram& b) {
  EXPECT_EQ(a.scale, b.scale);
  EXPECT_EQ(a.zero_count, b.zero_count);
  EXPECT_EQ(a.positive_offset, b.positive_offset);
  EXPECT_EQ(a.positive, b.positive);
}

TEST(ExponentialHistogram, downscaling_is_recording_at_the_lower_scale) {
  std::mt19937_64 random(5);
  std::lognormal_distribution<double> latency(7, 2);
  std::vector<double> values{0, 0};
  for (int i = 0; i < 500; ++i) values.push_back(latency(random));
  for (int scale = 6; scale >= kMinExponentialScale; --scale) {
    NativeHistogram histogram = of_values(values, 7);
    downscale(histogram, 7 - scale);
    expect_same(histogram, of_values(values, scale));
  }
}

TEST(ExponentialHistogram, merging_is_recording_both) {
  std::mt19937_64 random(6);
  for (int round = 0; round < 200; ++round) {
    std::lognormal_distribution<double> latency(round % 9, 0.1 + round % 4);
    std::vector<double> first, second, both;
    for (int i = 0; i < round % 50; ++i) first.push_back(latency(random));
    for (int i = 0; i < round % 31; ++i) second.push_back(latency(random) * (round % 3));
    both = first;
    both.insert(both.end(), second.begin(), second.end());
    NativeHistogram merged = of_values(first, round % 7);
    merge(merged, of_values(second, round % 5));
    EXPECT_LE(merged.positive.size(), kExponentialBuckets);
    EXPECT_EQ(count(merged), both.size());
    expect_same(merged, of_values(both, merged.scale));
    EXPECT_TRUE(merged.scale == std::min(round % 7, round % 5) ||
                of_values(both, merged.scale + 1).positive.size() > kExponentialBuckets)
        << "the scale is no lower than needed";
  }
}

TEST(ExponentialHistogram, a_larger_zero_threshold_takes_the_buckets_below_it) {
  NativeHistogram into = of_values({0.5, 0.001, 7}, 3);
  NativeHistogram from = of_values({9}, 3);
  from.zero_threshold = 0.01;
  from.zero_count = 4;
  merge(into, from);
  EXPECT_EQ(into.zero_threshold, 0.01);
  EXPECT_EQ(into.zero_count, 5U);
  EXPECT_EQ(count(into), 8U);
}

TEST(ExponentialHistogram, subtracting_leaves_what_came_since) {
  const NativeHistogram before = of_values({1, 2, 3, 0}, 5);
  NativeHistogram now = of_values({1, 2, 3, 0}, 5);
  merge(now, of_values({1000, 1e9, 2}, 5));
  EXPECT_LT(now.scale, 5);
  subtract(now, before);
  EXPECT_EQ(count(now), 3U);
  EXPECT_EQ(now.zero_count, 0U);
}

}  // namespace
}  // namespace tocsin::meters
