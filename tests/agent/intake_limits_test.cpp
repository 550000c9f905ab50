// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/agent/intake_fixture.h"

namespace tocsin::agent {
namespace {

using otlp::Temporality;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

IntakeOptions small() {
  IntakeOptions options;
  options.limits.label_sets = 3;
  return options;
}

class IntakeLimitsTest : public IntakeFixture {
 protected:
  explicit IntakeLimitsTest(IntakeOptions options = small()) : IntakeFixture(std::move(options)) {}

  // One counter point for each number of [first, last].
  Intake::Outcome counters(int first, int last, std::int64_t value, double time, Temporality temporality,
                           bool with_server = false) {
    OtlpRequest request;
    request.resource(kShop).sum("requests", true, temporality);
    for (int i = first; i <= last; ++i) {
      meters::Attributes attributes = {{"user", std::to_string(i)}};
      if (with_server) attributes.insert(attributes.begin(), {"server_name", i % 2 == 0 ? "even" : "odd"});
      request.point(TestPoint{.attributes = attributes, .start = at(0), .time = at(time), .integer = value});
    }
    return send(request);
  }
  double total() {
    double sum = 0;
    const auto taken = snapshot();
    for (const auto& family : taken->families)
      for (meters::Row row = 0; row < family->rows(); ++row)
        if (family->states[row] == meters::RowState::Live)
          sum += std::get<meters::Scalars>(family->points).as_double(row);
    return sum;
  }
  std::size_t rows() {
    std::size_t count = 0;
    const auto taken = snapshot();
    for (const auto& family : taken->families) count += family->rows();
    return count;
  }
};

TEST_F(IntakeLimitsTest, UpToTheLimitThereIsNoOverflow) {
  EXPECT_EQ(counters(1, 3, 5, 1, Temporality::Cumulative).accepted, 3U);
  EXPECT_EQ(rows(), 3U);
  EXPECT_EQ(intake.stats().overflowed, 0U);
}

TEST_F(IntakeLimitsTest, BeyondItTotalsStayRight) {
  EXPECT_EQ(counters(1, 10, 5, 1, Temporality::Cumulative).accepted, 10U);
  EXPECT_EQ(counters(1, 10, 8, 2, Temporality::Cumulative).accepted, 10U);
  EXPECT_EQ(rows(), 4U);
  EXPECT_EQ(value("requests_total", "otel_metric_overflow=true"), 56);
  EXPECT_EQ(total(), 80);
  // Late points of a hidden stream are late too; a restart adds what is new.
  EXPECT_EQ(counters(10, 10, 9, 2, Temporality::Cumulative).rejected_sum(), 1U);
  OtlpRequest restarted;
  restarted.resource(kShop).sum("requests", true, Temporality::Cumulative);
  restarted.point(TestPoint{.attributes = {{"user", "10"}}, .start = at(3), .time = at(4), .integer = 2});
  EXPECT_EQ(send(restarted).accepted, 1U);
  EXPECT_EQ(total(), 82);
}

TEST_F(IntakeLimitsTest, DeltasBeyondItAreAddedWithoutMemory) {
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(counters(1, 1'000, 1, i, Temporality::Delta).accepted, 1'000U);
  EXPECT_EQ(total(), 3'000);
  EXPECT_EQ(intake.stats().series, 4U);
}

TEST_F(IntakeLimitsTest, TheOverflowSeriesKeepsServerName) {
  counters(1, 10, 5, 1, Temporality::Cumulative, true);
  EXPECT_EQ(value("requests_total", "otel_metric_overflow=true,server_name=even"), 20);
  EXPECT_EQ(value("requests_total", "otel_metric_overflow=true,server_name=odd"), 15);
}

TEST_F(IntakeLimitsTest, ASendersOwnOverflowSeriesIsAddedToOurs) {
  OtlpRequest request;
  request.resource(kShop).sum("requests", true, Temporality::Cumulative);
  request.point(TestPoint{.attributes = {{"otel.metric.overflow", true}}, .start = at(0), .time = at(1), .integer = 100});
  send(request);
  counters(1, 4, 5, 1, Temporality::Cumulative);
  EXPECT_EQ(total(), 120);
  OtlpRequest again;
  again.resource(kShop).sum("requests", true, Temporality::Cumulative);
  again.point(TestPoint{.attributes = {{"otel.metric.overflow", true}}, .start = at(0), .time = at(2), .integer = 110});
  EXPECT_EQ(send(again).accepted, 1U);
  EXPECT_EQ(total(), 130);
}

TEST_F(IntakeLimitsTest, HistogramsOverflowToo) {
  for (int round = 1; round <= 2; ++round) {
    OtlpRequest request;
    request.resource(kShop).histogram("latency", Temporality::Cumulative);
    for (int i = 0; i < 10; ++i)
      request.point(TestHistogram{.attributes = {{"user", std::to_string(i)}}, .start = at(0), .time = at(round),
                                  .bounds = {1}, .counts = {static_cast<std::uint64_t>(round), 1}, .sum = 1.0 * round});
    EXPECT_EQ(send(request).accepted, 10U);
  }
  const Found found = find(*snapshot(), "latency", "otel_metric_overflow=true");
  ASSERT_TRUE(found);
  const auto& points = std::get<meters::Histograms>(found.family->points);
  EXPECT_EQ(points.counts[found.row * 2], 14U);
  EXPECT_EQ(points.counts[found.row * 2 + 1], 7U);
  EXPECT_EQ(points.sums[found.row], 14);
}

TEST_F(IntakeLimitsTest, TheReportNamesTheLabelThatExplodes) {
  counters(1, 10, 5, 1, Temporality::Cumulative, true);
  const auto report = intake.top_cardinality(5);
  ASSERT_EQ(report.size(), 1U);
  EXPECT_EQ(report[0].meter, "requests");
  EXPECT_EQ(report[0].job, "shop");
  EXPECT_EQ(report[0].label, "user");
  EXPECT_EQ(report[0].label_texts, 3U);
  EXPECT_EQ(report[0].overflowed, 7U);
  EXPECT_EQ(report[0].limit, 3U);
}

TEST_F(IntakeLimitsTest, AMillionLabelSetsStayBounded) {
  for (int block = 0; block < 20; ++block) {
    OtlpRequest request;
    request.resource(kShop).gauge("g");
    for (int i = 0; i < 1'000; ++i)
      request.point(TestPoint{.attributes = {{"id", std::to_string(block * 1'000 + i)}}, .time = at(block + 1), .integer = i});
    EXPECT_EQ(send(request).accepted, 1'000U);
  }
  EXPECT_EQ(intake.stats().series, 4U);
  EXPECT_LT(intake.stats().bytes, 64U * 1024);
}

TEST_F(IntakeLimitsTest, ManyLabelNamesAreBounded) {
  IntakeOptions options;
  options.limits.label_names = 5;
  intake.configure(options);
  OtlpRequest request;
  request.resource(kShop).gauge("g");
  for (int i = 0; i < 10; ++i)
    request.point(TestPoint{.attributes = {{"name" + std::to_string(i), "x"}}, .time = at(1), .integer = i});
  const auto outcome = send(request);
  EXPECT_EQ(outcome.accepted, 5U);
  EXPECT_THAT(outcome.message, HasSubstr("too many attributes"));
}

TEST_F(IntakeLimitsTest, ManyScopesAreBounded) {
  OtlpRequest request;
  request.resource(kShop);
  for (int i = 0; i < 1'500; ++i)
    request.scope("scope" + std::to_string(i)).gauge("g").point(TestPoint{.time = at(1), .integer = i});
  const auto outcome = send(request);
  EXPECT_EQ(outcome.accepted, 1'000U);
  EXPECT_EQ(outcome.rejected.at(0).first, "too_many_scopes");
}

TEST_F(IntakeLimitsTest, CapsInAllRejectNewSeriesAndKeepTheOld) {
  IntakeOptions options;
  options.limits.series = 5;
  intake.configure(options);
  auto outcome = counters(1, 10, 5, 1, Temporality::Cumulative);
  EXPECT_EQ(outcome.accepted, 5U);
  EXPECT_EQ(outcome.rejected.at(0).first, "series_limit");
  EXPECT_EQ(counters(1, 5, 6, 2, Temporality::Cumulative).accepted, 5U);
  options.limits.series = 1'000;
  options.limits.bytes = 1;
  intake.configure(options);
  outcome = counters(1, 10, 7, 3, Temporality::Cumulative);
  EXPECT_EQ(outcome.accepted, 5U);
  EXPECT_EQ(outcome.rejected.at(0).first, "memory_limit");
  options.limits.targets = 1;
  intake.configure(options);
  OtlpRequest other;
  other.resource({{"service.name", "other"}}).gauge("g").point(TestPoint{.time = at(1), .integer = 1});
  EXPECT_EQ(send(other).rejected.at(0).first, "target_limit");
  EXPECT_EQ(counters(1, 5, 8, 4, Temporality::Cumulative).accepted, 5U);
}

class IntakeExpiryTest : public IntakeLimitsTest {
 protected:
  IntakeExpiryTest() : IntakeLimitsTest({}) {}
  double now() const { return static_cast<double>(to_unix_ns(clock.now()) - 1'700'000'000'000'000'000) / 1e9; }
  meters::RowState state(const std::string& labels) { return find(*snapshot(), "requests_total", labels).state(); }
};

TEST_F(IntakeExpiryTest, RowsOfASilentSenderEndAfterFiveMinutes) {
  counters(1, 2, 5, now(), Temporality::Cumulative);
  clock.advance(minutes(4));
  tick();
  EXPECT_EQ(state("user=1"), meters::RowState::Live);
  clock.advance(minutes(2));
  EXPECT_EQ(state("user=1"), meters::RowState::Live) << "collecting ends nothing";
  clock.advance(seconds(1));
  const auto seen = tick();
  EXPECT_EQ(find(*seen, "requests_total", "user=1").state(), meters::RowState::Ended);
  EXPECT_EQ(intake.stats().ended, 2U);
  // Every sink saw it: at the next tick it is freed, the target with it.
  clock.advance(minutes(1));
  EXPECT_TRUE(tick()->families.empty());
  EXPECT_EQ(intake.stats().series, 0U);
  EXPECT_EQ(intake.stats().targets, 0U);
  EXPECT_EQ(intake.stats().bytes, 0U);
}

TEST_F(IntakeExpiryTest, AnEndedRowStaysUntilEverySinkSawIt) {
  counters(1, 1, 5, now(), Temporality::Cumulative);
  clock.advance(minutes(6));
  intake.tick(clock.now());
  for (int i = 0; i < 3; ++i) {
    clock.advance(minutes(1));
    intake.tick(clock.now());
    EXPECT_EQ(snapshot()->families.size(), 1U) << "nobody has said that it saw it";
  }
  const auto seen = snapshot();
  intake.sinks_saw(seen->time);
  clock.advance(minutes(1));
  intake.tick(clock.now());
  EXPECT_TRUE(snapshot()->families.empty());
}

TEST_F(IntakeExpiryTest, ASnapshotFromBeforeTheEndFreesNothing) {
  counters(1, 1, 5, now(), Temporality::Cumulative);
  const auto before = snapshot();
  clock.advance(minutes(6));
  intake.tick(clock.now());
  intake.sinks_saw(before->time);
  clock.advance(minutes(1));
  intake.tick(clock.now());
  EXPECT_EQ(snapshot()->families.size(), 1U);
}

TEST_F(IntakeExpiryTest, AnIdleSeriesOfALivingSenderExpiresAfterAnHour) {
  counters(1, 2, 5, now(), Temporality::Cumulative);
  for (int i = 0; i < 65; ++i) {
    clock.advance(minutes(1));
    counters(2, 2, 5 + i, now(), Temporality::Cumulative);
    if (i == 57) {
      EXPECT_EQ(state("user=1"), meters::RowState::Live);
    }
    tick();
  }
  EXPECT_EQ(find(*snapshot(), "requests_total", "user=2").state(), meters::RowState::Live);
  const Found idle = find(*snapshot(), "requests_total", "user=1");
  EXPECT_TRUE(!idle || idle.state() == meters::RowState::Ended);
}

TEST_F(IntakeExpiryTest, AReturningSeriesHasANewStartTime) {
  counters(1, 1, 5, now(), Temporality::Delta);
  EXPECT_EQ(find(*snapshot(), "requests_total", "user=1").start(), at(0));
  clock.advance(minutes(6));
  intake.tick(clock.now());
  OtlpRequest request;
  request.resource(kShop).sum("requests", true, Temporality::Delta);
  request.point(TestPoint{.attributes = {{"user", "1"}}, .start = at(350), .time = at(360), .integer = 2});
  EXPECT_EQ(send(request).accepted, 1U);
  const Found found = find(*snapshot(), "requests_total", "user=1");
  EXPECT_EQ(found.state(), meters::RowState::Live);
  EXPECT_EQ(found.start(), at(350));
  EXPECT_EQ(found.value(), 2);
}

TEST_F(IntakeExpiryTest, ManyEndedRowsAreCompactedIntoANewTable) {
  counters(1, 100, 5, now(), Temporality::Cumulative);
  const auto table = snapshot()->families.at(0)->labels->table_id();
  for (int i = 0; i < 65; ++i) {
    clock.advance(minutes(1));
    counters(91, 100, 10 + i, now(), Temporality::Cumulative);
    tick();
  }
  const auto taken = snapshot();
  ASSERT_EQ(taken->families.size(), 1U);
  EXPECT_NE(taken->families[0]->labels->table_id(), table);
  EXPECT_EQ(taken->families[0]->rows(), 10U);
  EXPECT_EQ(intake.stats().series, 10U);
  EXPECT_EQ(total(), 740);
  // The memo knows the new rows.
  clock.advance(seconds(1));
  EXPECT_EQ(counters(91, 100, 100, now(), Temporality::Cumulative).accepted, 10U);
  EXPECT_EQ(total(), 1'000);
  EXPECT_EQ(find(*snapshot(), "requests_total", "user=95").value(), 100);
}

TEST_F(IntakeExpiryTest, OverflowStreamsEndAndLeaveTheirTotal) {
  intake.configure(small());
  counters(1, 50, 5, now(), Temporality::Cumulative);
  EXPECT_EQ(intake.stats().series, 3U + 1 + 47);
  // The living ones go on; streams that are idle for an hour are forgotten, what they counted stays.
  for (int i = 1; i <= 70; ++i) {
    clock.advance(minutes(1));
    counters(1, 4, 5 + i, now(), Temporality::Cumulative);
    tick();
  }
  EXPECT_EQ(intake.stats().series, 3U + 1 + 1);
  EXPECT_EQ(value("requests_total", "otel_metric_overflow=true"), 46 * 5 + 75);
}

TEST_F(IntakeExpiryTest, ClocksThatStepBackLoseNothing) {
  counters(1, 1, 5, 0, Temporality::Delta);
  clock.step_wall(-hours(2));
  EXPECT_EQ(counters(1, 1, 5, -7'190, Temporality::Delta).accepted, 1U);
  EXPECT_EQ(total(), 10);
  clock.step_wall(hours(10));
  EXPECT_EQ(counters(1, 1, 5, 28'900, Temporality::Delta).accepted, 1U);
  EXPECT_EQ(total(), 15);
}

}  // namespace
}  // namespace tocsin::agent
