// SPDX-License-Identifier: Apache-2.0
#include "agent/latest_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "tests/agent/intake_fixture.h"
#include "traces/ids.h"
#include "wire/remote_write_codec.h"

namespace tocsin::agent {
namespace {

using ::testing::ElementsAre;
using rules::BatchBuilder;

const double kStale = std::bit_cast<double>(wire::kStaleNanBits);

std::shared_ptr<const meters::Descriptor> described(std::string name, meters::Kind kind, std::string prometheus_name = {}) {
  if (prometheus_name.empty()) prometheus_name = name;
  return std::make_shared<meters::Descriptor>(meters::Descriptor{std::move(name), std::move(prometheus_name), "", "Help.", kind});
}

class LatestSamplesTest : public ::testing::Test {
 protected:
  LatestSamplesTest() : intake_({}, clock_) {}

  Intake::Outcome apply() {
    const auto outcome = intake_.apply(latest_.points(builder_.batch()));
    builder_.clear();
    return outcome;
  }
  std::int64_t now_ms() const { return to_unix_ns(clock_.now()) / 1'000'000; }
  std::shared_ptr<const meters::Snapshot> snapshot() {
    meters::SnapshotBuilder builder(clock_.now());
    intake_.collect(builder);
    return std::move(builder).finish(1);
  }
  // The living family of that name.
  std::shared_ptr<const meters::Family> family(std::string_view name) {
    kept_ = snapshot();
    for (const auto& family : kept_->families)
      if (family->descriptor->prometheus_name == name && family->states.back() == meters::RowState::Live) return family;
    return nullptr;
  }

