// SPDX-License-Identifier: Apache-2.0
#include "agent/pipeline.h"

#include <gtest/gtest.h>

#include <array>
#include <latch>

#include "meters/registry.h"

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;

class OneSeries final : public meters::Source {
 public:
  OneSeries() : table_(std::vector<meters::LabelColumn>{}) { table_.find_or_append({}); }
  void collect(meters::SnapshotBuilder& builder) override {
    ++collected;
    meters::Family family;
    auto descriptor = std::make_shared<meters::Descriptor>();
    descriptor->name = descriptor->prometheus_name = "one";
    family.descriptor = descriptor;
    auto origin = std::make_shared<meters::Origin>();
    origin->resource = std::make_shared<meters::Resource>();
    family.origin = origin;
    family.labels = table_.view();
    family.points = meters::Scalars{meters::NumberType::Integer, {collected}};
    family.states = {meters::RowState::Live};
    builder.add(std::move(family));
  }
  std::uint64_t collected = 0;

 private:
  meters::LabelSetTable table_;
};

class LastSnapshot final : public meters::Sink {
 public:
  void accept(std::shared_ptr<const meters::Snapshot> snapshot) override {
    last = std::move(snapshot);
    if (accepted.fetch_add(1) == 0) first.count_down();
  }
  std::shared_ptr<const meters::Snapshot> last;
  std::atomic<int> accepted{0};
  std::latch first{1};
};

TEST(Pipeline, a_snapshot_is_shared_within_its_age) {
  ManualClock clock;
  Pipeline pipeline(clock);
  OneSeries source;
  pipeline.add(source);
  const auto first = pipeline.snapshot(1s);
  clock.advance(900ms);
  EXPECT_EQ(pipeline.snapshot(1s), first);
  clock.advance(200ms);
  const auto second = pipeline.snapshot(1s);
  EXPECT_NE(second, first);
  EXPECT_GT(second->sequence, first->sequence);
  EXPECT_EQ(source.collected, 2U);
}

TEST(Pipeline, a_wall_clock_that_steps_back_does_not_freeze_the_snapshot) {
  ManualClock clock;
  Pipeline pipeline(clock);
  OneSeries source;
  pipeline.add(source);
  const auto first = pipeline.snapshot(1s);
  clock.step_wall(-1h);
  clock.advance(2s);
  EXPECT_NE(pipeline.snapshot(1s), first);
}

TEST(Pipeline, sinks_see_every_tick_and_one_more_at_stop) {
  Pipeline pipeline(SystemClock::instance());
  OneSeries source;
  auto sink = std::make_shared<LastSnapshot>();
  pipeline.add(source);
  pipeline.add_sink(sink);
  std::atomic<int> before{0}, after{0};
  pipeline.start(5ms, [&](Time) { ++before; }, [&](const meters::Snapshot&) { ++after; });
  sink->first.wait();
  pipeline.stop();
  const auto ticks = pipeline.stats().ticks;
  EXPECT_GE(ticks, 2U);
  EXPECT_EQ(static_cast<std::uint64_t>(sink->accepted.load()), ticks);
  EXPECT_EQ(before.load(), after.load());
  pipeline.stop();
  EXPECT_EQ(pipeline.stats().ticks, ticks) << "stopping twice is stopping once";
}

TEST(Pipeline, idle_series_of_a_registry_end_by_its_ticks_and_stay_until_every_sink_saw_them) {
  struct States final : meters::Sink {
    void accept(std::shared_ptr<const meters::Snapshot> snapshot) override {
      for (const auto& family : snapshot->families)
        if (family->descriptor->name == "jobs") states = family->states;
      if (states == std::vector{meters::RowState::Ended}) shown_ended = true;
      if (shown_ended && states.empty() && !counted.exchange(true)) dropped.count_down();
      states.clear();
      clock->advance(1min);
    }
    ManualClock* clock = nullptr;
    std::vector<meters::RowState> states;
    bool shown_ended = false;
    std::atomic<bool> counted{false};  // a latch that is counted below zero never opens
    std::latch dropped{1};
  };
  ManualClock series_time;
  meters::Registry registry({}, series_time);
  registry.counter({.name = "jobs", .labels = {"queue"}}).value().add({"mail"});
  const auto sink = std::make_shared<States>();
  sink->clock = &series_time;
  Pipeline pipeline(SystemClock::instance());
  pipeline.add(registry);
  pipeline.add_sink(sink);
  pipeline.start(1ms, {}, {});
  sink->dropped.wait();
  pipeline.stop();
  EXPECT_TRUE(sink->shown_ended);
}

TEST(Pipeline, a_tick_that_hangs_shows_though_the_next_is_far_and_one_that_only_waits_moves) {
  struct Hanging final : meters::Sink {
    void accept(std::shared_ptr<const meters::Snapshot>) override {
      if (reached.try_wait()) return;
      reached.count_down();
      go_on.wait();
    }
    std::latch reached{1}, go_on{1};
  };
  struct Ahead final : Clock {  // runs, and can be put ahead
    Time now() const noexcept override { return SystemClock::instance().now(); }
    Monotonic monotonic() const noexcept override { return SystemClock::instance().monotonic() + by.load(); }
    std::atomic<std::chrono::nanoseconds> by{0ns};
  } clock;
  Pipeline pipeline(clock);
  EXPECT_EQ(pipeline.stats().silent, 0ns) << "not started: nothing hangs";
  const auto sink = std::make_shared<Hanging>();
  pipeline.add_sink(sink);
  pipeline.start(1ms, {}, {});
  sink->reached.wait();
  clock.by = 1min;
  EXPECT_GE(pipeline.stats().silent, 1min);
  pipeline.set_interval(1h);
  EXPECT_EQ(pipeline.stats().interval, 1h);
  sink->go_on.count_down();
  while (pipeline.stats().ticks == 0) std::this_thread::yield();
  EXPECT_LT(pipeline.stats().silent, 30s);
  pipeline.stop();
}

TEST(Pipeline, a_removed_sink_is_not_called) {
  Pipeline pipeline(SystemClock::instance());
  auto sink = std::make_shared<LastSnapshot>();
  pipeline.add_sink(sink);
  pipeline.remove_sink(*sink);
  pipeline.start(1h, {}, {});
  pipeline.stop();
  EXPECT_EQ(sink->accepted.load(), 0);
}

}  // namespace
}  // namespace tocsin::agent
