// SPDX-License-Identifier: Apache-2.0
#include "agent/slo/slo_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <chrono>
#include <ctime>

#include "agent/api/slo_api.h"
#include "meters/flow.h"
#include "rules/memory_store.h"

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

SloConfig objective() {
  SloConfig config;
  config.slo.name = "requests";
  config.slo.total = *rules::selected_meter("requests_total");
  config.slo.bad = *rules::selected_meter(R"(requests_total{status="error"})");
  config.slo.by = {"server_name"};
  config.slo.target = 0.9;
  config.slo.period = 24h;
  config.slo.burn = {{2, 1h, 5min, "critical"}};
  return config;
}

// Totals of a service, as a Snapshot has them.
std::shared_ptr<const meters::Snapshot> snapshot(Time now, int services, double good, double bad, meters::LabelSetTable& table,
                                                 std::shared_ptr<const meters::Origin> origin) {
  meters::Family family;
  meters::Scalars points{meters::NumberType::Double, {}};
  for (int i = 0; i < services; ++i)
    for (const auto& [status, value] : {std::pair("ok", good), std::pair("error", bad)}) {
      const meters::ValueId ids[] = {table.intern(0, "service" + std::to_string(i), meters::LabelType::String), table.intern(1, status, meters::LabelType::String)};
      table.find_or_append(ids);
      points.bits.push_back(std::bit_cast<std::uint64_t>(value));
      family.states.push_back(meters::RowState::Live);
    }
  family.descriptor = std::make_shared<const meters::Descriptor>(meters::Descriptor{"requests_total", "requests_total", "", "", meters::Kind::Counter});
  family.origin = std::move(origin);
  family.labels = table.view();
  family.points = std::move(points);
  family.start_ns.assign(family.states.size(), 1);
  meters::SnapshotBuilder builder(now);
  builder.add(std::move(family));
  return std::move(builder).finish(1);
}

class SloEngineTest : public testing::Test {
 protected:
  // What outlives a process: the store, and the history where it was saved.
  struct Process {
    explicit Process(SloEngineTest& test) : storage(window), engine({window, storage, test.store_, test.log_, test.clock_}, {"tocsin", "here"}) {
      engine.apply({objective()});
    }
    rules::Window window{{}};
    rules::WindowStorage storage;
    SloEngine engine;
  };

  void tick(Process& process, double good, double bad, std::chrono::nanoseconds after = 15s) {
    clock_.advance(after);
    process.engine.count(*snapshot(clock_.now(), 1, good, bad, table_, origin_));
    process.engine.publish(clock_.now());
  }
  const SloGroupState& group(Process& process) {
    states_ = process.engine.states();
    return states_.at(0).groups.at(0);
  }
  double sample(Process& process, const std::string& result) {
    const auto view = process.storage.view();
    const auto rows = view->select(std::array{*rules::promql::Matcher::make("__name__", rules::promql::MatchType::Equal, "slo_events_total"),
                                              *rules::promql::Matcher::make("result", rules::promql::MatchType::Equal, result)},
                                   {0, INT64_MAX / 2});
    rules::promql::Block block;
    if (!rows || rows->size() != 1 || !view->read(*rows, {0, to_unix_ns(clock_.now())}, block) || block.values.empty()) return -1;
    return block.values.back();
  }

  std::shared_ptr<const meters::Origin> origin_ = [] {
    auto origin = std::make_shared<meters::Origin>();
    origin->via = meters::Via::Otlp;
    auto resource = std::make_shared<meters::Resource>();
    resource->job = "shop", resource->instance = "1";
    origin->resource = resource;
    return origin;
  }();
  meters::LabelSetTable table_{{{"server_name", "server_name"}, {"status", "status"}}};
  ManualClock clock_;
  Log log_{{.descriptor = -1}};
  rules::MemoryStore store_;
  SloStates states_;
};

