// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_chunk.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "rules/src/window_numbers.h"
#include "tests/rules/window_reader.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kStartMs = 1'700'000'000'000;

template <class Number>
std::size_t round_trip(const std::vector<Number>& numbers) {
  std::string bytes;
  ByteWriter writer(bytes);
  pack(std::span<const Number>(numbers), writer, bytes);
  const std::size_t size = bytes.size();
  bytes += "what follows";
  ByteReader reader(bytes);
  std::vector<Number> back;
  EXPECT_TRUE(unpack(reader, numbers.size(), back));
  EXPECT_EQ(reader.rest(), "what follows");
  EXPECT_EQ(back.size(), numbers.size());
  for (std::size_t i = 0; i < back.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint64_t>(back[i]), std::bit_cast<std::uint64_t>(numbers[i])) << i;
  return size;
}

TEST(WindowNumbers, whole_numbers_come_back) {
  const auto least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
  for (const auto& numbers : std::vector<std::vector<std::int64_t>>{
           {0}, {-1}, {most, least}, {least, most, least, 0, 1}, {1, 2, 3, 4, 5}, {5, 5, 5, 5}, {1, 3, 6, 10, 15, 21, 28}})
    round_trip(numbers);
}

TEST(WindowNumbers, doubles_come_back_bit_by_bit) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const auto& numbers : std::vector<std::vector<double>>{{0},
                                                             {-0.0, 0.0},
                                                             {std::nan(""), std::nan("1")},
                                                             {infinity, -infinity, 0},
                                                             {0.1, 0.2, 0.3, 12.25},
                                                             {9007199254740993.0, 1},
                                                             {1e300, 1e-300, 5e-324},
                                                             {3.14159265358979, 3.14159265358980, 3.14159265358979}})
    round_trip(numbers);
}

TEST(WindowNumbers, any_numbers_come_back) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 400; ++round) {
    std::vector<double> doubles;
    std::vector<std::int64_t> wholes;
    const std::size_t count = 1 + random() % 130;
    const unsigned shift = static_cast<unsigned>(random() % 64);
    for (std::size_t i = 0; i < count; ++i) {
      doubles.push_back(std::bit_cast<double>(random() >> shift));
      wholes.push_back(static_cast<std::int64_t>(random() >> shift));
    }
    round_trip(doubles);
    round_trip(wholes);
  }
}

TEST(WindowNumbers, a_counter_takes_about_a_byte) {
  std::mt19937_64 random(7);
  std::poisson_distribution<int> traffic(300);
  std::vector<double> counter{1e6};
  while (counter.size() < 60) counter.push_back(counter.back() + traffic(random));
  EXPECT_LT(round_trip(counter), 66U);
  EXPECT_LT(round_trip(std::vector<double>(60, 17)), 5U);
}

// What a window gives back of many samples, most of them compressed, is what went in.
void expect_all_back(const std::function<double(int series, int tick)>& value, std::int64_t jitter_ms) {
  Window window({.retention = 2h, .raw = 60s});
  std::map<std::string, std::vector<std::pair<std::int64_t, double>>> expected;
  BatchBuilder builder;
  std::mt19937 random(3);
  for (int tick = 0; tick < 400; ++tick) {
    const std::int64_t ms = tick * 15'000;
    builder.clear();
    for (int series = 0; series < 20; ++series) {
      const double number = value(series, tick);
      if (is_hole(number)) continue;
      const std::int64_t at = ms + (jitter_ms == 0 ? 0 : static_cast<std::int64_t>(random()) % jitter_ms);
      builder.add(builder.place("x", {{"s", std::to_string(series)}}), kStartMs + at, number);
      expected["x{s=\"" + std::to_string(series) + "\"}"].emplace_back(at, promql::is_stale(number) ? testing::kStale : number);
    }
    window.append(builder.batch());
    window.expire(from_unix_ns((kStartMs + ms) * 1'000'000));
  }
  EXPECT_EQ(testing::samples_of(window, "x"), expected);
  const auto part = testing::samples_of(*window.view(), "x", kStartMs + 1'000'000, kStartMs + 1'500'000);
  for (auto& [labels, samples] : expected)
    std::erase_if(samples, [](const auto& sample) { return sample.first < 1'000'000 || sample.first > 1'500'000; });
  std::erase_if(expected, [](const auto& entry) { return entry.second.empty(); });
  EXPECT_EQ(part, expected);
}

TEST(WindowChunk, counters_come_back) {
  expect_all_back([](int series, int tick) { return series * 1000.0 + tick * series; }, 0);
}

