// SPDX-License-Identifier: Apache-2.0
#include "meters/exponential_histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>

namespace tocsin::meters {
namespace {

constexpr std::size_t kMost = 320;

NativeHistogram positive(std::int32_t scale, std::int32_t offset, std::vector<std::uint64_t> counts) {
  NativeHistogram out;
  out.scale = scale;
  out.positive_offset = offset;
  out.positive = std::move(counts);
  return out;
}

TEST(NativeBuckets, DownscalingMergesNeighboursFromEvenIndices) {
  NativeHistogram native = positive(1, -3, {1, 2, 3, 4, 5});  // indices -3 .. 1
  downscale(native, 1);
  EXPECT_EQ(native.scale, 0);
  EXPECT_EQ(native.positive_offset, -2);
  EXPECT_EQ(native.positive, (std::vector<std::uint64_t>{1, 5, 9}));  // -2: {-3}, -1: {-2,-1}, 0: {0,1}
}

TEST(NativeBuckets, AddingTakesTheCoarserScale) {
  NativeHistogram sum = positive(2, 0, {1, 1, 1, 1});
  merge(sum, positive(0, 3, {10}), kMost);
  EXPECT_EQ(sum.scale, 0);
  EXPECT_EQ(sum.positive_offset, 0);
  EXPECT_EQ(sum.positive, (std::vector<std::uint64_t>{4, 0, 0, 10}));
  merge(sum, positive(3, -8, {7}), kMost);
  EXPECT_EQ(sum.positive_offset, -1);
  EXPECT_EQ(sum.positive, (std::vector<std::uint64_t>{7, 4, 0, 0, 10}));
}

TEST(NativeBuckets, AWideRangeMakesItCoarserInsteadOfLonger) {
  NativeHistogram sum = positive(20, -1'000'000'000, {1});
  merge(sum, positive(20, 1'000'000'000, {2}), kMost);
  EXPECT_EQ(count(sum), 3U);
  EXPECT_LE(sum.positive.size(), kMost);
  NativeHistogram many = positive(5, 0, std::vector<std::uint64_t>(10'000, 1));
  bound(many, kMost);
  EXPECT_LE(many.positive.size(), kMost);
  EXPECT_EQ(count(many), 10'000U);
}

TEST(NativeBuckets, ARaisedThresholdTakesBucketsIntoZero) {
  NativeHistogram sum = positive(0, -3, {1, 2, 3});  // (1/8,1/4], (1/4,1/2], (1/2,1]
  sum.negative_offset = -3;
  sum.negative = {5};
  NativeHistogram other;
  other.zero_threshold = 0.5;
  other.zero_count = 10;
  merge(sum, other, kMost);
  EXPECT_EQ(sum.zero_count, 10U + 1 + 2 + 5);
  EXPECT_EQ(sum.positive_offset, -1);
  EXPECT_EQ(sum.positive, (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(sum.zero_threshold, 0.5);
}

TEST(NativeBuckets, WhatIsTakenAwayLeavesTheRest) {
  const NativeHistogram a = positive(3, -5, {1, 2, 3}), b = positive(1, 4, {4, 5});
  NativeHistogram sum = a;
  merge(sum, b, kMost);
  subtract(sum, a);
  EXPECT_EQ(count(sum), 9U);
  EXPECT_EQ(sum.scale, 1);
}

TEST(NativeBuckets, ObservationsStayInTheirBucketThroughAnyMerge) {
  std::mt19937 random(7);
  std::lognormal_distribution<double> values(0, 4);
  for (int round = 0; round < 50; ++round) {
    NativeHistogram sum;
    sum.scale = 20;
    std::vector<double> seen;
    for (int part = 0; part < 6; ++part) {
      const int scale = static_cast<int>(random() % 12) - 3;
      std::map<int, std::uint64_t> counts;
      for (int i = 0; i < 20; ++i) {
        seen.push_back(values(random));
        ++counts[static_cast<int>(std::ceil(std::ldexp(std::log2(seen.back()), scale))) - 1];
      }
      NativeHistogram native = positive(scale, counts.begin()->first, {});
      native.positive.resize(static_cast<std::size_t>(counts.rbegin()->first - counts.begin()->first + 1));
      for (const auto& [index, count] : counts) native.positive[static_cast<std::size_t>(index - counts.begin()->first)] = count;
      merge(sum, native, kMost);
    }
    std::map<int, std::uint64_t> expected;
    for (const double value : seen) ++expected[static_cast<int>(std::ceil(std::ldexp(std::log2(value), sum.scale))) - 1];
    for (std::size_t i = 0; i < sum.positive.size(); ++i)
      EXPECT_EQ(sum.positive[i], expected[sum.positive_offset + static_cast<int>(i)]) << "scale " << sum.scale;
    EXPECT_EQ(count(sum), seen.size());
  }
}

TEST(NativeBuckets, IndicesBeyondADoubleAreRefused) {
  EXPECT_TRUE(indices_fit(20, 0, 100));
  EXPECT_TRUE(indices_fit(0, -1'075, 2'000));
  EXPECT_FALSE(indices_fit(0, -1'077, 1));
  EXPECT_FALSE(indices_fit(0, 1'020, 10));
  EXPECT_FALSE(indices_fit(21, 0, 1));
  EXPECT_FALSE(indices_fit(-11, 0, 1));
  EXPECT_FALSE(indices_fit(-10, 100, 1));
  EXPECT_FALSE(indices_fit(3, std::numeric_limits<std::int32_t>::max(), 1));
  EXPECT_TRUE(indices_fit(3, std::numeric_limits<std::int32_t>::max(), 0)) << "no buckets, no indices";
}

}  // namespace
}  // namespace tocsin::meters
