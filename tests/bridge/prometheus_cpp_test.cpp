// SPDX-License-Identifier: Apache-2.0
// With the real library on both sides, and a real scrape over HTTP each way.
#include "exporters/prometheus_cpp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/summary.h>

#include <stdexcept>

#include "exporters/expose.h"
#include "exporters/prometheus_text.h"
#include "meters/registry.h"
#include "tests/wire/socket_client.h"

namespace tocsin::exporters {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string scrape(int port) {
  wire::SocketClient client(port);
  client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return client.read_all();
}

std::shared_ptr<const meters::Snapshot> collected(meters::Source& source, std::uint64_t sequence = 1) {
  meters::SnapshotBuilder builder(from_unix_ns(1'700'000'000'000'000'000));
  source.collect(builder);
  return std::move(builder).finish(sequence);
}

std::string text(const meters::Snapshot& snapshot) {
  std::string out;
  encode_text(snapshot, {}, [&](std::string_view block) {
    out += block;
    return true;
  });
  return out;
}

TEST(PrometheusCppSource, their_registry_is_scraped_through_ours) {
  auto theirs = std::make_shared<prometheus::Registry>();
  auto& hits = prometheus::BuildCounter().Name("hits_total").Help("Hits.").Register(*theirs);
  hits.Add({{"code", "200"}}).Increment(3);
  hits.Add({{"code", "500"}, {"why", "a \"b\"\n"}}).Increment(1.5);
  prometheus::BuildGauge().Name("depth").Help("Depth.").Register(*theirs).Add({}).Set(-2);
  auto& sizes = prometheus::BuildHistogram().Name("size").Help("Size.").Register(*theirs).Add(
      {}, prometheus::Histogram::BucketBoundaries{1, 5e6});
  for (const double value : {0.5, 1.0, 7.0, 6e6}) sizes.Observe(value);
  prometheus::BuildSummary()
      .Name("wait")
      .Help("Wait.")
      .Register(*theirs)
      .Add({}, prometheus::Summary::Quantiles{{0.5, 0.05}})
      .Observe(4);

  PrometheusCppSource source(theirs);
  auto endpoint = Expose::start(source, {.listen = "127.0.0.1:0"});
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().message;
  const std::string answer = scrape((*endpoint)->port());
  EXPECT_THAT(answer, HasSubstr("# HELP depth Depth.\n# TYPE depth gauge\ndepth -2\n"));
  EXPECT_THAT(answer, HasSubstr("# TYPE hits_total counter\n"));
  EXPECT_THAT(answer, HasSubstr("hits_total{code=\"200\"} 3\n"));
  EXPECT_THAT(answer, HasSubstr("hits_total{code=\"500\",why=\"a \\\"b\\\"\\n\"} 1.5\n"));
  EXPECT_THAT(answer, HasSubstr("size_bucket{le=\"1\"} 2\nsize_bucket{le=\"5e+06\"} 3\nsize_bucket{le=\"+Inf\"} 4\n"
                                "size_sum 6000008.5\nsize_count 4\n"));
  EXPECT_THAT(answer, HasSubstr("wait{quantile=\"0.5\"} 4\nwait_sum 4\nwait_count 1\n"));
}

TEST(PrometheusCppSource, rows_keep_their_place_and_end_when_they_are_removed) {
  auto theirs = std::make_shared<prometheus::Registry>();
  auto& family = prometheus::BuildCounter().Name("n_total").Help("").Register(*theirs);
  auto& first = family.Add({{"i", "1"}});
  family.Add({{"i", "2"}}).Increment();
  PrometheusCppSource source(theirs);
  const auto before = collected(source);
  family.Remove(&first);
  const auto after = collected(source, 2);
  const meters::Family& then = *before->families.at(0);
  const meters::Family& now = *after->families.at(0);
  EXPECT_EQ(then.labels->table_id(), now.labels->table_id());
  ASSERT_EQ(now.rows(), 2U);
  for (meters::Row row = 0; row < 2; ++row)
    EXPECT_EQ(now.states[row] == meters::RowState::Ended, now.labels->text(0, now.labels->id(row, 0)) == "1");
}

TEST(PrometheusCppSource, memory_does_not_grow_with_series_that_came_and_went) {
  auto theirs = std::make_shared<prometheus::Registry>();
  auto& family = prometheus::BuildGauge().Name("g").Help("").Register(*theirs);
  PrometheusCppSource source(theirs);
  std::uint32_t most = 0;
  for (int i = 0; i < 500; ++i) {
    auto& gauge = family.Add({{"i", std::to_string(i)}});
    const auto snapshot = collected(source);
    most = std::max(most, snapshot->families.at(0)->rows());
    EXPECT_THAT(text(*snapshot), HasSubstr("g{i=\"" + std::to_string(i) + "\"} 0\n"));
    family.Remove(&gauge);
  }
  EXPECT_LT(most, 50U);
}

class Fixed final : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> families;
  bool throws = false;
  std::vector<prometheus::MetricFamily> Collect() const override {
    if (throws) throw std::runtime_error("no");
    return families;
  }
};