TEST(WindowChunk, gauges_at_times_of_their_own_come_back) {
  expect_all_back([](int series, int tick) { return std::sin(series + tick / 10.0); }, 5'000);
}

TEST(WindowChunk, holes_and_staleness_markers_come_back) {
  expect_all_back(
      [](int series, int tick) {
        if ((tick + series) % 7 == 0) return hole();
        if (tick != 0 && (tick + series) % 11 == 0) return std::bit_cast<double>(promql::kStaleBits);
        return tick * 0.5;
      },
      100);
}

TEST(WindowChunk, native_histograms_come_back) {
  Window window({.retention = 2h, .raw = 60s});
  BatchBuilder builder;
  std::vector<promql::HistogramPtr> sent;
  for (int tick = 0; tick < 200; ++tick) {
    auto histogram = std::make_shared<promql::FloatHistogram>();
    histogram->schema = tick < 100 ? 3 : 2;
    histogram->positive_spans = {{tick / 50, 2}, {1, 1}};
    histogram->positive = {tick * 1.0, tick * 2.0, 0.5};
    histogram->count = tick * 3 + 0.5;
    histogram->sum = tick / 3.0;
    sent.push_back(histogram);
    builder.clear();
    builder.add(builder.place("h", {}), kStartMs + tick * 15'000, tick == 50 ? nullptr : promql::HistogramPtr(histogram));
    window.append(builder.batch());
    window.expire(from_unix_ns((kStartMs + tick * 15'000) * 1'000'000));
  }
  const auto view = window.view();
  const auto rows = view->select(std::vector{testing::named("h")}, {0, kStartMs * 2});
  promql::Block block;
  ASSERT_TRUE(view->read(*rows, {0, kStartMs * 2}, block));
  ASSERT_EQ(block.histograms.size(), 200U);
  for (std::size_t i = 0; i < 200; ++i) {
    if (i == 50) {
      EXPECT_EQ(block.histograms[i], nullptr);
    } else {
      ASSERT_NE(block.histograms[i], nullptr);
      EXPECT_EQ(*block.histograms[i], *sent[i]) << i;
    }
  }
}

TEST(WindowRecorded, series_of_recording_rules_are_kept_longer_at_one_minute_steps) {
  Window window({.retention = 1h, .recorded_retention = 24h});
  BatchBuilder rule, scrape;
  rule.set_recorded(true);
  constexpr int kTicks = 30 * 240;  // 30 hours
  for (int tick = 0; tick < kTicks; ++tick) {
    const std::int64_t ms = kStartMs + tick * 15'000;
    rule.clear(), scrape.clear();
    rule.add(rule.place("job:x:rate5m", {{"job", "shop"}}), ms, tick * 0.25);
    scrape.add(scrape.place("x", {}), ms, tick);
    window.append(rule.batch());
    window.append(scrape.batch());
    window.expire(from_unix_ns(ms * 1'000'000));
  }
  const auto recorded = testing::samples_of(window, "job:x:rate5m").begin()->second;
  const auto scraped = testing::samples_of(window, "x").begin()->second;
  const std::int64_t end = (kTicks - 1) * 15'000;
  EXPECT_LE(recorded.front().first, end - 24 * 3'600'000);
  EXPECT_GE(recorded.front().first, end - 29 * 3'600'000);
  EXPECT_GE(scraped.front().first, end - 2 * 3'600'000);
  std::size_t old = 0;
  for (const auto& [at, value] : recorded) {
    EXPECT_EQ(value, static_cast<double>(at) / 60'000) << "values stay those of their times";
    old += at < end - 4 * 3'600'000 ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(old), static_cast<double>(end - 4 * 3'600'000 - recorded.front().first) / 60'000, 30)
      << "a minute that two chunks share has a sample of each";
  EXPECT_EQ(recorded.back().first, end);
  EXPECT_EQ(window.kept("job:x:rate5m"), 24h);
  EXPECT_EQ(window.kept("x"), 1h);
}

TEST(WindowChunk, what_is_damaged_is_refused_or_read_without_harm) {
  std::vector<std::shared_ptr<const Column>> columns;
  const auto base = std::make_shared<const ColumnBase>(ColumnBase{1, 2, 3});
  for (std::int64_t i = 0; i < 50; ++i) {
    const double number = static_cast<double>(i);
    const std::vector<double> values{number, i % 3 == 0 ? hole() : number * 0.3, std::bit_cast<double>(promql::kStaleBits)};
    const std::vector<std::int64_t> times{i * 10, i * 10 + 1, i * 10};
    columns.push_back(std::make_shared<const Column>(values, times, base, nullptr));
  }
  std::string bytes;
  ByteWriter writer(bytes);
  Chunk::make(columns)->save(writer);
  {
    ByteReader reader(bytes);
    ASSERT_TRUE(Chunk::load(reader));
    EXPECT_EQ(reader.left(), 0U);
  }
  std::mt19937 random(5);
  std::size_t refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string damaged = bytes;
    if (round % 2 == 0) damaged.resize(random() % bytes.size());
    if (!damaged.empty()) damaged[random() % damaged.size()] ^= static_cast<char>(1U << (random() % 8));
    ByteReader reader(damaged);
    const auto loaded = Chunk::load(reader);
    if (!loaded) {
      ++refused;
      continue;
    }
    promql::Block block;
    for (std::uint32_t slot = 0; slot < (*loaded)->slots(); ++slot) (*loaded)->read(slot, {0, 1 << 30}, block);
  }
  EXPECT_GT(refused, 1400U);
}

}  // namespace
}  // namespace tocsin::rules
