// SPDX-License-Identifier: Apache-2.0
// Who collects a registry on a timer follows it: expiry, and ended rows that wait for the slowest.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "meters/registry.h"
#include "tests/meters/collected.h"

namespace tocsin::meters {
namespace {

using namespace std::chrono_literals;

struct Following : testing::Test {
  ManualClock clock;
  Registry registry{{.idle_after = 1h}, clock};
  Meter<Counter> jobs = registry.counter({.name = "jobs_total", .labels = {"queue"}}).value();

  Collected collect() { return Collected(registry, clock.now()); }
  bool shows(std::string_view queue) {
    const Collected collected = collect();
    return collected.has("jobs_total") && collected.row("jobs_total", {queue});
  }
  // What a tick does.
  Collected tick(Follower& follower) {
    follower.expire();
    Collected collected = collect();
    follower.seen();
    return collected;
  }
  // Ticks of a minute, as many as make up the time.
  void pass(Follower& follower, std::chrono::minutes time) {
    for (auto passed = 0min; passed < time; passed += 1min) {
      clock.advance(1min);
      (void)tick(follower);
    }
  }
};

TEST_F(Following, an_idle_series_ends_within_a_minute_of_its_hour_and_is_dropped_when_seen) {
  const auto follower = registry.follow();
  jobs.declare({"declared"});
  jobs.add({"mail"}, 3);
  pass(*follower, 58min);
  EXPECT_EQ(collect().state("jobs_total", {"mail"}), RowState::Live);
  clock.advance(3min);
  const Collected ended = tick(*follower);
  EXPECT_EQ(ended.state("jobs_total", {"mail"}), RowState::Ended) << "every sink of the tick is shown the end";
  EXPECT_EQ(ended.value("jobs_total", {"mail"}), 3);
  EXPECT_FALSE(shows("mail"));
  EXPECT_EQ(collect().state("jobs_total", {"declared"}), RowState::Live);
}

TEST_F(Following, a_recorded_series_does_not_end) {
  const auto follower = registry.follow();
  const Counter mail = jobs.with({"mail"});
  for (int minute = 0; minute < 180; ++minute) {
    mail.add(1);
    clock.advance(1min);
    EXPECT_EQ(tick(*follower).state("jobs_total", {"mail"}), RowState::Live);
  }
}

TEST_F(Following, an_ended_row_waits_for_the_slowest_follower) {
  const auto fast = registry.follow();
  auto slow = registry.follow();
  jobs.add({"mail"}, 3);
  pass(*fast, 90min);
  EXPECT_EQ(collect().state("jobs_total", {"mail"}), RowState::Ended);
  slow->expire();
  EXPECT_EQ(collect().state("jobs_total", {"mail"}), RowState::Ended);
  slow->seen();
  EXPECT_FALSE(shows("mail"));
}

TEST_F(Following, a_follower_that_is_gone_is_not_waited_for) {
  const auto stays = registry.follow();
  auto leaves = registry.follow();
  jobs.add({"mail"}, 3);
  pass(*stays, 90min);
  EXPECT_TRUE(shows("mail"));
  leaves.reset();
  (void)tick(*stays);
  EXPECT_FALSE(shows("mail"));
}

TEST_F(Following, a_collection_made_before_the_end_shows_it_to_nobody) {
  const auto follower = registry.follow();
  jobs.add({"mail"}, 3);
  pass(*follower, 1min);
  clock.advance(1h);
  (void)collect();
  follower->expire();  // ends it
  follower->seen();    // of nothing: no collection was made since
  EXPECT_EQ(collect().state("jobs_total", {"mail"}), RowState::Ended);
}

TEST_F(Following, a_forked_child_waits_for_none_of_its_parents_followers) {
  const auto parents = registry.follow();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);
    const auto own = registry.follow();
    jobs.add({"mail"}, 3);
    pass(*own, 90min);
    ::_exit(shows("mail") ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Follower, zero_means_never) {
  ManualClock clock;
  Registry registry({.idle_after = 0s}, clock);
  const auto jobs = registry.counter({.name = "jobs_total", .labels = {"queue"}}).value();
  jobs.add({"mail"}, 3);
  const auto follower = registry.follow();
  for (int day = 0; day < 3; ++day) {
    clock.advance(24h);
    follower->expire();
    EXPECT_EQ(Collected(registry, clock.now()).state("jobs_total", {"mail"}), RowState::Live);
    follower->seen();
  }
}

TEST(Registry, collections_at_once_take_turns_and_no_observed_series_seems_to_end) {
  Registry registry;
  const auto depth = registry.observable_gauge({.name = "depth", .labels = {"queue"}},
                                               [](Observer& observer) { observer.observe({"mail"}, 3); });
  ASSERT_TRUE(depth.ok());
  std::atomic<int> ended{0};
  const auto collect_often = [&] {
    for (int i = 0; i < 500; ++i) {
      const Collected collected(registry);
      if (!collected.has("depth") || collected.state("depth", {"mail"}) != RowState::Live) ++ended;
    }
  };
  {
    const std::jthread one(collect_often), two(collect_often);
  }
  EXPECT_EQ(ended.load(), 0);
  EXPECT_EQ(registry.collections(), 1000U);
}

}  // namespace
}  // namespace tocsin::meters
