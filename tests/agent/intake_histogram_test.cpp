// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "tests/agent/intake_fixture.h"

namespace tocsin::agent {
namespace {

using otlp::Temporality;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Counts = std::vector<std::uint64_t>;

class IntakeHistogramTest : public IntakeFixture {
 protected:
  Intake::Outcome histogram(Counts counts, double start, double time, Temporality temporality,
                            std::vector<double> bounds = {1, 10}, const meters::Attributes& sender = kShop) {
    OtlpRequest request;
    request.resource(sender).histogram("latency", temporality, "s");
    const double sum = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0})) * 2;
    request.point(TestHistogram{.start = at(start), .time = at(time), .bounds = std::move(bounds),
                                .counts = std::move(counts), .sum = sum, .min = time, .max = time + 1});
    return send(request);
  }
  Intake::Outcome exponential(TestExponential point, Temporality temporality) {
    OtlpRequest request;
    request.resource(kShop).exponential("sizes", temporality).point(point);
    return send(request);
  }
  static Counts counts_of(const Found& found) {
    const auto& points = std::get<meters::Histograms>(found.family->points);
    const auto* first = points.counts.data() + found.row * points.buckets();
    return {first, first + points.buckets()};
  }
  Found latency() { return find(*snapshot(), "latency_seconds"); }
};

TEST_F(IntakeHistogramTest, ACumulativeOneIsShownAsSent) {
  EXPECT_EQ(histogram({1, 2, 3}, 0, 10, Temporality::Cumulative).accepted, 1U);
  EXPECT_EQ(histogram({2, 2, 3}, 0, 20, Temporality::Cumulative).accepted, 1U);
  const Found found = latency();
  ASSERT_TRUE(found);
  EXPECT_THAT(counts_of(found), ElementsAre(2, 2, 3));
  const auto& points = std::get<meters::Histograms>(found.family->points);
  EXPECT_THAT(*points.bounds, ElementsAre(1, 10));
  EXPECT_EQ(points.sums[0], 14);
  EXPECT_EQ(points.min[0], 20);
  EXPECT_EQ(points.max[0], 21);
  EXPECT_EQ(found.start(), at(0));
  EXPECT_EQ(found.time(), at(20));
}

TEST_F(IntakeHistogramTest, DeltasAreAddedUp) {
  histogram({1, 0, 0}, 0, 10, Temporality::Delta);
  histogram({0, 2, 1}, 10, 20, Temporality::Delta);
  const Found found = latency();
  EXPECT_THAT(counts_of(found), ElementsAre(1, 2, 1));
  const auto& points = std::get<meters::Histograms>(found.family->points);
  EXPECT_EQ(points.sums[0], 8);
  EXPECT_EQ(points.min[0], 10);
  EXPECT_EQ(points.max[0], 21);
}

TEST_F(IntakeHistogramTest, ARestartBeginsAnew) {
  histogram({5, 5, 5}, 0, 10, Temporality::Cumulative);
  histogram({1, 0, 0}, 12, 20, Temporality::Cumulative);
  EXPECT_THAT(counts_of(latency()), ElementsAre(1, 0, 0));
  EXPECT_EQ(latency().start(), at(12));
}

TEST_F(IntakeHistogramTest, OtherBoundsOfTheSameSenderEndTheOldRow) {
  histogram({5, 5, 5}, 0, 10, Temporality::Cumulative);
  EXPECT_EQ(histogram({1, 2}, 12, 20, Temporality::Cumulative, {7}).accepted, 1U);
  const auto taken = snapshot();
  ASSERT_EQ(taken->families.size(), 2U) << "a family for each bounds";
  int live = 0;
  for (const auto& family : taken->families) {
    const bool is_live = family->states[0] == meters::RowState::Live;
    live += is_live ? 1 : 0;
    EXPECT_EQ(is_live, std::get<meters::Histograms>(family->points).bounds->size() == 1);
  }
  EXPECT_EQ(live, 1);
}

TEST_F(IntakeHistogramTest, TwoSendersWithOtherBoundsCannotBeAdded) {
  const meters::Attributes other = {{"host.name", "b"}, kShop[0], kShop[1]};
  histogram({5, 5, 5}, 0, 10, Temporality::Cumulative);
  const auto outcome = histogram({1, 2}, 5, 20, Temporality::Cumulative, {7}, other);
  EXPECT_EQ(outcome.rejected_sum(), 1U);
  EXPECT_EQ(outcome.rejected.at(0).first, "bounds_conflict");
  EXPECT_THAT(counts_of(latency()), ElementsAre(5, 5, 5));
}

