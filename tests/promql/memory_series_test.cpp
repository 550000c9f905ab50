// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/memory_series.h"

#include <gtest/gtest.h>

#include <bit>

namespace tocsin::rules::promql {
namespace {

std::vector<Matcher> matchers(std::string label, MatchType type, std::string text) {
  std::vector<Matcher> made;
  made.push_back(*Matcher::make(std::move(label), type, std::move(text)));
  return made;
}

FloatHistogram counts(double count, std::vector<double> buckets) {
  return {.count = count, .sum = count,
          .positive_spans = {{0, static_cast<std::uint32_t>(buckets.size())}}, .positive = std::move(buckets)};
}

TEST(MemorySeries, SelectsByMatchersAndTime) {
  MemorySeries series;
  const auto a = series.add({{"__name__", "up"}, {"job", "a"}, {"empty", ""}});
  const auto b = series.add({{"job", "b"}, {"__name__", "up"}});
  EXPECT_EQ(series.add({{"job", "a"}, {"__name__", "up"}}), a);
  ASSERT_TRUE(series.append(a, 1000, 1.0).ok());
  ASSERT_TRUE(series.append(b, 9000, 2.0).ok());

  const auto all = series.select(matchers("__name__", MatchType::Equal, "up"), {0, 10'000});
  EXPECT_EQ(*all, (std::vector<SeriesRow>{a, b}));
  EXPECT_EQ(*series.select(matchers("job", MatchType::Regex, "b|c"), {0, 10'000}), std::vector<SeriesRow>{b});
  EXPECT_EQ(*series.select(matchers("none", MatchType::Equal, ""), {0, 2000}), std::vector<SeriesRow>{a});
  EXPECT_TRUE(series.select(matchers("none", MatchType::NotEqual, ""), {0, 10'000})->empty());
  ASSERT_EQ(series.labels(a).size(), 2u);
  EXPECT_EQ(series.text(series.labels(a)[1].value), "a");
  EXPECT_EQ(series.symbol("nowhere"), kNoSymbol);
}

TEST(MemorySeries, ReadsRowAfterRow) {
  MemorySeries series;
  const auto a = series.add({{"a", "1"}}), b = series.add({{"b", "1"}});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(series.append(a, i * 10, i).ok());
  ASSERT_TRUE(series.append(b, 20, counts(1, {1})).ok());
  Block block;
  const std::vector<SeriesRow> rows = {a, b};
  ASSERT_TRUE(series.read(rows, {10, 30}, block).ok());
  EXPECT_EQ(block.ends, (std::vector<std::uint32_t>{3, 4}));
  EXPECT_EQ(block.time_ms, (std::vector<std::int64_t>{10, 20, 30, 20}));
  ASSERT_EQ(block.histograms.size(), 4u);
  EXPECT_EQ(block.histograms[2], nullptr);
  EXPECT_EQ(block.histograms[3]->count, 1);
}

TEST(MemorySeries, RefusesTimesThatGoBack) {
  MemorySeries series;
  const auto row = series.add({{"a", "1"}});
  ASSERT_TRUE(series.append(row, 10, 1.0).ok());
  EXPECT_TRUE(series.append(row, 10, 1.0).ok());
  EXPECT_FALSE(series.append(row, 10, 2.0).ok());
  EXPECT_FALSE(series.append(row, 5, 1.0).ok());
  Block block;
  ASSERT_TRUE(series.read(std::vector<SeriesRow>{row}, {0, 100}, block).ok());
  EXPECT_EQ(block.values, std::vector<double>{1.0});
}

TEST(MemorySeries, WorksOutResetHints) {
  MemorySeries series;
  const auto row = series.add({{"a", "1"}});
  ASSERT_TRUE(series.append(row, 0, counts(2, {1, 1})).ok());
  ASSERT_TRUE(series.append(row, 1, counts(3, {2, 1})).ok());
  ASSERT_TRUE(series.append(row, 2, counts(3, {1, 2})).ok());   // a bucket fell
  FloatHistogram gauge = counts(1, {1});
  gauge.hint = CounterResetHint::Gauge;
  ASSERT_TRUE(series.append(row, 3, gauge).ok());
  ASSERT_TRUE(series.append(row, 4, counts(1, {1})).ok());
  FloatHistogram stale;
  stale.sum = std::bit_cast<double>(kStaleBits);
  ASSERT_TRUE(series.append(row, 5, stale).ok());
  Block block;
  ASSERT_TRUE(series.read(std::vector<SeriesRow>{row}, {0, 100}, block).ok());
  ASSERT_EQ(block.histograms.size(), 6u);
  EXPECT_EQ(block.histograms[0]->hint, CounterResetHint::Unknown);
  EXPECT_EQ(block.histograms[1]->hint, CounterResetHint::NotReset);
  EXPECT_EQ(block.histograms[2]->hint, CounterResetHint::Unknown);
  EXPECT_EQ(block.histograms[3]->hint, CounterResetHint::Gauge);
  EXPECT_EQ(block.histograms[4]->hint, CounterResetHint::Unknown);
  EXPECT_EQ(block.histograms[5], nullptr);
  EXPECT_TRUE(is_stale(block.values[5]));
}

}  // namespace
}  // namespace tocsin::rules::promql