TEST_F(SloEngineTest, WindowsAreExactAndWeightedByEvents) {
  Process process(*this);
  tick(process, 0, 0);
  double good = 0, bad = 0;
  for (int i = 0; i < 120; ++i) tick(process, ++good, bad);              // 30 minutes, one a tick, all good
  for (int i = 0; i < 20; ++i) tick(process, good += 100, bad += 50);    // 5 minutes, 150 a tick, a third bad
  const SloGroupState& now = group(process);
  EXPECT_EQ(now.period.total, 120 + 3'000) << "sum of all";
  EXPECT_EQ(now.period.bad, 1'000);
  EXPECT_DOUBLE_EQ(now.budget_left, 1 - 1'000 / (0.1 * 3'120)) << "no mean of ratios";
  ASSERT_EQ(now.windows.size(), 2U);
  EXPECT_EQ(now.windows[0].events.total, 3'000) << "just the last five minutes";
  EXPECT_EQ(now.windows[0].events.bad, 1'000);
  EXPECT_NEAR(now.windows[0].burn_rate, 1 / 3.0 / 0.1, 1e-9);
  EXPECT_EQ(now.windows[1].events.total, 3'120) << "counting is not older than the window";
  EXPECT_EQ(sample(process, "bad"), 1'000);
}

TEST_F(SloEngineTest, ThePeriodForgets) {
  Process process(*this);
  tick(process, 0, 0);
  tick(process, 0, 100);
  double good = 0;
  for (int i = 0; i < 24 * 60 - 1; ++i) tick(process, ++good, 100, 1min);
  EXPECT_EQ(group(process).period.bad, 100);
  tick(process, ++good, 100, 2min);
  EXPECT_EQ(group(process).period.bad, 0);
  EXPECT_NEAR(group(process).period.total, 24 * 60, 3);
  EXPECT_EQ(group(process).budget_left, 1);
}

TEST_F(SloEngineTest, AKilledProcessGoesOnThoughItsHistoryIsLost) {
  {
    Process process(*this);
    tick(process, 0, 0);
    tick(process, 90, 10);
  }
  clock_.advance(20s);
  Process process(*this);
  tick(process, 95, 15);
  EXPECT_EQ(group(process).period.total, 110);
  EXPECT_EQ(group(process).period.bad, 15);
  EXPECT_EQ(sample(process, "bad"), 15);
  EXPECT_EQ(group(process).windows[0].events.bad, 15) << "what was kept is in the history again";
}

TEST_F(SloEngineTest, IdleIsNotAbsent) {
  Process process(*this);
  EXPECT_THAT(slo_answer(process.engine.states()), HasSubstr(R"("hint":")")) << "no such meter is in the catalogue";
  tick(process, 5, 5);
  tick(process, 5, 5);
  EXPECT_EQ(group(process).phase, SloPhase::Idle);
  EXPECT_EQ(group(process).budget_left, 1);
  tick(process, 15, 5);
  EXPECT_EQ(group(process).phase, SloPhase::Counting);
  clock_.advance(15s);
  meters::SnapshotBuilder builder(clock_.now());
  process.engine.count(*std::move(builder).finish(1));
  process.engine.publish(clock_.now());
  EXPECT_EQ(group(process).phase, SloPhase::Absent);
  EXPECT_EQ(group(process).period.total, 10);
  EXPECT_TRUE(rules::promql::is_stale(sample(process, "good")));
  EXPECT_THAT(slo_answer(process.engine.states()), HasSubstr(R"("state":"absent")"));
}

TEST_F(SloEngineTest, AnObjectiveThatIsTakenOutEndsAndComesBackWithItsCounts) {
  Process process(*this);
  tick(process, 0, 0);
  tick(process, 10, 0);
  process.engine.apply({});
  tick(process, 20, 0);
  EXPECT_TRUE(process.engine.states().empty());
  process.engine.apply({objective()});
  tick(process, 30, 0);
  EXPECT_EQ(group(process).period.total, 30);
}

// A tick of 100 services costs what 100 of them cost, however long the history is.
TEST_F(SloEngineTest, ATickReadsTheSameHoweverLongTheHistoryIs) {
  Process process(*this);
  double good = 0;
  const auto ticks = [&](int count, std::chrono::nanoseconds step) {
    const std::clock_t begin = std::clock();  // of this process: others may be busy
    for (int i = 0; i < count; ++i) {
      clock_.advance(step);
      process.engine.count(*snapshot(clock_.now(), 100, ++good, 0, table_, origin_));
      process.engine.publish(clock_.now());
    }
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / count;
  };
  (void)ticks(5, 60s);
  const double early = ticks(20, 60s);
  (void)ticks(300, 300s);  // a day
  const double late = ticks(20, 60s);
  RecordProperty("early_us", static_cast<int>(early * 1e6));
  RecordProperty("late_us", static_cast<int>(late * 1e6));
  EXPECT_LT(late, 20 * early + 0.01);
}

}  // namespace
}  // namespace tocsin::agent
