// SPDX-License-Identifier: Apache-2.0
#include "meters/histogram.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <random>
#include <thread>

#include "meters/exponential_histogram.h"
#include "meters/registry.h"
#include "meters/timer.h"
#include "tests/meters/collected.h"

namespace tocsin::meters {
namespace {

using namespace std::chrono_literals;

const Histograms& points(const Collected& collected, std::string_view name) {
  return std::get<Histograms>(collected.family(name).points);
}

TEST(Histogram, buckets_and_sum) {
  Registry registry;
  const auto sizes = registry.histogram({.name = "size", .unit = "By", .labels = {"x"}}, {.bounds = {10, 100}}).value();
  const Histogram one = sizes.with({"1"});
  one.observe(10);
  one.observe(10.5);
  one.observe(1e9);
  sizes.observe({"1"}, 0);
  sizes.observe({"2"}, 99);
  Collected collected(registry);
  const Histograms& seen = points(collected, "size_bytes");
  const Row row = collected.the_row("size_bytes", {"1"});
  EXPECT_EQ(*seen.bounds, (std::vector<double>{10, 100}));
  EXPECT_EQ(std::vector<std::uint64_t>(seen.counts.begin() + row * 3, seen.counts.begin() + row * 3 + 3),
            (std::vector<std::uint64_t>{2, 1, 1}));
  EXPECT_EQ(seen.count(row), 4U);
  EXPECT_EQ(seen.sums[row], 10 + 10.5 + 1e9);
  EXPECT_TRUE(seen.native.empty());
  EXPECT_EQ(seen.sums[collected.the_row("size_bytes", {"2"})], 99);
}

TEST(Histogram, the_default_bounds_are_opentelemetrys) {
  Registry registry;
  registry.histogram({.name = "h"}).value().with({}).observe(3);
  EXPECT_EQ(*points(Collected(registry), "h").bounds,
            (std::vector<double>{0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000}));
}

TEST(Histogram, what_is_not_a_measurement_is_dropped_and_counted) {
  Registry registry;
  const Histogram all = registry.histogram({.name = "h"}).value().with({});
  all.observe(-1);
  all.observe(std::nan(""), ExemplarContext{});
  all.observe(HUGE_VAL);
  registry.histogram({.name = "level"}, {.bounds = {-5, 5}}).value().with({}).observe(-7);
  EXPECT_EQ(registry.dropped(Drop::Negative), 1U);
  EXPECT_EQ(registry.dropped(Drop::NotANumber), 1U);
  EXPECT_EQ(registry.dropped(Drop::Infinite), 1U);
  Collected collected(registry);
  EXPECT_EQ(points(collected, "h").count(0), 0U);
  EXPECT_EQ(points(collected, "level").counts, (std::vector<std::uint64_t>{1, 0, 0}));
}

TEST(Histogram, shapes_are_checked) {
  Registry registry;
  EXPECT_NE(registry.histogram({.name = "h"}, {.bounds = {2, 1}}).error().message.find("bound 2"), std::string::npos);
  EXPECT_FALSE(registry.histogram({.name = "h", .labels = {"le"}}).ok());
  (void)registry.histogram({.name = "h"}, {.bounds = {1}}).value();
  EXPECT_NE(registry.histogram({.name = "h"}, {.bounds = {1, 2}}).error().message.find("buckets is \"1, 2\" here and \"1\" there"),
            std::string::npos);
  EXPECT_FALSE(registry.exponential_histogram({.name = "h"}).ok());
  EXPECT_FALSE(registry.counter({.name = "h_count"}).ok()) << "the histogram writes that name";
}

// What one histogram at the final scale would hold.
void expect_exact(const NativeHistogram& got, const std::vector<double>& values) {
  NativeHistogram wanted;
  wanted.scale = got.scale;
  for (const double value : values) {
    NativeHistogram one;
    one.scale = got.scale;
    if (value == 0) {
      one.zero_count = 1;
    } else {
      one.positive_offset = exponential_index(value, got.scale);
      one.positive = {1};
    }
    merge(wanted, one, 100'000);
  }
  EXPECT_EQ(got.zero_count, wanted.zero_count);
  EXPECT_EQ(got.positive_offset, wanted.positive_offset);
  EXPECT_EQ(got.positive, wanted.positive);
}

TEST(ExponentialInstrument, one_value_has_the_largest_scale) {
  Registry registry;
  registry.exponential_histogram({.name = "h"}).value().with({}).observe(1234.5);
  const Collected collected(registry);
  const Histograms& seen = points(collected, "h");
  EXPECT_TRUE(seen.bounds->empty());
  EXPECT_EQ(seen.native[0].scale, 20);
  EXPECT_EQ(seen.native[0].positive, std::vector<std::uint64_t>{1});
  EXPECT_EQ(seen.counts, std::vector<std::uint64_t>{1});
  EXPECT_EQ(seen.min[0], 1234.5);
  EXPECT_EQ(seen.max[0], 1234.5);
}

// Declared rows have buckets a thread, others share theirs: the result is the same.
class ExponentialThreads : public testing::TestWithParam<bool> {};

TEST_P(ExponentialThreads, every_value_is_in_its_bucket) {
  Registry registry;
  const auto meter = registry.exponential_histogram({.name = "h", .labels = {"x"}}).value();
  if (GetParam()) meter.declare({"1"});
  (void)meter.with({"1"});
  constexpr int kThreads = 4, kValues = 5'000;
  std::vector<std::vector<double>> values(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    std::mt19937_64 random(static_cast<unsigned>(i));
    std::lognormal_distribution<double> latency(3.0 * i, 1 + i);
    for (int j = 0; j < kValues; ++j) values[static_cast<std::size_t>(i)].push_back(j % 100 == 0 ? 0 : latency(random));
  }
  std::vector<std::jthread> threads;
  std::atomic<bool> done{false};
  std::jthread reader([&] {
    std::uint64_t last = 0;
    while (!done) {
      const Collected collected(registry);
      const std::uint64_t now = points(collected, "h").counts[0];
      EXPECT_GE(now, last);
      last = now;
    }
  });
  for (const auto& mine : values)
    threads.emplace_back([&meter, &mine] {
      const Histogram histogram = meter.with({"1"});
      for (const double value : mine) histogram.observe(value);
    });
  for (auto& thread : threads) thread.join();
  done = true;
  reader.join();
  std::vector<double> all;
  for (const auto& mine : values) all.insert(all.end(), mine.begin(), mine.end());
  const Collected collected(registry);
  const Histograms& seen = points(collected, "h");
  ASSERT_EQ(seen.counts[0], all.size());
  EXPECT_LE(seen.native[0].positive.size(), kExponentialBuckets);
  expect_exact(seen.native[0], all);
  EXPECT_EQ(seen.min[0], 0);
  EXPECT_EQ(seen.max[0], *std::max_element(all.begin(), all.end()));
}
INSTANTIATE_TEST_SUITE_P(DeclaredOrNot, ExponentialThreads, testing::Bool());

TEST(Histogram, classic_and_native_at_once) {
  Registry registry;
  const auto meter = registry.histogram({.name = "h", .labels = {"x"}}, {.bounds = {1, 10}, .native = true}).value();
  meter.declare({"1"});
  meter.with({"1"}).observe(5);
  meter.observe({"1"}, 0.5);
  meter.observe({"2"}, 20);
  const Collected collected(registry);
  const Histograms& seen = points(collected, "h");
  const Row row = collected.the_row("h", {"1"});
  EXPECT_EQ(seen.counts[row * 3 + 0], 1U);
  EXPECT_EQ(seen.counts[row * 3 + 1], 1U);
  EXPECT_EQ(count(seen.native[row]), 2U);
  EXPECT_EQ(count(seen.native[collected.the_row("h", {"2"})]), 1U);
}

TEST(Histogram, exemplars_one_a_bucket) {
  ManualClock clock;
  Registry registry({}, clock);
  const Histogram all = registry.histogram({.name = "h"}, {.bounds = {1, 10}}).value().with({});
  ExemplarContext first, second;
  first.trace_id[0] = 7;
  second.trace_id[15] = 9;
  second.span_id[3] = 4;
  all.observe(5, first);
  clock.advance(1s);
  all.observe(7, second);
  all.observe(0.5, first);
  all.observe(100);
  const Collected collected(registry, clock.now());
  const auto& kept = collected.family("h").exemplars;
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].bucket, 0U);
  EXPECT_EQ(kept[0].value, 0.5);
  EXPECT_EQ(kept[1].bucket, 1U);
  EXPECT_EQ(kept[1].value, 7);
  EXPECT_EQ(kept[1].trace_id, second.trace_id);
  EXPECT_EQ(kept[1].span_id, second.span_id);
  EXPECT_EQ(kept[1].time, clock.now());
  EXPECT_EQ(points(collected, "h").count(0), 4U);
}

TEST(Timer, records_in_the_histograms_unit) {
  Registry registry;
  const Histogram us = registry.histogram({.name = "t", .unit = "us"}).value().with({});
  std::chrono::nanoseconds passed;
  {
    Timer timer(us);
    passed = timer.stop();
  }
  { Timer(us).cancel(); }
  const Collected collected(registry);
  const Histograms& seen = points(collected, "t_microseconds");
  EXPECT_EQ(seen.count(0), 1U);
  EXPECT_DOUBLE_EQ(seen.sums[0], static_cast<double>(passed.count()) * 1e-3);
}

TEST(Histogram, unbound_handles_are_harmless) {
  const Histogram nowhere;
  nowhere.observe(1);
  nowhere.observe(1, ExemplarContext{});
  Meter<Histogram>{}.observe({"x"}, 1);
  Registry registry;
  registry.exponential_histogram({.name = "h", .labels = {"x"}}).value().with({"too", "many"}).observe(3);
  EXPECT_EQ(registry.dropped(Drop::WrongLabels), 1U);
}

}  // namespace
}  // namespace tocsin::meters