TEST_F(IntakeHistogramTest, TwoSendersWithTheSameBoundsAreAdded) {
  const meters::Attributes other = {{"host.name", "b"}, kShop[0], kShop[1]};
  histogram({5, 5, 5}, 0, 10, Temporality::Cumulative);
  histogram({1, 2, 0}, 5, 12, Temporality::Cumulative, {1, 10}, other);
  histogram({6, 5, 5}, 0, 20, Temporality::Cumulative);
  histogram({1, 4, 0}, 5, 22, Temporality::Cumulative, {1, 10}, other);
  EXPECT_THAT(counts_of(latency()), ElementsAre(7, 9, 5));
  EXPECT_EQ(std::get<meters::Histograms>(latency().family->points).sums[0], 42);
  ASSERT_EQ(intake.conflicts().size(), 1U);
  EXPECT_EQ(intake.conflicts()[0].meter, "latency");
}

TEST_F(IntakeHistogramTest, BucketsThatDoNotFitAreRejected) {
  EXPECT_EQ(histogram({1, 2}, 0, 10, Temporality::Cumulative).rejected_sum(), 1U);
  EXPECT_EQ(histogram({1, 2, 3}, 0, 10, Temporality::Cumulative, {10, 1}).rejected_sum(), 1U);
  EXPECT_EQ(histogram({1, 2, 3}, 0, 10, Temporality::Cumulative, {1, NAN}).rejected_sum(), 1U);
  OtlpRequest request;
  request.resource(kShop).histogram("latency", Temporality::Cumulative, "s");
  request.point(TestHistogram{.time = at(1), .bounds = {1}, .counts = {1, 1}, .count = 3});
  request.point(TestHistogram{.time = at(1), .bounds = {1}, .counts = {~0ULL, 2}, .count = 1});
  const auto outcome = send(request);
  EXPECT_EQ(outcome.rejected_sum(), 2U);
  EXPECT_THAT(outcome.message, HasSubstr("buckets do not fit"));
}

TEST_F(IntakeHistogramTest, WithoutBucketsThereIsTheCount) {
  OtlpRequest request;
  request.resource(kShop).histogram("latency", Temporality::Cumulative, "s");
  request.point(TestHistogram{.time = at(1), .sum = 2.5, .count = 3});
  EXPECT_EQ(send(request).accepted, 1U);
  EXPECT_THAT(counts_of(latency()), ElementsAre(3));
}

TEST_F(IntakeHistogramTest, ExemplarsAreKeptOneABucketTheLatest) {
  const std::string trace(16, 'T'), span(8, 'S');
  for (int i = 1; i <= 2; ++i) {
    OtlpRequest request;
    request.resource(kShop).histogram("latency", Temporality::Cumulative, "s");
    TestHistogram refused{.attributes = {{"bad", "\xFF"}}, .time = at(i), .bounds = {1, 10}, .counts = {1, 1, 1}};
    refused.exemplars = {{.value = 0.1, .time = at(i), .trace_id = trace, .span_id = span}};
    request.point(refused);
    TestHistogram point{.start = at(0), .time = at(i), .bounds = {1, 10}, .counts = {1, 1, 1}};
    point.exemplars = {{.value = 0.5 + i, .time = at(10 - i), .trace_id = trace, .span_id = span},
                       {.value = 50.0 + i, .time = at(i), .trace_id = trace, .span_id = span,
                        .attributes = {{"user", "u"}}}};
    request.point(point);
    EXPECT_EQ(send(request).accepted, 1U);
  }
  const Found found = latency();
  const auto& exemplars = found.family->exemplars;
  ASSERT_EQ(exemplars.size(), 2U);
  EXPECT_EQ(exemplars[0].bucket, 1U);
  EXPECT_EQ(exemplars[0].value, 1.5) << "the later one by its own time";
  EXPECT_EQ(exemplars[1].bucket, 2U);
  EXPECT_EQ(exemplars[1].value, 52);
  EXPECT_EQ(exemplars[1].trace_id[0], 'T');
  EXPECT_EQ(exemplars[1].span_id[7], 'S');
  EXPECT_THAT(exemplars[1].attributes, ElementsAre(std::pair<std::string, std::string>("user", "u")));
}

