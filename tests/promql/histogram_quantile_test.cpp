// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/histogram_quantile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "rules/promql/classic_histogram.h"
#include "rules/promql/histogram_math.h"
#include "rules/promql/histogram_text.h"
#include "rules/promql/series_notation.h"

namespace tocsin::rules::promql {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

FloatHistogram histogram(std::string_view text) {
  const auto series = parse_series("m " + std::string(text));
  EXPECT_TRUE(series.ok());
  return *series->values.at(0).histogram;
}

TEST(HistogramQuantile, InterpolatesOnTheScaleOfTheBucket) {
  const FloatHistogram h = histogram("{{schema:0 count:4 sum:5 buckets:[4] offset:1}}");  // (1,2]
  EXPECT_DOUBLE_EQ(quantile(0.5, h).value, std::sqrt(2.0));
  EXPECT_EQ(quantile(1, h).value, 2);
  EXPECT_EQ(quantile(-0.1, h).value, -kInfinity);
  EXPECT_EQ(quantile(1.1, h).value, kInfinity);
  EXPECT_TRUE(std::isnan(quantile(std::nan(""), h).value));
  EXPECT_TRUE(std::isnan(quantile(0.5, FloatHistogram{}).value));
  const FloatHistogram zero = histogram("{{count:4 sum:0 z_bucket:4 z_bucket_w:1}}");
  EXPECT_DOUBLE_EQ(quantile(0.75, zero).value, 0.5);
  const FloatHistogram positive = histogram("{{count:8 sum:0 z_bucket:4 z_bucket_w:1 buckets:[4] offset:1}}");
  EXPECT_DOUBLE_EQ(quantile(0.25, positive).value, 0.5);
  const FloatHistogram negative = histogram("{{count:4 sum:-5 n_buckets:[4] n_offset:1}}");
  EXPECT_DOUBLE_EQ(quantile(0.5, negative).value, -std::sqrt(2.0));
}

TEST(HistogramQuantile, IsLinearBetweenCustomBounds) {
  const FloatHistogram h = histogram("{{schema:-53 count:10 sum:9 custom_values:[1 3] buckets:[4 4 2]}}");
  EXPECT_DOUBLE_EQ(quantile(0.2, h).value, 0.5);
  EXPECT_DOUBLE_EQ(quantile(0.6, h).value, 2);
  EXPECT_DOUBLE_EQ(quantile(0.99, h).value, 3);
  EXPECT_DOUBLE_EQ(fraction(0, 2, h).value, 0.6);
  EXPECT_DOUBLE_EQ(fraction(-kInfinity, kInfinity, h).value, 1);
}

TEST(HistogramQuantile, TellsOfNans) {
  const FloatHistogram h = histogram("{{count:10 sum:NaN buckets:[8] offset:1}}");
  EXPECT_EQ(quantile(0.9, h).note, EstimateNote::NanResult);
  EXPECT_TRUE(std::isnan(quantile(0.9, h).value));
  EXPECT_EQ(quantile(0.5, h).note, EstimateNote::SkewedByNan);
  EXPECT_DOUBLE_EQ(quantile(0.8, h).value, 2);
  EXPECT_EQ(fraction(0, kInfinity, h).note, EstimateNote::NansLeftOut);
  EXPECT_DOUBLE_EQ(fraction(0, kInfinity, h).value, 0.8);
}

TEST(HistogramQuantile, FractionIsTheInverse) {
  const FloatHistogram h = histogram("{{schema:1 count:30 sum:60 z_bucket:4 z_bucket_w:0.01 buckets:[5 6 7] offset:-1 n_buckets:[8] n_offset:2}}");
  for (const double q : {0.05, 0.2, 0.3, 0.5, 0.7, 0.99})
    EXPECT_NEAR(fraction(-kInfinity, quantile(q, h).value, h).value, q, 1e-12) << q;
  EXPECT_EQ(fraction(3, 2, h).value, 0);
  EXPECT_TRUE(std::isnan(fraction(std::nan(""), 2, h).value));
}

TEST(HistogramQuantile, MeanAndVariance) {
  const FloatHistogram h = histogram("{{count:2 sum:3 buckets:[1 1] offset:1}}");  // sqrt(2), sqrt(8)
  EXPECT_DOUBLE_EQ(mean(h), 1.5);
  EXPECT_NEAR(variance(h), (std::pow(std::sqrt(2) - 1.5, 2) + std::pow(std::sqrt(8) - 1.5, 2)) / 2, 1e-12);
  EXPECT_DOUBLE_EQ(variance(histogram("{{schema:-53 count:2 sum:2 custom_values:[0 2] buckets:[0 2]}}")), 0);
}

TEST(HistogramTrim, KeepsOneSide) {
  FloatHistogram h = histogram("{{schema:-53 count:12 sum:20 custom_values:[2 4] buckets:[4 4 4]}}");
  trim(h, 3, true);
  EXPECT_EQ(h.positive, (std::vector<double>{4, 2}));
  EXPECT_DOUBLE_EQ(h.count, 6);
  EXPECT_DOUBLE_EQ(h.sum, 4 * 1 + 2 * 2.5);
  h = histogram("{{count:8 sum:20 buckets:[4 4] offset:1}}");
  trim(h, std::sqrt(8), false);
  EXPECT_NEAR(h.count, 2, 1e-12);
  EXPECT_EQ(h.positive_spans, (std::vector<BucketSpan>{{2, 1}}));
  const FloatHistogram whole = histogram("{{count:8 sum:20 buckets:[4 4] offset:1}}");
  h = whole;
  trim(h, 4, true);
  EXPECT_EQ(h, whole);
}

TEST(ClassicHistogram, QuantileAndRepair) {
  std::vector<ClassicBucket> buckets = {{kInfinity, 16}, {1, 10}, {2, 15}, {1, 0}};
  EXPECT_DOUBLE_EQ(quantile(0.5, buckets).value, 0.8);
  EXPECT_DOUBLE_EQ(quantile(0.99, buckets).value, 2);
  buckets = {{1, 10}, {2, 8}, {3, 12}, {4, 11.5}, {kInfinity, 20}};
  const ClassicQuantile repaired = quantile(0.9, buckets);
  ASSERT_TRUE(repaired.repair);
  EXPECT_EQ(repaired.repair->least_bound, 2);
  EXPECT_EQ(repaired.repair->greatest_bound, 4);
  EXPECT_EQ(repaired.repair->greatest_lift, 2);
  buckets = {{1, 10}, {2, 10 - 1e-12}, {kInfinity, 10}};
  EXPECT_FALSE(quantile(0.9, buckets).repair);
  buckets = {{1, 10}};
  EXPECT_TRUE(std::isnan(quantile(0.9, buckets).value));
  buckets = {{-1, 10}, {kInfinity, 10}};
  EXPECT_EQ(quantile(0.5, buckets).value, -1);
}

TEST(ClassicHistogram, Fraction) {
  std::vector<ClassicBucket> buckets = {{1, 10}, {2, 15}, {kInfinity, 20}};
  EXPECT_DOUBLE_EQ(fraction(0, 1, buckets), 0.5);
  EXPECT_DOUBLE_EQ(fraction(0.5, 1.5, buckets), (12.5 - 5) / 20);
  EXPECT_DOUBLE_EQ(fraction(0, 5, buckets), 0.75);
  EXPECT_DOUBLE_EQ(fraction(-kInfinity, kInfinity, buckets), 1);
}

TEST(HistogramText, ShowsBuckets) {
  const FloatHistogram h = histogram("{{schema:0 count:7 sum:-0.3 z_bucket:1 z_bucket_w:0.5 buckets:[2 0 1] offset:1 n_buckets:[3]}}");
  EXPECT_EQ(to_string(h), "{count:7, sum:-0.3, [-1,-0.5):3, [-0.5,0.5]:1, (1,2]:2, (4,8]:1}");
  EXPECT_EQ(notation(h), "{{count:7 sum:-0.3 z_bucket:1 z_bucket_w:0.5 offset:1 buckets:[2 0 1] n_buckets:[3]}}");
  EXPECT_EQ(to_string(histogram("{{schema:-53 custom_values:[1] buckets:[1 2]}}")),
            "{count:0, sum:0, [-Inf,1]:1, (1,+Inf]:2}");
}

TEST(HistogramSum, MeanWithoutOverflow) {
  HistogramSum mean_of(true);
  for (const char* text : {"{{count:1e308 sum:1e308 buckets:[1e308]}}", "{{count:1.5e308 sum:1.5e308 buckets:[1.5e308]}}"})
    ASSERT_TRUE(mean_of.add(histogram(text)).ok());
  EXPECT_NEAR(mean_of.total().count / 1e308, 1.25, 1e-9);
  EXPECT_NEAR(mean_of.total().positive[0] / 1e308, 1.25, 1e-9);
  HistogramSum plain(true);
  ASSERT_TRUE(plain.add(histogram("{{count:1 buckets:[1]}}")).ok());
  ASSERT_TRUE(plain.add(histogram("{{count:4 buckets:[3 1]}}")).ok());
  EXPECT_EQ(plain.total().positive, (std::vector<double>{2, 0.5}));
}

TEST(HistogramIncrease, AddsWhatWasThereBeforeAReset) {
  const auto points = [](std::string_view text) {
    std::vector<HistogramPtr> made;
    const auto series = parse_series("m " + std::string(text));
    for (const SequenceValue& value : series->values) made.push_back(value.histogram);
    return made;
  };
  HistogramRangeRemarks remarks;
  const auto rise = histogram_increase(
      points("{{count:2 sum:2 buckets:[2]}} {{count:5 sum:5 buckets:[5]}} {{count:1 sum:1 buckets:[1]}}"), true, remarks);
  ASSERT_TRUE(rise);
  EXPECT_EQ(rise->count, 4);
  EXPECT_EQ(rise->hint, CounterResetHint::Gauge);
  EXPECT_FALSE(remarks.not_counter);
  EXPECT_FALSE(histogram_increase(points("{{count:2 buckets:[2]}} {{schema:-53 count:5 custom_values:[1] buckets:[5]}} "
                                         "{{count:6 buckets:[6]}}"), true, remarks));
  EXPECT_TRUE(remarks.mixed_schemas);
}

}  // namespace
}  // namespace tocsin::rules::promql
