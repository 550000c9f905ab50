// SPDX-License-Identifier: Apache-2.0
#include "meters/registry.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/meters/collected.h"

namespace tocsin::meters {
namespace {

using namespace std::chrono_literals;

TEST(Registry, a_counter_is_collected) {
  ManualClock clock;
  Registry registry({}, clock);
  const Meter<Counter> jobs = registry.counter({.name = "jobs_total", .unit = "{job}", .help = "Jobs.", .labels = {"queue"}}).value();
  const Counter mail = jobs.with({"mail"});
  mail.add();
  mail.add(2);
  jobs.add({"mail"}, 4);
  jobs.add({"print"});
  Collected collected(registry, clock.now());
  EXPECT_EQ(collected.value("jobs_total", {"mail"}), 7);
  EXPECT_EQ(collected.value("jobs_total", {"print"}), 1);
  const Family& family = collected.family("jobs_total");
  EXPECT_EQ(family.descriptor->unit, "{job}");
  EXPECT_EQ(family.descriptor->kind, Kind::Counter);
  EXPECT_EQ(family.start_ns, std::vector<std::int64_t>(2, to_unix_ns(clock.now())));
}

TEST(Registry, every_kind_of_number) {
  ManualClock clock;
  Registry registry({}, clock);
  registry.double_counter({.name = "spent_total"}).value().with({}).add(0.25);
  const UpDownCounter active = registry.up_down_counter({.name = "active"}).value().with({});
  active.add(5);
  std::jthread([&] { active.add(-7); }).join();
  registry.double_up_down_counter({.name = "level"}).value().with({}).add(-0.5);
  registry.gauge({.name = "depth"}).value().with({}).set(1.5);
  const IntegerGauge size = registry.integer_gauge({.name = "size"}).value().with({});
  size.set(-3);
  size.add(1);
  Collected collected(registry, clock.now());
  EXPECT_EQ(collected.value("spent_total", {}), 0.25);
  EXPECT_EQ(collected.value("active", {}), -2);
  EXPECT_EQ(collected.value("level", {}), -0.5);
  EXPECT_EQ(collected.value("depth", {}), 1.5);
  EXPECT_EQ(collected.value("size", {}), -2);
}

TEST(Registry, declared_sets_and_meters_without_labels_stand_at_zero) {
  Registry registry;
  const auto jobs = registry.counter({.name = "jobs_total", .labels = {"queue", "state"}}).value();
  jobs.declare({"mail", "ok"});
  (void)registry.counter({.name = "runs_total"}).value();
  Collected collected(registry);
  EXPECT_EQ(collected.value("jobs_total", {"mail", "ok"}), 0);
  EXPECT_EQ(collected.value("runs_total", {}), 0);
}

TEST(Registry, what_cannot_be_recorded_is_dropped_and_counted) {
  Registry registry;
  registry.counter({.name = "a_total"}).value().with({}).add(-1);
  const auto b = registry.double_counter({.name = "b_total", .labels = {"x"}}).value();
  b.with({"1"}).add(std::numeric_limits<double>::quiet_NaN());
  b.with({"1"}).add(std::numeric_limits<double>::infinity());
  b.with({"1"}).add(-0.5);
  b.add({"1", "2"}, 1);
  registry.gauge({.name = "c"}).value().with({}).set(-std::numeric_limits<double>::infinity());
  Collected collected(registry);
  EXPECT_EQ(collected.value("a_total", {}), 0);
  EXPECT_EQ(collected.value("b_total", {"1"}), 0);
  EXPECT_EQ(collected.value("tocsin_dropped_measurements_total", {"negative"}), 2);
  EXPECT_EQ(collected.value("tocsin_dropped_measurements_total", {"not_a_number"}), 1);
  EXPECT_EQ(collected.value("tocsin_dropped_measurements_total", {"infinite"}), 2);
  EXPECT_EQ(collected.value("tocsin_dropped_measurements_total", {"wrong_labels"}), 1);
}

TEST(Registry, declaring_alike_gives_the_same_meter) {
  Registry registry;
  const auto first = registry.counter({.name = "jobs_total", .labels = {"queue"}}).value();
  const auto second = registry.counter({.name = "Jobs_Total", .labels = {"queue"}}).value();
  first.add({"a"});
  second.add({"a"});
  Collected collected(registry);
  EXPECT_EQ(collected.value("jobs_total", {"a"}), 2);
}

TEST(Registry, declaring_otherwise_names_both_places) {
  Registry registry;
  const int line = __LINE__ + 1;
  (void)registry.counter({.name = "jobs_total", .labels = {"queue"}}).value();
  const auto told = [](const auto& result) { return result.ok() ? std::string("no error") : result.error().message; };
  const std::string there = "registry_test.cpp:" + std::to_string(line);
  for (const std::string& message :
       {told(registry.gauge({.name = "jobs_total", .labels = {"queue"}})),
        told(registry.double_counter({.name = "jobs_total", .labels = {"queue"}})),
        told(registry.counter({.name = "jobs_total", .unit = "s", .labels = {"queue"}})),
        told(registry.counter({.name = "jobs_total", .labels = {"queue", "x"}})),
        told(registry.gauge({.name = "jobs"})), told(registry.counter({.name = "jobs.total"}))}) {
    EXPECT_NE(message.find(there), std::string::npos) << message;
    EXPECT_NE(message.find("registry_test.cpp:"), message.rfind("registry_test.cpp:")) << message;
  }
}

TEST(Registry, the_grammar_is_checked) {
  Registry registry;
  EXPECT_EQ(registry.counter({.name = "9lives"}).error().fault, Fault::Configuration);
  EXPECT_NE(registry.counter({.name = "a b"}).error().message.find("character 2"), std::string::npos);
  EXPECT_FALSE(registry.counter({.name = "a", .labels = {"x-y"}}).ok());
  EXPECT_FALSE(registry.gauge({.name = "___"}).ok());
  EXPECT_FALSE(registry.counter({.name = "a", .labels = {"__x"}}).ok());
  EXPECT_FALSE(registry.counter({.name = "a", .labels = {"x", "x"}}).ok());
  EXPECT_FALSE(registry.counter({.name = "a", .labels = {"x.y", "x_y"}}).ok());
  EXPECT_FALSE(registry.counter({.name = "a", .unit = "\xC2\xB5s"}).ok());
  EXPECT_TRUE(registry.counter({.name = "http.server.requests", .labels = {"http.route"}}).ok());
}

TEST(Registry, names_that_it_exposes_itself_are_its_own) {
  Registry registry;
  for (const char* name : {"tocsin_dropped_measurements_total", "tocsin_dropped_measurements", "target_info"}) {
    const auto taken = registry.gauge({.name = name});
    ASSERT_FALSE(taken.ok()) << name;
    EXPECT_NE(taken.error().message.find("the registry's own"), std::string::npos) << taken.error().message;
  }
  Registry quiet({.collect_dropped = false});
  EXPECT_TRUE(quiet.gauge({.name = "tocsin_dropped_measurements_total"}).ok());
}

TEST(Registry, a_function_that_is_none_is_refused) {
  Registry registry;
  const auto observed = registry.observable_gauge({.name = "depth"}, nullptr);
  ASSERT_FALSE(observed.ok());
  EXPECT_NE(observed.error().message.find("registry_test.cpp"), std::string::npos) << observed.error().message;
}

TEST(Registry, handles_outlive_it) {
  Counter counter;
  Meter<Counter> meter;
  counter.add();  // bound to nothing: nothing comes of it
  meter.add({"x"});
  {
    Registry registry;
    meter = registry.counter({.name = "a_total", .labels = {"x"}}).value();
    counter = meter.with({"1"});
  }
  counter.add();
  meter.add({"1"});
  meter.add({"2"});
  const Counter copy = counter;
  copy.add();
}

}  // namespace
}  // namespace tocsin::meters
