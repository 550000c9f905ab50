// SPDX-License-Identifier: Apache-2.0
#include "exporters/expose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>

#include "meters/registry.h"
#include "tests/wire/socket_client.h"

namespace tocsin::exporters {
namespace {

using ::testing::HasSubstr;

std::string get(const Expose& endpoint, const std::string& target, const std::string& headers = "") {
  wire::SocketClient client(endpoint.port());
  client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
  return client.read_all();
}

TEST(Expose, a_registry_is_scraped) {
  meters::Registry registry;
  auto jobs = registry.counter({.name = "jobs", .unit = "{job}", .help = "Jobs done.", .labels = {"queue"}});
  ASSERT_TRUE(jobs.ok()) << jobs.error().message;
  jobs->with({"mail"}).add(3);
  auto endpoint = Expose::start(registry, {.listen = "127.0.0.1:0"});
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().message;
  EXPECT_THAT(get(**endpoint, "/metrics"),
              HasSubstr("# HELP jobs_total Jobs done.\n# TYPE jobs_total counter\njobs_total{queue=\"mail\"} 3\n"));
  EXPECT_THAT(get(**endpoint, "/metrics", "Accept: application/openmetrics-text;version=1.0.0\r\n"),
              HasSubstr("# EOF\n"));
  EXPECT_THAT(get(**endpoint, "/metrics?match[]=jobs_total{queue=~\"m.*\"}"), HasSubstr("HTTP/1.1 400"));
  EXPECT_THAT(get(**endpoint, "/"), HasSubstr("metrics are at /metrics"));
  EXPECT_EQ((*endpoint)->totals().scrapes, 2U);
}

TEST(Expose, idle_series_expire_though_nobody_scrapes) {
  using namespace std::chrono_literals;
  ManualClock clock;
  meters::Registry registry({}, clock);
  registry.counter({.name = "jobs", .labels = {"queue"}}).value().add({"mail"});
  auto endpoint = Expose::start(registry, {.listen = "127.0.0.1:0", .tick = 1ms});
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().message;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (registry.series() != 0 && std::chrono::steady_clock::now() < deadline) {
    clock.advance(1min);
    std::this_thread::yield();
  }
  EXPECT_EQ(registry.series(), 0U);
}

TEST(Expose, a_taken_port_is_told_and_harms_nothing) {
  meters::Registry registry;
  auto first = Expose::start(registry, {.listen = "127.0.0.1:0"});
  ASSERT_TRUE(first.ok()) << first.error().message;
  auto second = Expose::start(registry, {.listen = (*first)->address()});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().fault, Fault::Environment);
  EXPECT_THAT(second.error().message, HasSubstr((*first)->address()));
  (*first)->stop();
  (*first)->stop();
}

TEST(Expose, a_path_without_slash_is_refused) {
  meters::Registry registry;
  EXPECT_FALSE(Expose::start(registry, {.listen = "127.0.0.1:0", .path = "metrics"}).ok());
}

struct Throwing final : meters::Source {
  struct Nothing final : meters::Follower {
    void expire() override {}
    void seen() override {}
  };
  std::atomic<int> asked{0};
  void collect(meters::SnapshotBuilder&) override {
    ++asked;
    throw std::runtime_error("disk gone");
  }
  std::unique_ptr<meters::Follower> follow() override { return std::make_unique<Nothing>(); }
};

TEST(Expose, a_source_that_throws_is_told_and_harms_nothing) {
  using namespace std::chrono_literals;
  Throwing source;
  auto endpoint = Expose::start(source, {.listen = "127.0.0.1:0", .tick = 1ms});
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().message;
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (source.asked < 3 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_GE(source.asked, 3) << "it goes on";
  EXPECT_THAT(get(**endpoint, "/metrics"), ::testing::AllOf(HasSubstr("HTTP/1.1 500"), HasSubstr("disk gone")));
}

TEST(Expose, times_below_zero_are_refused) {
  using namespace std::chrono_literals;
  meters::Registry registry;
  EXPECT_FALSE(Expose::start(registry, {.listen = "127.0.0.1:0", .tick = -1s}).ok());
  EXPECT_FALSE(Expose::start(registry, {.listen = "127.0.0.1:0", .max_age = -1ms}).ok());
}

TEST(Expose, a_forked_child_is_not_harmed) {
  meters::Registry registry;
  auto endpoint = Expose::start(registry, {.listen = "127.0.0.1:0"});
  ASSERT_TRUE(endpoint.ok()) << endpoint.error().message;
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(10);  // hanging would be the fault
    (*endpoint)->stop();
    endpoint->reset();
    ::_exit(7);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
  EXPECT_THAT(get(**endpoint, "/metrics"), HasSubstr("HTTP/1.1 200")) << "the parent goes on";
}

}  // namespace
}  // namespace tocsin::exporters
