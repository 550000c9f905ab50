// SPDX-License-Identifier: Apache-2.0
#include "traces/src/latency_histogram.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace tocsin::traces {
namespace {

TEST(TimeBucket, AgreesWithALinearSearchAroundEveryBound) {
  for (std::size_t i = 0; i < meters::kRequestTimeBounds.size(); ++i) {
    const auto ns = static_cast<std::uint64_t>(meters::kRequestTimeBounds[i]) * 1000;
    EXPECT_EQ(time_bucket(ns - 1), i);
    EXPECT_EQ(time_bucket(ns), i);
    EXPECT_EQ(time_bucket(ns + 1), i + 1);
  }
  EXPECT_EQ(time_bucket(0), 0U);
  EXPECT_EQ(time_bucket(~std::uint64_t{0}), kTimeBuckets - 1);
}

// (base^index, base^(index + 1)]
TEST(NativeIndex, HoldsTheValueBetweenItsBounds) {
  const NativeIndex& index = NativeIndex::instance();
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const double value = std::exp2(std::uniform_real_distribution<>(-10, 54)(random));
    const double position = std::log2(value) * 64;
    ASSERT_GT(position, index.of(value) - 1e-6) << value;
    ASSERT_LE(position, index.of(value) + 1 + 1e-6) << value;
  }
  for (int power = -9; power < 50; ++power) {
    EXPECT_EQ(index.of(std::exp2(power)), power * 64 - 1) << power;  // the upper bound is inside
    EXPECT_EQ(index.of(std::nextafter(std::exp2(power), 1e300)), power * 64) << power;
  }
}

TEST(NativeCells, KeepEveryCountThroughGrowthAndDownscaling) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 50; ++round) {
    NativeCells cells;
    std::map<std::int32_t, std::uint64_t> expected;
    const int spread = 1 << (round % 12);
    for (int i = 0; i < 500; ++i) {
      const auto index = static_cast<std::int32_t>(std::uniform_int_distribution<>(-spread, spread)(random));
      ++expected[index];
      if (!cells.cell(index)) cells.grow(index);
      ASSERT_NE(cells.cell(index), nullptr);
      ++*cells.cell(index);
      ASSERT_LE(cells.size, kMaxNativeBuckets);
    }
    std::map<std::int32_t, std::uint64_t> merged, held;
    for (const auto& [index, count] : expected) merged[index >> (kMaxNativeScale - cells.scale)] += count;
    for (std::int32_t i = 0; i < cells.size; ++i)
      if (cells.counts[i] != 0) held[cells.offset + i] = cells.counts[i];
    EXPECT_EQ(held, merged);
    if (2 * spread + 1 <= kMaxNativeBuckets) {
      EXPECT_EQ(cells.scale, kMaxNativeScale);
    }
  }
}

}  // namespace
}  // namespace tocsin::traces
