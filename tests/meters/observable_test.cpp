// SPDX-License-Identifier: Apache-2.0
#include "meters/observable.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <stdexcept>
#include <thread>

#include "meters/registry.h"
#include "tests/meters/collected.h"

namespace tocsin::meters {
namespace {

using namespace std::chrono_literals;

TEST(Observable, a_callback_is_asked_at_each_collection) {
  Registry registry;
  double depth = 3;
  int asked = 0;
  const Observation observation = registry
                                      .observable_gauge({.name = "depth", .labels = {"queue"}},
                                                        [&](Observer& observer) {
                                                          ++asked;
                                                          observer.observe({"mail"}, depth);
                                                        })
                                      .value();
  EXPECT_EQ(Collected(registry).value("depth", {"mail"}), 3);
  depth = -4;
  EXPECT_EQ(Collected(registry).value("depth", {"mail"}), -4);
  EXPECT_EQ(asked, 2);
}

TEST(Observable, it_may_use_the_registry_itself) {
  Registry registry;
  const auto counted = registry.counter({.name = "asked_total"}).value();
  const Observation observation =
      registry
          .observable_counter({.name = "sum_total"},
                              [&](Observer& observer) {
                                counted.with({}).add();
                                (void)registry.top_cardinality(3);
                                observer.observe({}, 10);
                                (void)registry.gauge({.name = "declared_within"}).value();
                              })
          .value();
  EXPECT_EQ(Collected(registry).value("sum_total", {}), 10);
  EXPECT_EQ(Collected(registry).value("asked_total", {}), 1);
}

TEST(Observable, what_is_not_observed_any_more_ends) {
  ManualClock clock;
  Registry registry({}, clock);
  bool both = true;
  const Observation observation = registry
                                      .observable_counter({.name = "seen_total", .labels = {"x"}},
                                                          [&](Observer& observer) {
                                                            observer.observe({"1"}, 5);
                                                            if (both) observer.observe({"2"}, 6);
                                                          })
                                      .value();
  const auto collect = [&] {
    clock.advance(1s);
    return Collected(registry, clock.now());
  };
  (void)collect();
  both = false;
  const Collected ended = collect();
  EXPECT_EQ(ended.state("seen_total", {"2"}), RowState::Ended);
  EXPECT_EQ(ended.value("seen_total", {"2"}), 6);
  EXPECT_EQ(collect().state("seen_total", {"2"}), RowState::Ended);
  registry.ended_rows_seen(registry.collections());
  EXPECT_EQ(collect().family("seen_total").rows(), 1U);
  EXPECT_EQ(registry.series(), 1U);
  both = true;
  const Collected back = collect();
  EXPECT_EQ(back.state("seen_total", {"2"}), RowState::Live);
  EXPECT_GT(back.family("seen_total").start_ns[1], ended.family("seen_total").start_ns[1]);
}

TEST(Observable, a_counter_that_falls_began_anew) {
  ManualClock clock;
  Registry registry({}, clock);
  double value = 10;
  const Observation observation =
      registry.observable_counter({.name = "a_total"}, [&](Observer& observer) { observer.observe({}, value); }).value();
  const std::int64_t first = Collected(registry, clock.now()).family("a_total").start_ns[0];
  clock.advance(1min);
  value = 12;
  EXPECT_EQ(Collected(registry, clock.now()).family("a_total").start_ns[0], first);
  const Time before = clock.now();
  clock.advance(1min);
  value = 1;
  EXPECT_EQ(Collected(registry, clock.now()).family("a_total").start_ns[0], to_unix_ns(before));
}

TEST(Observable, a_counter_that_was_there_before_says_since_when) {
  ManualClock clock;
  Registry registry({}, clock);
  const Time boot = clock.now() - 5h;
  double value = 1e6;
  const Observation observation = registry.observable_counter({.name = "a_total"}, [&](Observer& observer) {
    observer.since(boot);
    observer.observe({}, value);
  }).value();
  EXPECT_EQ(Collected(registry, clock.now()).family("a_total").start_ns[0], to_unix_ns(boot));
  const Time before = clock.now();
  clock.advance(1min);
  value = 1;  // it began again after the collection before
  EXPECT_EQ(Collected(registry, clock.now()).family("a_total").start_ns[0], to_unix_ns(before));
}

TEST(Observable, wrong_values_callbacks_that_throw_and_caps) {
  Registry registry;
  const Observation wrong = registry
                                .observable_counter({.name = "a_total", .labels = {"x"}, .max_series = 2},
                                                    [](Observer& observer) {
                                                      observer.observe({"1"}, -1);
                                                      observer.observe({"1"}, std::nan(""));
                                                      observer.observe({"1", "2"}, 1);
                                                      for (const char* x : {"3", "4", "5", "6"}) observer.observe({x}, 1);
                                                    })
                                .value();
  const Observation throws =
      registry.observable_gauge({.name = "b"}, [](Observer&) { throw std::runtime_error("no"); }).value();
  const Collected collected(registry);
  EXPECT_EQ(collected.family("a_total").rows(), 3U);
  EXPECT_EQ(collected.value("a_total", {"", "true"}), 2);
  EXPECT_EQ(registry.dropped(Drop::Negative), 1U);
  EXPECT_EQ(registry.dropped(Drop::NotANumber), 1U);
  EXPECT_EQ(registry.dropped(Drop::WrongLabels), 1U);
  EXPECT_EQ(registry.dropped(Drop::CallbackFailed), 1U);
  EXPECT_FALSE(collected.has("b"));
  EXPECT_FALSE(registry.counter({.name = "a_total", .labels = {"x"}}).ok()) << "it is another kind";
}

TEST(Observable, ending_an_observation_waits_for_its_callback) {
  Registry registry;
  std::atomic<bool> inside{false}, gone{false};
  std::atomic<int> after{0};
  {
    Observation observation = registry
                                  .observable_gauge({.name = "g"},
                                                    [&](Observer& observer) {
                                                      inside = true;
                                                      inside.notify_all();
                                                      for (int i = 0; i < 1000; ++i) std::this_thread::yield();
                                                      if (gone) ++after;
                                                      observer.observe({}, 1);
                                                    })
                                  .value();
    const std::jthread collecting([&] { (void)Collected(registry); });
    inside.wait(false);
    observation = Observation();
    gone = true;
  }
  (void)Collected(registry);
  EXPECT_EQ(after, 0);
}

TEST(Observable, an_observation_may_end_itself_and_outlive_the_registry) {
  Observation outlives;
  {
    Registry registry;
    Observation ends_itself;
    ends_itself = registry
                      .observable_gauge({.name = "g"},
                                        [&](Observer& observer) {
                                          observer.observe({}, 1);
                                          ends_itself = Observation();
                                        })
                      .value();
    EXPECT_TRUE(Collected(registry).has("g"));
    outlives = registry.observable_gauge({.name = "h"}, [](Observer&) {}).value();
  }
}

TEST(OncePerCollection, what_several_meters_share_is_read_once_a_collection) {
  Registry registry;
  int readings = 0;
  struct Reading {
    explicit Reading(int& count) : number(++count) {}
    int number;
  };
  OncePerCollection<Reading> shared;
  std::vector<Observation> observations;
  for (const char* name : {"first", "second", "third"}) {
    auto observation = registry.observable_gauge(
        {.name = name}, [&](Observer& observer) { observer.observe({}, shared.get(observer, readings).number); });
    ASSERT_TRUE(observation.ok());
    observations.push_back(std::move(*observation));
  }
  for (int collection = 1; collection <= 3; ++collection) {
    const Collected collected(registry);
    for (const char* name : {"first", "second", "third"}) EXPECT_EQ(collected.value(name, {}), collection);
  }
  EXPECT_EQ(readings, 3);
}

}  // namespace
}  // namespace tocsin::meters