TEST(PrometheusCppSource, histograms_of_one_name_may_have_other_bounds) {
  auto fixed = std::make_shared<Fixed>();
  prometheus::MetricFamily family;
  family.name = "h";
  family.type = prometheus::MetricType::Histogram;
  family.metric.resize(2);
  family.metric[0].label = {{"a", "1"}};
  family.metric[0].histogram = {3, 9, {{1, 1}, {3, HUGE_VAL}}};
  family.metric[1].label = {{"a", "2"}};
  family.metric[1].histogram = {5, 9, {{2, 10}, {4, 20}}};  // +Inf left out
  fixed->families = {family};
  PrometheusCppSource source(fixed);
  EXPECT_EQ(text(*collected(source)),
            "# TYPE h histogram\n"
            "h_bucket{a=\"1\",le=\"1\"} 1\nh_bucket{a=\"1\",le=\"+Inf\"} 3\nh_sum{a=\"1\"} 9\nh_count{a=\"1\"} 3\n"
            "h_bucket{a=\"2\",le=\"10\"} 2\nh_bucket{a=\"2\",le=\"20\"} 4\nh_bucket{a=\"2\",le=\"+Inf\"} 5\n"
            "h_sum{a=\"2\"} 9\nh_count{a=\"2\"} 5\n");
}

TEST(PrometheusCppSource, what_throws_is_counted) {
  auto fixed = std::make_shared<Fixed>();
  fixed->throws = true;
  PrometheusCppSource source(fixed);
  EXPECT_TRUE(collected(source)->families.empty());
  EXPECT_EQ(source.failures(), 1U);
}

TEST(AsCollectable, our_registry_is_scraped_through_their_exposer) {
  meters::Registry registry;
  auto jobs = registry.counter({.name = "jobs", .help = "Jobs,\ndone \\ twice.", .labels = {"queue"}});
  ASSERT_TRUE(jobs.ok()) << jobs.error().message;
  jobs->with({"a\"b"}).add(5);
  auto temperature = registry.gauge({.name = "room", .unit = "Cel", .help = "Warm."});
  ASSERT_TRUE(temperature.ok());
  temperature->with({}).set(21.5);

  const auto collectable = as_collectable(registry);
  prometheus::Exposer exposer("127.0.0.1:0");
  exposer.RegisterCollectable(collectable);
  const std::string answer = scrape(exposer.GetListeningPorts().at(0));
  EXPECT_THAT(answer, HasSubstr("# HELP jobs_total Jobs,\\ndone \\\\ twice.\n# TYPE jobs_total counter\n"
                                "jobs_total{queue=\"a\\\"b\"} 5\n"));
  EXPECT_THAT(answer, HasSubstr("# TYPE room_celsius gauge\nroom_celsius 21.5\n"));
}

TEST(AsCollectable, there_and_back_again) {
  auto theirs = std::make_shared<prometheus::Registry>();
  auto& sizes = prometheus::BuildHistogram().Name("size").Help("Size.").Register(*theirs).Add(
      {{"l", "x"}}, prometheus::Histogram::BucketBoundaries{1, 2});
  for (const double value : {0.5, 1.5, 7.0}) sizes.Observe(value);
  PrometheusCppSource source(theirs);
  const auto round = as_collectable(source);
  PrometheusCppSource back(round);
  EXPECT_EQ(text(*collected(back)), text(*collected(source)));
}

}  // namespace
}  // namespace tocsin::exporters
