// SPDX-License-Identifier: Apache-2.0
// Threads that come and go, more threads than arenas, budgets, fork, and recording before main and after exit().
#include "meters/arena.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <cstdlib>
#include <thread>

#include "meters/registry.h"
#include "tests/meters/collected.h"

namespace tocsin::meters {
namespace {

// A counter that is bound and used before main, and used again when static objects are destroyed.
struct Early {
  Early() { counter.add(); }
  ~Early() {
    if (!armed) return;
    counter.add();
    std::jthread([this] { counter.add(); }).join();
    Registry::global().counter({.name = "late_total"}).value().with({}).add();
    const Collected collected(Registry::global());
    // What was counted before main is the parent's: this runs in the fork of a death test.
    _exit(collected.value("early_total", {}) == 2 && collected.value("late_total", {}) == 1 ? 0 : 1);
  }
  Counter counter = Registry::global().counter({.name = "early_total"}).value().with({});
  bool armed = false;
};
Early early;

TEST(StaticObjects, record_before_main_and_after_exit) {
  EXPECT_EQ(Collected(Registry::global()).value("early_total", {}), 1);
  EXPECT_EXIT(
      {
        early.armed = true;
        std::exit(9);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Arenas, ten_thousand_short_threads_leave_memory_flat) {
  Registry registry;
  const Counter counter = registry.counter({.name = "a_total"}).value().with({});
  std::jthread([&] { counter.add(); }).join();
  const ArenaUsage before = arena_usage();
  for (int i = 0; i < 9'999; ++i) std::jthread([&] { counter.add(); }).join();
  EXPECT_EQ(arena_usage().arenas, before.arenas);
  EXPECT_EQ(arena_usage().private_bytes, before.private_bytes);
  EXPECT_EQ(Collected(registry).value("a_total", {}), 10'000);
}

TEST(Arenas, more_threads_than_arenas_count_right) {
  Registry registry;
  const auto counters = registry.counter({.name = "a_total", .labels = {"x"}}).value();
  const auto histograms = registry.histogram({.name = "h", .labels = {"x"}}).value();
  const Counter counter = counters.with({"1"});
  constexpr int kThreads = 100, kAdds = 500;
  {
    std::barrier all(kThreads);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        counter.add();
        all.arrive_and_wait();  // all at once: the arenas do not suffice
        for (int j = 1; j < kAdds; ++j) {
          counter.add();
          counters.add({"2"});
          histograms.observe({"1"}, j);
        }
        all.arrive_and_wait();
      });
  }
  EXPECT_LE(arena_usage().arenas, kArenas);
  const Collected collected(registry);
  EXPECT_EQ(collected.value("a_total", {"1"}), kThreads * kAdds);
  EXPECT_EQ(collected.value("a_total", {"2"}), kThreads * (kAdds - 1));
  EXPECT_EQ(std::get<Histograms>(collected.family("h").points).count(0), kThreads * (kAdds - 1U));
}

// Every thread records into every series; memory stays within what arena.h says, and the totals are right.
void record_all_on_all(std::size_t threads, std::vector<double> bounds, std::size_t series) {
  Registry registry({.max_series_per_family = 10'000});
  const std::size_t buckets = bounds.size() + 1;
  const auto meter = registry.histogram({.name = "h", .labels = {"x"}}, {.bounds = std::move(bounds)}).value();
  std::vector<Histogram> histograms;
  for (std::size_t i = 0; i < series; ++i) histograms.push_back(meter.with({std::to_string(i)}));
  {
    std::barrier all(static_cast<std::ptrdiff_t>(threads));
    std::vector<std::jthread> running;
    for (std::size_t i = 0; i < threads; ++i)
      running.emplace_back([&] {
        for (const Histogram& histogram : histograms) histogram.observe(3);
        all.arrive_and_wait();
      });
  }
  EXPECT_LE(arena_usage().private_bytes, kArenaBudgetBytes);
  const Collected collected(registry);
  const auto& points = std::get<Histograms>(collected.family("h").points);
  ASSERT_EQ(points.counts.size(), series * buckets);
  for (Row row = 0; row < series; ++row) {
    ASSERT_EQ(points.count(row), threads) << row;
    ASSERT_EQ(points.sums[row], 3.0 * static_cast<double>(threads));
  }
}

TEST(Arenas, a_histogram_of_2000_series_on_64_threads_is_bounded) {
  record_all_on_all(64, {std::begin(kDefaultBounds), std::end(kDefaultBounds)}, 2'000);
}

TEST(Arenas, beyond_the_budget_the_shared_arena_serves) {
  std::vector<double> bounds;
  for (int i = 0; i < 400; ++i) bounds.push_back(i);
  record_all_on_all(48, bounds, 1'500);  // 48 x 4.6 MiB
  EXPECT_GT(arena_usage().private_bytes, kArenaBudgetBytes / 2);
}

// Runs check in a child and returns its exit status: 0 where it returned true.
template <class Check>
int in_child(Check check) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    _exit(check() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST(Fork, a_child_starts_clean_and_counts_its_own) {
  ManualClock clock;
  Registry registry({}, clock);
  const auto meter = registry.counter({.name = "a_total", .labels = {"x"}}).value();
  const Counter counter = meter.with({"1"});
  const auto histograms = registry.histogram({.name = "h"}, {.bounds = {1}, .native = true}).value();
  const Gauge gauge = registry.gauge({.name = "g"}).value().with({});
  counter.add(5);
  std::jthread([&] { counter.add(7); }).join();
  histograms.with({}).observe(3, ExemplarContext{{1}, {2}});
  gauge.set(4);
  registry.double_counter({.name = "d_total"}).value().with({}).add(-1);  // dropped
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(in_child([&] {
              const Collected clean(registry, clock.now());
              const auto& points = std::get<Histograms>(clean.family("h").points);
              bool fine = clean.value("a_total", {"1"}) == 0 && points.count(0) == 0 && points.sums[0] == 0 &&
                          points.native[0].positive.empty() && clean.family("h").exemplars.empty() &&
                          clean.value("g", {}) == 0 && registry.dropped(Drop::Negative) == 0 &&
                          clean.family("a_total").start_ns[0] == to_unix_ns(clock.now());
              counter.add(2);
              meter.add({"1"});
              meter.add({"new"});
              std::jthread([&] { counter.add(); }).join();
              histograms.with({}).observe(3);
              const Collected own(registry, clock.now());
              return fine && own.value("a_total", {"1"}) == 4 && own.value("a_total", {"new"}) == 1 &&
                     std::get<Histograms>(own.family("h").points).count(0) == 1;
            }),
            0);
  const Collected parent(registry, clock.now());
  EXPECT_EQ(parent.value("a_total", {"1"}), 12);
  EXPECT_EQ(parent.value("g", {}), 4);
  EXPECT_EQ(parent.family("h").exemplars.size(), 1U);
}

TEST(Fork, while_other_threads_record_and_collect) {
  Registry registry;
  const auto meter = registry.counter({.name = "a_total", .labels = {"x"}}).value();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&](const std::stop_token& stop) {
        for (int j = 0; !stop.stop_requested(); ++j) meter.add({std::to_string(j % 3'000)});
      });
    threads.emplace_back([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        (void)Collected(registry);
        registry.expire(std::chrono::hours(1));
      }
    });
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(in_child([&] {
                  meter.add({"1"}, 3);
                  meter.add({"in the child"});
                  registry.expire(std::chrono::hours(1));
                  return Collected(registry).sum("a_total") == 4;
                }),
                0);
  }
}

}  // namespace
}  // namespace tocsin::meters
