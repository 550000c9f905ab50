// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/histogram_math.h"

#include <gtest/gtest.h>

#include <cmath>

#include "rules/promql/histogram_buckets.h"

namespace tocsin::rules::promql {
namespace {

FloatHistogram exponential(std::int32_t schema, std::int32_t offset, std::vector<double> buckets) {
  FloatHistogram histogram{.schema = schema};
  for (const double count : buckets) histogram.count += count;
  histogram.positive_spans = {{offset, static_cast<std::uint32_t>(buckets.size())}};
  histogram.positive = std::move(buckets);
  return histogram;
}

FloatHistogram custom(std::vector<double> bounds, std::vector<double> buckets) {
  FloatHistogram histogram = exponential(kCustomBounds, 0, std::move(buckets));
  histogram.custom_bounds = std::move(bounds);
  return histogram;
}

TEST(HistogramMath, AddsBucketsThatOnlyOneSideHas) {
  FloatHistogram a = exponential(0, 1, {1, 2}), b = exponential(0, 5, {7});
  a.sum = 3, b.sum = 70;
  ASSERT_TRUE(add(a, b).ok());
  EXPECT_EQ(a.count, 10);
  EXPECT_EQ(a.sum, 73);
  EXPECT_EQ(a.positive, (std::vector<double>{1, 2, 7}));
  EXPECT_EQ(a.positive_spans, (std::vector<BucketSpan>{{1, 2}, {2, 1}}));
  ASSERT_TRUE(subtract(a, b).ok());
  compact(a);
  EXPECT_EQ(a.positive, (std::vector<double>{1, 2}));
  EXPECT_EQ(a.positive_spans, (std::vector<BucketSpan>{{1, 2}}));
}

TEST(HistogramMath, MeetsAtTheLowerResolution) {
  FloatHistogram fine = exponential(1, 1, {1, 2, 3, 4}), coarse = exponential(0, 1, {10, 20});
  ASSERT_TRUE(add(fine, coarse).ok());
  EXPECT_EQ(fine.schema, 0);
  EXPECT_EQ(fine.positive, (std::vector<double>{13, 27}));
  FloatHistogram other = exponential(0, 1, {10, 20});
  ASSERT_TRUE(add(other, exponential(1, 1, {1, 2, 3, 4})).ok());
  EXPECT_EQ(other.positive, (std::vector<double>{13, 27}));
}

TEST(HistogramMath, WidensTheZeroBucket) {
  FloatHistogram narrow = exponential(0, 0, {1, 2, 4});  // (0.5,1] (1,2] (2,4]
  narrow.zero_threshold = 0.001, narrow.zero_count = 8;
  FloatHistogram wide = exponential(0, 1, {16});
  wide.zero_threshold = 1, wide.zero_count = 32;
  FloatHistogram sum = narrow;
  ASSERT_TRUE(add(sum, wide).ok());
  EXPECT_EQ(sum.zero_threshold, 1);
  EXPECT_EQ(sum.zero_count, 41);
  EXPECT_EQ(sum.positive, (std::vector<double>{18, 4}));

  FloatHistogram inside = wide;  // a threshold within a populated bucket moves to the bucket's end
  inside.zero_threshold = 1.5;
  inside.positive_spans = {{2, 1}};
  sum = narrow;
  ASSERT_TRUE(add(sum, inside).ok());
  EXPECT_EQ(sum.zero_threshold, 2);
  EXPECT_EQ(sum.zero_count, 8 + 1 + 2 + 32);
}

TEST(HistogramMath, ReconcilesCustomBounds) {
  FloatHistogram a = custom({1, 2, 5}, {1, 2, 3, 4}), b = custom({2, 3, 5}, {10, 20, 30, 40});
  const auto remarks = add(a, b);
  ASSERT_TRUE(remarks.ok());
  EXPECT_TRUE(remarks->bounds_reconciled);
  EXPECT_EQ(a.custom_bounds, (std::vector<double>{2, 5}));
  EXPECT_EQ(a.positive, (std::vector<double>{13, 53, 44}));
  FloatHistogram same = custom({1, 2}, {1, 1, 1});
  EXPECT_FALSE(add(same, custom({1, 2}, {1, 1, 1}))->bounds_reconciled);
  const auto mixed = add(same, exponential(0, 0, {1}));
  ASSERT_FALSE(mixed.ok());
  EXPECT_EQ(mixed.error().message, kMixedSchemas);
}

TEST(HistogramMath, TellsCollidingHints) {
  FloatHistogram a = exponential(0, 0, {1}), b = a;
  a.hint = CounterResetHint::Reset, b.hint = CounterResetHint::NotReset;
  const auto remarks = add(a, b);
  EXPECT_TRUE(remarks->reset_collision);
  EXPECT_EQ(a.hint, CounterResetHint::Unknown);
  b.hint = CounterResetHint::Gauge;
  EXPECT_FALSE(add(a, b)->reset_collision);
  EXPECT_EQ(a.hint, CounterResetHint::Gauge);
}

TEST(HistogramMath, ScalesAndDivides) {
  FloatHistogram h = exponential(0, 0, {1, 2});
  h.sum = 5, h.zero_count = 1;
  multiply(h, 3);
  EXPECT_EQ(h.positive, (std::vector<double>{3, 6}));
  EXPECT_EQ(h.sum, 15);
  divide(h, -3);
  EXPECT_EQ(h.hint, CounterResetHint::Gauge);
  EXPECT_EQ(h.zero_count, -1);
  divide(h, 0);
  EXPECT_TRUE(h.positive.empty());
  EXPECT_TRUE(std::isinf(h.count));
  EXPECT_TRUE(has_infinity(h));
}

TEST(HistogramMath, SumsWithoutLoss) {
  HistogramSum sum;
  FloatHistogram big = exponential(0, 0, {1e17}), small = exponential(0, 0, {1});
  ASSERT_TRUE(sum.add(big).ok());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(sum.add(small).ok());
  FloatHistogram minus = big;
  multiply(minus, -1);
  ASSERT_TRUE(sum.add(minus).ok());
  EXPECT_EQ(sum.total().positive, std::vector<double>{100});
  EXPECT_EQ(sum.total().count, 100);
}

TEST(HistogramMath, DetectsResets) {
  const FloatHistogram before = exponential(1, 1, {1, 2, 3, 4});
  FloatHistogram now = before;
  EXPECT_FALSE(detect_reset(now, before));
  now.positive[1] = 1, now.positive[0] = 5;
  EXPECT_TRUE(detect_reset(now, before));
  now.hint = CounterResetHint::NotReset;
  EXPECT_FALSE(detect_reset(now, before));
  FloatHistogram coarse = exponential(0, 1, {3, 7});
  EXPECT_FALSE(detect_reset(coarse, before));
  EXPECT_TRUE(detect_reset(before, coarse));
  coarse.positive[0] = 2, coarse.positive[1] = 9;
  EXPECT_TRUE(detect_reset(coarse, before));
  FloatHistogram wide = exponential(1, 3, {3, 4});
  wide.zero_threshold = 2, wide.zero_count = 3, wide.count = 10;
  EXPECT_FALSE(detect_reset(wide, before));
  wide.zero_count = 2;
  EXPECT_TRUE(detect_reset(wide, before));
  wide.zero_count = 9, wide.zero_threshold = 1.1;
  EXPECT_TRUE(detect_reset(wide, before));
  EXPECT_FALSE(detect_reset(custom({2}, {3, 3}), custom({1, 2}, {1, 2, 3})));
  EXPECT_TRUE(detect_reset(custom({2}, {2, 4}), custom({1, 2}, {1, 2, 3})));
}

TEST(HistogramMath, ComparesWithTolerance) {
  EXPECT_TRUE(nearly_same(1.0, 1.0000001, 1e-6));
  EXPECT_FALSE(nearly_same(1.0, 1.00001, 1e-6));
  EXPECT_FALSE(nearly_same(0.0, 1e-9, 1e-6));
  EXPECT_TRUE(nearly_same(std::nan(""), std::nan(""), 1e-6));
  FloatHistogram a = exponential(0, 0, {1, 2}), b = a;
  b.positive_spans = {{0, 1}, {0, 1}};
  EXPECT_TRUE(same_data(a, b));
  b.positive_spans = {{0, 1}, {1, 1}};
  EXPECT_FALSE(same_data(a, b));
  b = a;
  b.positive[0] += 1e-8;
  EXPECT_FALSE(same_data(a, b));
  EXPECT_TRUE(nearly_same(a, b, 1e-6));
}

TEST(HistogramMath, LivesWithWhatCannotBe) {
  FloatHistogram odd = exponential(0, 2147483647, {1, 2, 3});  // indexes wrap around
  odd.zero_threshold = std::nan("");
  FloatHistogram other = exponential(-4, -2147483647, {4});
  other.zero_threshold = 1;
  ASSERT_TRUE(add(odd, other).ok());
  EXPECT_EQ(odd.schema, -4);
  ASSERT_TRUE(add(other, exponential(8, 0, {1})).ok());
  EXPECT_FALSE(all_buckets(odd).empty());
  odd.positive.clear();  // fewer buckets than spans say
  ASSERT_TRUE(add(other, odd).ok());
  compact(other);
  EXPECT_FALSE(detect_reset(odd, odd));
}

TEST(HistogramMath, ValidatesWhatComesFromOutside) {
  EXPECT_TRUE(validate(exponential(0, -3, {1, 2})).ok());
  EXPECT_FALSE(validate(exponential(9, 0, {1})).ok());
  EXPECT_FALSE(validate(exponential(0, 0, {-1})).ok());
  EXPECT_FALSE(validate(custom({2, 1}, {1})).ok());
  EXPECT_FALSE(validate(custom({1}, {1, 1, 1})).ok());
  EXPECT_TRUE(validate(custom({1}, {1, 1})).ok());
  FloatHistogram torn = exponential(0, 0, {1});
  torn.positive.clear();
  EXPECT_FALSE(validate(torn).ok());
}

TEST(HistogramMath, WhatAReceiverTakesAddsUp) {
  const auto fault = [](FloatHistogram histogram, bool whole = true) {
    const auto admitted = admit(histogram, whole);
    return admitted ? std::string() : admitted.error().message;
  };
  FloatHistogram sent = exponential(0, 0, {1, 2});
  sent.zero_count = 1;
  sent.count = 4;
  EXPECT_EQ(fault(sent), "");
  sent.count = 9;
  EXPECT_EQ(fault(sent), "4 observations found in buckets, but the Count field is 9: histogram's observation count should equal the "
                         "number of observations found in the buckets (in absence of NaN)");
  EXPECT_EQ(fault(sent, false), "") << "sums of fractions are not exact";
  sent.sum = std::nan("");
  EXPECT_EQ(fault(sent), "") << "five were NaN";
  sent.count = 3;
  EXPECT_NE(fault(sent).find("should be at least the number"), std::string::npos);
  FloatHistogram fine = exponential(52, 0, {1, 2});
  fine.count = 3;
  ASSERT_TRUE(admit(fine, true));
  EXPECT_EQ(fine.schema, 8);
  EXPECT_EQ(fine.positive, std::vector<double>({1, 2}));
  fine.schema = 9;
  fine.positive.pop_back();
  EXPECT_EQ(fault(fine), "positive side: spans need 2 buckets, have 1 buckets: histogram spans specify different number of buckets than provided");
  fine.schema = 53;
  EXPECT_NE(fault(fine).find("got schema 53"), std::string::npos);
}

TEST(HistogramBuckets, BoundsOfEverySchema) {
  EXPECT_EQ(exponential_bound(0, 0), 1);
  EXPECT_EQ(exponential_bound(3, 0), 8);
  EXPECT_EQ(exponential_bound(-1, 0), 0.5);
  EXPECT_EQ(exponential_bound(2, -1), 16);
  EXPECT_EQ(exponential_bound(1, 1), std::sqrt(2.0));
  EXPECT_EQ(exponential_bound(256, 8), 2);
  EXPECT_EQ(exponential_bound(1024, 0), std::numeric_limits<double>::max());
  EXPECT_EQ(exponential_bound(1025, 0), std::numeric_limits<double>::infinity());
  EXPECT_EQ(exponential_bound(64, -4), std::numeric_limits<double>::max());
  EXPECT_EQ(exponential_bound(-2147483647, -4), 0);
}

TEST(HistogramBuckets, AscendsThroughZero) {
  FloatHistogram h = exponential(0, 0, {1, 2});
  h.zero_threshold = 0.75, h.zero_count = 3;
  h.negative_spans = {{1, 1}}, h.negative = {4};
  const auto buckets = all_buckets(h);
  ASSERT_EQ(buckets.size(), 4u);
  EXPECT_EQ(buckets[0].lower, -2);
  EXPECT_EQ(buckets[0].upper, -1);
  EXPECT_TRUE(buckets[0].lower_included);
  EXPECT_EQ(buckets[1].lower, -0.75);
  EXPECT_EQ(buckets[2].lower, 0.75);  // cut by the zero bucket
  EXPECT_EQ(buckets[3].upper, 2);
}

}  // namespace
}  // namespace tocsin::rules::promql
