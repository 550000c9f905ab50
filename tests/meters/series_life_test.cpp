// SPDX-License-Identifier: Apache-2.0
// Caps, expiry, ended rows, series that come back, slots that are used again.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "meters/arena.h"
#include "meters/exponential_histogram.h"
#include "meters/registry.h"
#include "tests/meters/collected.h"

namespace tocsin::meters {
namespace {

using namespace std::chrono_literals;

struct Life : testing::Test {
  ManualClock clock;
  Registry registry{{}, clock};

  Collected collect() { return Collected(registry, clock.now()); }
  // An hour passes; what was not recorded since the last call ends.
  void pass_an_hour() {
    clock.advance(1h);
    registry.expire(1h);
  }
  void let_sinks_see() {
    (void)collect();
    registry.ended_rows_seen(registry.collections());
  }
};

TEST_F(Life, what_is_declared_has_its_place_though_another_meter_explodes) {
  Registry small({.max_series = 4}, clock);
  const auto exploding = small.counter({.name = "a_total", .labels = {"x"}}).value();
  for (int i = 0; i < 10; ++i) exploding.add({std::to_string(i)});
  (void)small.counter({.name = "plain_total"}).value();
  const auto declared = small.counter({.name = "b_total", .labels = {"x"}}).value();
  declared.declare({"here"});
  declared.add({"here"}, 2);
  declared.add({"new"}, 3);
  Collected collected(small, clock.now());
  EXPECT_EQ(collected.value("plain_total", {}), 0);
  EXPECT_EQ(collected.value("b_total", {"here"}), 2);
  EXPECT_FALSE(collected.row("b_total", {"new"}).has_value()) << "there is no room for more";
  EXPECT_EQ(collected.sum("b_total"), 5);
}

TEST_F(Life, up_to_the_cap_there_is_no_overflow) {
  const auto meter = registry.counter({.name = "a_total", .labels = {"x"}, .max_series = 3}).value();
  for (const char* x : {"1", "2", "3", "1"}) meter.add({x});
  EXPECT_EQ(collect().family("a_total").rows(), 3U);
  EXPECT_EQ(collect().family("a_total").labels->columns(), 1U);
  meter.add({"4"}, 5);
  meter.with({"5"}).add(7);
  meter.add({"2"});
  const Collected collected = collect();
  EXPECT_EQ(collected.family("a_total").rows(), 4U);
  EXPECT_EQ(collected.value("a_total", {"", "true"}), 12);
  EXPECT_EQ(collected.value("a_total", {"2"}), 2);
  EXPECT_EQ(collected.sum("a_total"), 17) << "totals are right";
  const auto& labels = *collected.family("a_total").labels;
  EXPECT_EQ(labels.column(1).prometheus_name, "otel_metric_overflow");
  EXPECT_EQ(labels.type(1, labels.id(3, 1)), LabelType::Bool);
}

TEST_F(Life, a_wall_clock_that_is_set_ends_nothing_and_keeps_nothing) {
  const auto meter = registry.counter({.name = "a_total", .labels = {"x"}}).value();
  meter.add({"1"});
  registry.expire(1h);
  clock.step_wall(48h);
  registry.expire(1h);
  EXPECT_EQ(collect().state("a_total", {"1"}), RowState::Live);
  clock.step_wall(-96h);
  pass_an_hour();
  EXPECT_EQ(collect().state("a_total", {"1"}), RowState::Ended);
}

TEST_F(Life, the_cap_in_all_holds) {
  Registry small({.max_series = 4}, clock);
  const auto a = small.counter({.name = "a_total", .labels = {"x"}}).value();
  const auto b = small.counter({.name = "b_total", .labels = {"x"}}).value();
  for (int i = 0; i < 10; ++i) {
    a.add({std::to_string(i)});
    b.add({std::to_string(i)});
  }
  EXPECT_EQ(small.series(), 4U);
  const Collected collected(small, clock.now());
  EXPECT_EQ(collected.family("a_total").rows() + collected.family("b_total").rows(), 4U + 2U);
  EXPECT_EQ(collected.sum("a_total"), 10);
  EXPECT_EQ(collected.sum("b_total"), 10);
}

TEST_F(Life, room_comes_back_when_series_expire) {
  const auto meter = registry.counter({.name = "a_total", .labels = {"x"}, .max_series = 2}).value();
  for (const char* x : {"1", "2", "3"}) meter.add({x});
  pass_an_hour();
  pass_an_hour();
  let_sinks_see();
  pass_an_hour();
  meter.add({"4"});
  EXPECT_EQ(collect().value("a_total", {"4"}), 1);
  EXPECT_EQ(collect().value("a_total", {"", "true"}), 1);
}

TEST_F(Life, an_idle_series_is_shown_as_ended_until_sinks_saw_it) {
  const auto meter = registry.counter({.name = "a_total", .labels = {"x"}}).value();
  meter.declare({"declared"});
  meter.add({"idle"}, 3);
  meter.add({"busy"});
  pass_an_hour();
  meter.add({"busy"});
  pass_an_hour();
  const Collected ended = collect();
  EXPECT_EQ(ended.state("a_total", {"idle"}), RowState::Ended);
  EXPECT_EQ(ended.value("a_total", {"idle"}), 3);
  EXPECT_EQ(ended.state("a_total", {"busy"}), RowState::Live);
  EXPECT_EQ(ended.state("a_total", {"declared"}), RowState::Live);
  EXPECT_TRUE(collect().row("a_total", {"idle"}));
  registry.ended_rows_seen(registry.collections() - 2);
  EXPECT_TRUE(collect().row("a_total", {"idle"})) << "not seen yet";
  registry.ended_rows_seen(registry.collections());
  EXPECT_FALSE(collect().row("a_total", {"idle"}));
  EXPECT_EQ(collect().value("a_total", {"busy"}), 2);
  EXPECT_NE(ended.family("a_total").labels->table_id(), collect().family("a_total").labels->table_id());
}

// A returning series begins anew, however far its end has got and however it returns.

struct ReturningSeries : Life, testing::WithParamInterface<std::tuple<int, bool>> {};

TEST_P(ReturningSeries, has_a_new_start_time_and_counts_from_zero) {
  const auto [stage, by_handle] = GetParam();
  const auto counters = registry.counter({.name = "a_total", .labels = {"x"}}).value();
  const auto histograms = registry.histogram({.name = "h", .labels = {"x"}}, {.bounds = {10}, .native = true}).value();
  std::optional<Counter> counter;
  std::optional<Histogram> histogram;
  if (by_handle) {
    counter = counters.with({"1"});
    histogram = histograms.with({"1"});
  }
  counters.add({"1"}, 5);
  for (int i = 0; i < 3; ++i) histograms.observe({"1"}, 100);
  counters.add({"other"});
  const Time first_start = clock.now();
  pass_an_hour();
  pass_an_hour();
  (void)collect();
  if (stage >= 1) registry.ended_rows_seen(registry.collections());
  if (stage >= 2) pass_an_hour();  // without a handle the slot is free now
  if (stage >= 2 && !by_handle) counters.add({"takes the slot"}, 100);

  if (by_handle) {
    counter->add(2);
    histogram->observe(1);
  } else {
    counters.add({"1"}, 2);
    histograms.observe({"1"}, 1);
  }
  clock.advance(1min);
  const Collected back = collect();
  const Row row = back.the_row("a_total", {"1"});
  EXPECT_EQ(back.value("a_total", {"1"}), 2);
  EXPECT_EQ(back.family("a_total").states[row], RowState::Live);
  EXPECT_GT(back.family("a_total").start_ns[row], to_unix_ns(first_start));
  EXPECT_LE(back.family("a_total").start_ns[row], to_unix_ns(clock.now()));
  const auto& points = std::get<Histograms>(back.family("h").points);
  const Row in = back.the_row("h", {"1"});
  EXPECT_EQ(points.counts[in * 2], 1U);
  EXPECT_EQ(points.counts[in * 2 + 1], 0U);
  EXPECT_EQ(points.sums[in], 1);
  EXPECT_EQ(count(points.native[in]), 1U);
  counters.add({"1"});
  EXPECT_EQ(collect().value("a_total", {"1"}), 3);
  EXPECT_EQ(collect().family("a_total").start_ns[row], back.family("a_total").start_ns[row]);
}
INSTANTIATE_TEST_SUITE_P(EveryWay, ReturningSeries, testing::Combine(testing::Values(0, 1, 2), testing::Bool()));

TEST_F(Life, an_end_that_nobody_was_shown_is_none) {
  const auto meter = registry.counter({.name = "a_total", .labels = {"x"}}).value();
  meter.add({"1"}, 5);
  const std::int64_t start = collect().family("a_total").start_ns[0];
  pass_an_hour();
  pass_an_hour();
  meter.add({"1"});
  EXPECT_EQ(collect().value("a_total", {"1"}), 6);
  EXPECT_EQ(collect().family("a_total").start_ns[0], start);
}

TEST_F(Life, a_gauge_that_is_set_to_what_it_was_is_not_idle) {
  const auto gauge = registry.gauge({.name = "g", .labels = {"x"}}).value();
  const auto active = registry.up_down_counter({.name = "active", .labels = {"x"}}).value();
  gauge.set({"kept"}, 4);
  gauge.set({"idle"}, 4);
  active.add({"kept"}, 1);
  active.add({"idle"}, 1);
  for (int i = 0; i < 3; ++i) {
    gauge.set({"kept"}, 4);
    active.add({"kept"}, 1);
    active.add({"kept"}, -1);
    pass_an_hour();
  }
  EXPECT_EQ(collect().state("g", {"kept"}), RowState::Live);
  EXPECT_EQ(collect().state("g", {"idle"}), RowState::Ended);
  EXPECT_EQ(collect().state("active", {"kept"}), RowState::Live);
  EXPECT_EQ(collect().state("active", {"idle"}), RowState::Ended);
  active.add({"idle"}, -1);
  EXPECT_EQ(collect().value("active", {"idle"}), 0) << "a level goes on where it was";
}

TEST_F(Life, slots_are_used_again) {
  const auto meter = registry.histogram({.name = "h", .labels = {"x"}}).value();
  std::size_t cells = 0;
  for (int generation = 0; generation < 50; ++generation) {
    for (int i = 0; i < 900; ++i) meter.observe({std::to_string(generation * 900 + i)}, 1);
    pass_an_hour();
    pass_an_hour();
    let_sinks_see();
    if (generation == 2) cells = arena_usage().cells;
  }
  EXPECT_EQ(arena_usage().cells, cells);
  EXPECT_FALSE(registry.top_cardinality(1)[0].overflowed);
}

TEST_F(Life, the_label_that_explodes_is_named) {
  const auto small = registry.counter({.name = "small_total", .labels = {"x"}}).value();
  const auto large = registry.counter({.name = "large_total", .labels = {"region", "user"}, .max_series = 90}).value();
  small.add({"1"});
  for (int i = 0; i < 100; ++i) large.add({i % 2 ? "a" : "b", std::to_string(i)});
  const auto top = registry.top_cardinality(1);
  ASSERT_EQ(top.size(), 1U);
  EXPECT_EQ(top[0].name, "large_total");
  EXPECT_EQ(top[0].series, 90U) << "the overflow series is not one of them";
  EXPECT_TRUE(top[0].overflowed);
  EXPECT_EQ(top[0].labels[0].name, "user");
  EXPECT_EQ(top[0].labels[0].distinct, 90U);
  EXPECT_EQ(top[0].labels[1].distinct, 2U);
}

TEST_F(Life, texts_that_are_not_utf8_are_mended) {
  const auto meter = registry.counter({.name = "a_total", .labels = {"x"}}).value();
  meter.add({"a\xFF"});
  meter.add({"a\xFF"});
  meter.add({std::string(64 * 1024, 'x')});
  EXPECT_EQ(collect().value("a_total", {"a\xEF\xBF\xBD"}), 2);
  EXPECT_EQ(collect().family("a_total").rows(), 2U);
}

// Every recording is in exactly one life of one series, whatever ends and returns meanwhile.
TEST_F(Life, nothing_is_lost_or_counted_twice_while_series_end_and_return) {
  const auto meter = registry.counter({.name = "a_total", .labels = {"x"}, .max_series = 40}).value();
  constexpr std::uint64_t kThreads = 3, kAdds = 60'000;
  std::atomic<std::uint64_t> running{kThreads}, looks{0};
  std::vector<std::jthread> threads;
  for (std::uint64_t thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      std::mt19937_64 random(thread);
      std::vector<Counter> handles(4);
      for (std::uint64_t i = 0; i < kAdds; ++i) {
        while (looks < i / 1'000) std::this_thread::yield();  // however slow looking is, series end in between
        const std::string x = std::to_string(random() % 50);
        if (i % 7 == 0) handles[random() % 4] = meter.with({x});
        if (i % 3 == 0)
          handles[random() % 4].add();
        else
          meter.add({x});
      }
      --running;
    });
  std::map<std::pair<std::string, std::int64_t>, double> lives;
  std::uint64_t unbound = 0;
  const auto look = [&] {
    ++looks;
    clock.advance(1s);
    registry.expire(1s);
    const Collected collected = collect();
    if (!collected.has("a_total")) return;
    const Family& family = collected.family("a_total");
    for (Row row = 0; row < family.rows(); ++row) {
      std::string key;
      // An empty text is no label: the overflow column comes with the first overflow.
      for (std::size_t i = 0; i < family.labels->columns(); ++i)
        if (const auto text = family.labels->text(i, family.labels->id(row, i)); !text.empty()) key.append(text).append("|");
      double& last = lives[{key, family.start_ns[row]}];
      const double now = std::get<Scalars>(family.points).as_double(row);
      EXPECT_GE(now, last) << key;
      last = now;
    }
    registry.ended_rows_seen(registry.collections());
  };
  while (running > 0) look();
  threads.clear();
  look();
  // What was added by handles that were not bound yet is nowhere: each thread does the same again, only counting.
  for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
    std::mt19937_64 random(thread);
    std::array<bool, 4> bound{};
    for (std::uint64_t i = 0; i < kAdds; ++i) {
      (void)random();
      if (i % 7 == 0) bound[random() % 4] = true;
      if (i % 3 == 0 && !bound[random() % 4]) ++unbound;
    }
  }
  double total = 0;
  for (const auto& [life, value] : lives) total += value;
  EXPECT_EQ(total, static_cast<double>(kThreads * kAdds - unbound));
  EXPECT_GT(lives.size(), 60U) << "series did end and return";
}

}  // namespace
}  // namespace tocsin::meters
