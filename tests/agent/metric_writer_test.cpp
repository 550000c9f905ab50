// SPDX-License-Identifier: Apache-2.0
#include "agent/metric_writer.h"

#include <gmock/gmock.h>

#include "tests/agent/intake_fixture.h"

namespace tocsin::agent {
namespace {

using meters::Kind;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;

class MetricWriterTest : public IntakeFixture {
 protected:
  Intake::Outcome send_written() {
    const Intake::Outcome outcome = intake.apply(writer.finish());
    writer.clear();
    return outcome;
  }
  MetricWriter writer{meters::Via::Statsd, {{"service.name", "statsd"}}};
};

TEST_F(MetricWriterTest, ChangesAreAddedInAnyOrderOfTimes) {
  writer.meter({.name = "views", .unit = "{view}", .help = "pages shown", .kind = Kind::Counter});
  writer.add({{"page", "home"}}, 2);
  writer.add({{"page", "home"}}, 3);
  writer.add({{"page", "about"}}, 0.5);
  EXPECT_EQ(send_written().accepted, 3U);
  writer.meter({.name = "views", .unit = "{view}", .help = "pages shown", .kind = Kind::Counter});
  const MetricWriter::Label home[] = {{"page", "home"}};
  writer.add(home, 1.0, at(-5));
  EXPECT_EQ(send_written().accepted, 1U);
  EXPECT_EQ(value("views_total", "page=home"), 6);
  EXPECT_EQ(value("views_total", "page=about"), 0.5);
  const Found found = find(*snapshot(), "views_total", "page=home");
  EXPECT_EQ(found.start(), at(0));
  EXPECT_EQ(found.time(), at(0));
  EXPECT_EQ(found.family->descriptor->help, "pages shown");
  EXPECT_EQ(found.family->origin->via, meters::Via::Statsd);
  EXPECT_EQ(found.family->origin->resource->job, "statsd");
}

TEST_F(MetricWriterTest, GaugesAreSetAndChanged) {
  writer.meter({.name = "depth", .kind = Kind::Gauge});
  writer.set({}, 10);
  writer.add({}, -4);
  writer.set({{"q", "b"}}, 1);
  writer.set({{"q", "b"}}, 2);
  EXPECT_EQ(send_written().accepted, 4U);
  EXPECT_EQ(value("depth"), 6);
  EXPECT_EQ(value("depth", "q=b"), 2);
}

TEST_F(MetricWriterTest, ObservationsFallIntoTheirBuckets) {
  const double bounds[] = {1, 10};
  writer.meter({.name = "latency", .unit = "ms", .kind = Kind::Histogram, .bounds = bounds});
  writer.observe({}, 1);
  writer.observe({}, 5, 10);
  writer.observe({}, 50);
  writer.meter({.name = "views", .kind = Kind::Counter});
  writer.add({}, 1);
  EXPECT_EQ(send_written().accepted, 4U);
  const Found found = find(*snapshot(), "latency_milliseconds");
  ASSERT_TRUE(found);
  const auto& points = std::get<meters::Histograms>(found.family->points);
  EXPECT_THAT(points.counts, ElementsAre(1, 10, 1));
  EXPECT_EQ(points.sums[0], 101);
  EXPECT_EQ(points.min[0], 1);
  EXPECT_EQ(points.max[0], 50);
}

TEST_F(MetricWriterTest, ValuesThatCannotBeAreRejected) {
  const double bounds[] = {1, 10};
  writer.meter({.name = "views", .kind = Kind::Counter});
  writer.add({}, -1);
  writer.meter({.name = "latency", .kind = Kind::Histogram, .bounds = bounds});
  writer.observe({}, std::nan(""));
  const auto outcome = send_written();
  EXPECT_EQ(outcome.accepted, 0U);
  EXPECT_EQ(outcome.rejected_sum(), 2U);
}

TEST_F(MetricWriterTest, WhatReturnsBeginsAnew) {
  const auto count = [this] {
    writer.meter({.name = "views", .kind = Kind::Counter});
    writer.add({}, 5);
    send_written();
  };
  count();
  clock.advance(minutes(6));
  tick();
  count();
  const Found found = find(*snapshot(), "views_total");
  EXPECT_EQ(found.value(), 5);
  EXPECT_EQ(found.start(), at(360));
}

}  // namespace
}  // namespace tocsin::agent