TEST_F(IntakeHistogramTest, ExponentialDeltasMeetAtTheCoarserScale) {
  exponential({.start = at(0), .time = at(1), .scale = 1, .zero_count = 1, .positive_offset = 0, .positive = {1, 2, 3},
               .sum = 10.0, .min = 0.0, .max = 3.0}, Temporality::Delta);
  EXPECT_EQ(exponential({.start = at(1), .time = at(2), .scale = 0, .positive_offset = 1, .positive = {5}, .sum = 15.0,
                         .min = 2.5, .max = 4.0}, Temporality::Delta).accepted, 1U);
  const Found found = find(*snapshot(), "sizes");
  ASSERT_TRUE(found);
  const auto& points = std::get<meters::Histograms>(found.family->points);
  ASSERT_EQ(points.native.size(), 1U);
  EXPECT_EQ(points.native[0].scale, 0);
  EXPECT_EQ(points.native[0].positive_offset, 0);
  EXPECT_THAT(points.native[0].positive, ElementsAre(3, 8));
  EXPECT_EQ(points.native[0].zero_count, 1U);
  EXPECT_TRUE(points.bounds->empty());
  EXPECT_EQ(points.count(found.row), 12U);
  EXPECT_EQ(points.sums[0], 25);
  EXPECT_EQ(points.min[0], 0);
  EXPECT_EQ(points.max[0], 4);
}

TEST_F(IntakeHistogramTest, AnExponentialHistogramOfMillionsOfBucketsIsMadeCoarser) {
  TestExponential point{.start = at(0), .time = at(1), .scale = 20, .positive_offset = 0};
  point.positive.assign(100'000, 1);
  EXPECT_EQ(exponential(point, Temporality::Cumulative).accepted, 1U);
  const auto taken = snapshot();
  const auto& points = std::get<meters::Histograms>(find(*taken, "sizes").family->points);
  EXPECT_LE(points.native[0].positive.size(), 320U);
  EXPECT_EQ(points.counts[0], 100'000U);
}

TEST_F(IntakeHistogramTest, ScalesAndIndicesThatCannotBeAreRejected) {
  EXPECT_EQ(exponential({.time = at(1), .scale = 30, .positive = {1}}, Temporality::Delta).rejected_sum(), 1U);
  EXPECT_EQ(exponential({.time = at(1), .scale = -30, .positive = {1}}, Temporality::Delta).rejected_sum(), 1U);
  EXPECT_EQ(exponential({.time = at(1), .scale = 0, .positive_offset = 5'000, .positive = {1}}, Temporality::Delta)
                .rejected_sum(), 1U);
  EXPECT_EQ(exponential({.time = at(1), .scale = 0, .positive = {1}, .zero_threshold = -1}, Temporality::Delta)
                .rejected_sum(), 1U);
}

TEST_F(IntakeHistogramTest, SummariesAreShownAsSent) {
  for (int i = 1; i <= 2; ++i) {
    OtlpRequest request;
    request.resource(kShop).summary("rpc");
    request.point(TestSummary{.start = at(0), .time = at(i), .count = static_cast<std::uint64_t>(i * 10),
                              .sum = i * 2.5, .quantiles = {{0.99, 9.0 * i}, {0.5, 1.0 * i}}});
    EXPECT_EQ(send(request).accepted, 1U);
  }
  OtlpRequest bad;
  bad.resource(kShop).summary("rpc").point(TestSummary{.time = at(3), .quantiles = {{1.5, 1}}});
  EXPECT_EQ(send(bad).rejected_sum(), 1U);
  const Found found = find(*snapshot(), "rpc");
  const auto& points = std::get<meters::Summaries>(found.family->points);
  EXPECT_EQ(points.counts[0], 20U);
  EXPECT_EQ(points.sums[0], 5);
  ASSERT_EQ(points.quantiles[0].size(), 2U);
  EXPECT_EQ(points.quantiles[0][0].quantile, 0.5);
  EXPECT_EQ(points.quantiles[0][1].value, 18);
  EXPECT_EQ(found.start(), at(0));
}

}  // namespace
}  // namespace tocsin::agent