  ManualClock clock_;
  Intake intake_;
  LatestSamples latest_{meters::Via::Scrape};
  BatchBuilder builder_;
  std::shared_ptr<const meters::Snapshot> kept_;
};

TEST_F(LatestSamplesTest, ExemplarsGoAlong) {
  const auto exemplar = [&](double value, std::vector<std::pair<std::string, std::string>> labels) {
    return rules::SampleExemplar{0, 0, now_ms(), value, std::move(labels)};
  };
  builder_.describe("requests_total", described("requests", meters::Kind::Counter, "requests_total"));
  const auto counter = builder_.place("requests_total", {{"job", "shop"}});
  builder_.add(counter, now_ms(), 5);
  builder_.add_exemplar(counter, exemplar(1, {{"trace_id", "0123456789abcdef0123456789abcdef"}, {"span_id", "0123456789abcdef"}, {"user", "x"}}));
  for (const char* suffix : {"_bucket", "_count", "_sum"})
    builder_.describe(std::string("latency") + suffix, described("latency", meters::Kind::Histogram));
  for (const char* le : {"0.5", "1", "+Inf"}) {
    const auto bucket = builder_.place("latency_bucket", {{"job", "shop"}, {"le", le}});
    builder_.add(bucket, now_ms(), 2);
    if (std::string_view(le) == "1") builder_.add_exemplar(bucket, exemplar(0.75, {{"trace_id", "no hex"}}));
  }
  builder_.add(builder_.place("latency_count", {{"job", "shop"}}), now_ms(), 2);
  builder_.add(builder_.place("latency_sum", {{"job", "shop"}}), now_ms(), 1);
  EXPECT_EQ(apply().rejected_sum(), 0U);
  const auto& counted = family("requests_total")->exemplars;
  ASSERT_EQ(counted.size(), 1U);
  EXPECT_EQ(counted[0].value, 1);
  EXPECT_EQ(traces::to_hex(counted[0].trace_id), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(traces::to_hex(counted[0].span_id), "0123456789abcdef");
  ASSERT_EQ(counted[0].attributes.size(), 1U);
  const auto& observed = family("latency")->exemplars;
  ASSERT_EQ(observed.size(), 1U);
  EXPECT_EQ(observed[0].bucket, 1U);
  EXPECT_EQ(observed[0].value, 0.75);
  ASSERT_EQ(observed[0].attributes.size(), 1U) << "a trace id that is none is a label";
}

TEST_F(LatestSamplesTest, NumbersKeepTheirNamesAndSender) {
  builder_.describe("requests_total", described("requests", meters::Kind::Counter, "requests_total"));
  const auto counter = builder_.place("requests_total", {{"job", "shop"}, {"instance", "a:1"}, {"otel_scope_name", "lib"}});
  const auto plain = builder_.place("temp.erature_ratio", {{"job", "shop"}, {"instance", "a:1"}});
  const auto lonely = builder_.place("lonely", {{"x", "y"}});
  builder_.add(counter, now_ms(), 17);
  builder_.add(plain, now_ms(), std::nan(""));
  builder_.add(lonely, now_ms(), 2);
  EXPECT_EQ(apply().accepted, 3);
  const auto requests = family("requests_total");
  ASSERT_TRUE(requests);
  EXPECT_EQ(requests->descriptor->kind, meters::Kind::Counter);
  EXPECT_EQ(requests->descriptor->help, "Help.");
  EXPECT_EQ(requests->origin->via, meters::Via::Scrape);
  EXPECT_EQ(requests->origin->resource->job, "shop");
  EXPECT_EQ(requests->origin->resource->instance, "a:1");
  ASSERT_EQ(requests->labels->columns(), 1);
  EXPECT_EQ(requests->labels->column(0).prometheus_name, "otel_scope_name");
  EXPECT_EQ(std::get<meters::Scalars>(requests->points).as_double(0), 17);
  ASSERT_TRUE(family("temp.erature_ratio"));
  const auto alone = family("lonely");
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->origin->resource->job, "");
  EXPECT_EQ(alone->origin->resource->instance, "");
}

TEST_F(LatestSamplesTest, ClassicHistogramIsPutTogether) {
  const auto describe = described("h", meters::Kind::Histogram);
  for (const char* name : {"h_bucket", "h_count", "h_sum"}) builder_.describe(name, describe);
  const auto low = builder_.place("h_bucket", {{"job", "j"}, {"a", "b"}, {"le", "1.0"}});
  const auto all = builder_.place("h_bucket", {{"le", "+Inf"}, {"job", "j"}, {"a", "b"}});
  const auto count = builder_.place("h_count", {{"a", "b"}, {"job", "j"}});
  const auto sum = builder_.place("h_sum", {{"job", "j"}, {"a", "b"}});
  builder_.add(low, now_ms(), 2);
  builder_.add(all, now_ms(), 5);
  builder_.add(count, now_ms(), 5);
  builder_.add(sum, now_ms(), 7.5);
  EXPECT_EQ(apply().accepted, 1);
  auto made = family("h");
  ASSERT_TRUE(made);
  ASSERT_EQ(made->rows(), 1);
  const auto* points = std::get_if<meters::Histograms>(&made->points);
  ASSERT_NE(points, nullptr);
  EXPECT_THAT(*points->bounds, ElementsAre(1));
  EXPECT_THAT(points->counts, ElementsAre(2, 3));
  EXPECT_EQ(points->sums[0], 7.5);
  ASSERT_EQ(made->labels->columns(), 1);

  clock_.advance(std::chrono::seconds(15));
  for (const auto place : {low, all, count, sum}) builder_.add(place, now_ms(), kStale);
  apply();
  EXPECT_FALSE(family("h"));
}

TEST_F(LatestSamplesTest, SummaryIsPutTogether) {
  const auto describe = described("s", meters::Kind::Summary);
  for (const char* name : {"s", "s_count", "s_sum"}) builder_.describe(name, describe);
  builder_.add(builder_.place("s", {{"quantile", "0.5"}}), now_ms(), 3);
  builder_.add(builder_.place("s_count", {}), now_ms(), 9);
  builder_.add(builder_.place("s_sum", {}), now_ms(), 30);
  EXPECT_EQ(apply().accepted, 1);
  const auto made = family("s");
  ASSERT_TRUE(made);
  const auto& points = std::get<meters::Summaries>(made->points);
  EXPECT_EQ(points.counts[0], 9);
  ASSERT_EQ(points.quantiles[0].size(), 1);
  EXPECT_EQ(points.quantiles[0][0].value, 3);
}

TEST_F(LatestSamplesTest, NativeHistogramWithGaps) {
  rules::promql::FloatHistogram histogram{.schema = 1, .zero_threshold = 0.001, .zero_count = 1, .count = 7, .sum = 9,
                                          .positive_spans = {{3, 1}, {2, 2}}, .positive = {1, 2, 3}};
  const auto place = builder_.place("n", {{"job", "j"}});
  builder_.add(place, now_ms(), std::make_shared<const rules::promql::FloatHistogram>(histogram));
  EXPECT_EQ(apply().accepted, 1);
  auto made = family("n");
  ASSERT_TRUE(made);
  const auto& points = std::get<meters::Histograms>(made->points);
  ASSERT_EQ(points.native.size(), 1);
  EXPECT_EQ(points.native[0].positive_offset, 2);
  EXPECT_THAT(points.native[0].positive, ElementsAre(1, 0, 0, 2, 3));
  clock_.advance(std::chrono::seconds(15));
  builder_.add(place, now_ms(), kStale);
  apply();
  EXPECT_FALSE(family("n"));
}

// Metadata comes after the samples in remote write.
TEST_F(LatestSamplesTest, WhatIsDescribedLaterChangesItsKind) {
  const auto place = builder_.place("x_total", {{"job", "j"}});
  builder_.add(place, now_ms(), 1);
  apply();
  EXPECT_EQ(family("x_total")->descriptor->kind, meters::Kind::Gauge);
  clock_.advance(std::chrono::seconds(15));
  builder_.describe("x_total", described("x_total", meters::Kind::Counter));
  builder_.add(place, now_ms(), 2);
  const auto outcome = apply();
  EXPECT_EQ(outcome.rejected_sum(), 0) << outcome.message;
  ASSERT_TRUE(family("x_total"));
  EXPECT_EQ(family("x_total")->descriptor->kind, meters::Kind::Counter);
}

TEST_F(LatestSamplesTest, ManySendersAreTold) {
  for (int i = 0; i < 50; ++i) {
    const std::string job = "job-" + std::to_string(i % 5);
    builder_.add(builder_.place("m" + std::to_string(i % 3), {{"job", job}, {"i", std::to_string(i)}}), now_ms(), i);
  }
  EXPECT_EQ(apply().accepted, 50);
  EXPECT_EQ(intake_.stats().targets, 5);
}

}  // namespace
}  // namespace tocsin::agent
