// SPDX-License-Identifier: Apache-2.0
#include "rules/window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <thread>

#include "tests/rules/window_reader.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using testing::Samples;
using testing::samples_of;
using testing::SnapshotMaker;

constexpr std::int64_t kStartMs = 1'700'000'000'000;

TEST(Window, a_counter_is_found_by_its_name_as_scraped) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).counter("server_request_total", {{"func", "GET /items"}}, 7);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "server_request_total"), (Samples{{"server_request_total{func=\"GET /items\"}", {{0, 7}}}}));
}

TEST(Window, job_instance_and_scope_are_labels_as_on_metrics) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).from("shop", "a", "lib").counter("x_total", {{"job", "mine"}}, 1);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "x_total"),
            (Samples{{"x_total{exported_job=\"mine\",instance=\"a\",job=\"shop\",otel_scope_name=\"lib\"}", {{0, 1}}}}));
}

TEST(Window, own_series_get_the_labels_a_scraper_would_add) {
  Window window({.own_job = "tocsin", .own_instance = "127.0.0.1:9464"});
  SnapshotMaker made;
  made.at(kStartMs).counter("x_total", {}, 1);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "x_total"), (Samples{{"x_total{instance=\"127.0.0.1:9464\",job=\"tocsin\"}", {{0, 1}}}}));
}

TEST(Window, histograms_are_buckets_sum_and_count_with_le_as_scraped) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).histogram("t", {}, {0.5, 5e6}, {1, 2, 3}, 42);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "t_.*"), (Samples{{"t_bucket{le=\"+Inf\"}", {{0, 6}}},
                                                 {"t_bucket{le=\"0.5\"}", {{0, 1}}},
                                                 {"t_bucket{le=\"5e+06\"}", {{0, 3}}},
                                                 {"t_count{}", {{0, 6}}},
                                                 {"t_sum{}", {{0, 42}}}}));
}

TEST(Window, native_buckets_are_a_histogram_of_the_plain_name) {
  Window window({});
  SnapshotMaker made;
  meters::NativeHistogram native;
  native.scale = 0;
  native.positive_offset = 0;
  native.positive = {2, 0, 1};
  native.zero_count = 1;
  made.at(kStartMs).native("t", native, 9);
  window.append(*made.take());
  const auto view = window.view();
  const auto rows = view->select(std::vector{testing::named("t")}, {kStartMs, kStartMs});
  ASSERT_EQ(rows->size(), 1U);
  promql::Block block;
  ASSERT_TRUE(view->read(*rows, {kStartMs, kStartMs}, block));
  ASSERT_EQ(block.histograms.size(), 1U);
  ASSERT_NE(block.histograms[0], nullptr);
  EXPECT_EQ(block.histograms[0]->count, 4);
  EXPECT_EQ(block.histograms[0]->sum, 9);
  EXPECT_EQ(block.histograms[0]->positive, (std::vector<double>{2, 0, 1}));
}

TEST(Window, families_that_share_a_label_table_are_told_apart) {
  meters::LabelSetTable table(std::vector<meters::LabelColumn>{{"func", "func"}});
  table.append(std::array{table.intern(0, "GET /a", meters::LabelType::String)});
  auto origin = std::make_shared<meters::Origin>();
  origin->resource = std::make_shared<const meters::Resource>();
  Window window({});
  for (int tick = 0; tick < 3; ++tick) {
    meters::SnapshotBuilder builder(from_unix_ns((kStartMs + tick * 1'000) * 1'000'000));
    for (const bool timed : {false, true}) {
      meters::Family family;
      const std::string name = timed ? "t" : "x_total";
      family.descriptor = std::make_shared<const meters::Descriptor>(
          meters::Descriptor{name, name, "", "", timed ? meters::Kind::Histogram : meters::Kind::Counter});
      family.origin = origin;
      family.labels = table.view();
      family.states = {meters::RowState::Live};
      if (timed) {
        meters::Histograms points;
        points.bounds = std::make_shared<const std::vector<double>>(std::vector<double>{1});
        points.counts = {1, 2};
        points.sums = {5};
        family.points = std::move(points);
      } else {
        family.points = meters::Scalars{meters::NumberType::Integer, {7}};
      }
      builder.add(std::move(family));
    }
    window.append(*std::move(builder).finish(static_cast<std::uint64_t>(tick) + 1));
  }
  const std::vector<std::pair<std::int64_t, double>> counted{{0, 7}, {1'000, 7}, {2'000, 7}}, all{{0, 3}, {1'000, 3}, {2'000, 3}};
  const Samples samples = samples_of(window, "x_total|t_count");
  EXPECT_EQ(samples.at("x_total{func=\"GET /a\"}"), counted);
  EXPECT_EQ(samples.at("t_count{func=\"GET /a\"}"), all);
}

TEST(Window, summaries_are_quantiles_sum_and_count) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).summary("s", {{0.5, 1.5}, {0.99, 9}}, 10, 20);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "s.*"), (Samples{{"s_count{}", {{0, 10}}},
                                               {"s_sum{}", {{0, 20}}},
                                               {"s{quantile=\"0.5\"}", {{0, 1.5}}},
                                               {"s{quantile=\"0.99\"}", {{0, 9}}}}));
}

TEST(Window, a_resource_has_a_target_info) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).from("shop", "a", "").attribute("host.name", "web1").counter("x_total", {}, 1);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "target_info"),
            (Samples{{"target_info{host_name=\"web1\",instance=\"a\",job=\"shop\"}", {{0, 1}}}}));
}

TEST(Window, rows_are_taken_only_when_their_time_advanced) {
  Window window({});
  SnapshotMaker made;
  for (const auto& [snapshot, point, value] : {std::tuple{0, 0, 1.0}, {15'000, 0, 1.0}, {30'000, 20'000, 2.0}}) {
    made.at(kStartMs + snapshot).counter("x_total", {}, value, 0, kStartMs + point);
    window.append(*made.take());
  }
  EXPECT_EQ(samples_of(window, "x_total"), (Samples{{"x_total{}", {{0, 1}, {20'000, 2}}}}));
}

TEST(Window, an_ended_row_gets_a_staleness_marker_once) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).counter("x_total", {}, 1);
  window.append(*made.take());
  for (int i = 1; i < 4; ++i) {
    made.at(kStartMs + 15'000 * i).ended("x_total");
    window.append(*made.take());
  }
  EXPECT_EQ(samples_of(window, "x_total"), (Samples{{"x_total{}", {{0, 1}, {15'000, testing::kStale}}}}));
}

TEST(Window, a_family_that_is_gone_ends) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).counter("x_total", {}, 1);
  window.append(*made.take());
  made.at(kStartMs + 15'000).counter("y_total", {}, 1);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "x_total"), (Samples{{"x_total{}", {{0, 1}, {15'000, testing::kStale}}}}));
}

TEST(Window, a_series_that_moves_to_another_table_does_not_end) {
  Window window({});
  SnapshotMaker made, moved;
  made.at(kStartMs).counter("x_total", {{"a", "1"}}, 1);
  window.append(*made.take());
  moved.at(kStartMs + 15'000).counter("x_total", {{"a", "1"}}, 2);
  window.append(*moved.take());
  EXPECT_EQ(samples_of(window, "x_total"), (Samples{{"x_total{a=\"1\"}", {{0, 1}, {15'000, 2}}}}));
}

TEST(Window, of_two_sources_of_one_series_the_first_counts_until_it_ends) {
  Window window({});
  SnapshotMaker first, second;
  const auto both = [&](std::int64_t ms, bool first_lives) {
    if (first_lives) {
      first.at(ms).counter("x_total", {}, 1);
    } else {
      first.at(ms).ended("x_total");
    }
    auto snapshot = std::make_shared<meters::Snapshot>(*first.take());
    second.at(ms).counter("x_total", {}, 100);
    const auto other = second.take();
    snapshot->families.insert(snapshot->families.end(), other->families.begin(), other->families.end());
    return window.append(*snapshot);
  };
  EXPECT_EQ(both(kStartMs, true).repeated, 1U);
  both(kStartMs + 15'000, false);
  both(kStartMs + 30'000, false);
  EXPECT_EQ(samples_of(window, "x_total"), (Samples{{"x_total{}", {{0, 1}, {15'000, 100}, {30'000, 100}}}}));
}

TEST(Window, what_came_as_a_batch_is_not_taken_from_a_snapshot) {
  Window window({});
  SnapshotMaker made;
  made.via(meters::Via::Scrape).at(kStartMs).counter("x_total", {}, 1);
  EXPECT_EQ(window.append(*made.take()).appended, 0U);
}

TEST(Window, a_batch_has_samples_at_their_own_times) {
  Window window({});
  BatchBuilder builder;
  const auto place = builder.place("up", {{"job", "shop"}, {"empty", ""}});
  builder.add(place, kStartMs, 1);
  builder.add(place, kStartMs + 700, 0);
  builder.add(builder.place("up", {{"job", "web"}}), kStartMs + 5, 1);
  EXPECT_EQ(window.append(builder.batch()).appended, 3U);
  EXPECT_EQ(samples_of(window, "up"), (Samples{{"up{job=\"shop\"}", {{0, 1}, {700, 0}}}, {"up{job=\"web\"}", {{5, 1}}}}));
}

TEST(Window, a_sample_that_is_not_newer_is_told_and_an_equal_one_is_not) {
  Window window({});
  BatchBuilder builder;
  const auto place = builder.place("x", {});
  builder.add(place, kStartMs, 1);
  builder.add(place, kStartMs, 1);
  builder.add(place, kStartMs, 2);
  builder.add(place, kStartMs - 1, 2);
  const AppendOutcome outcome = window.append(builder.batch());
  EXPECT_EQ(outcome.appended, 1U);
  EXPECT_EQ(outcome.not_newer, 2U);
}

TEST(Window, a_view_does_not_change_while_appends_go_on) {
  Window window({});
  BatchBuilder builder;
  builder.add(builder.place("x", {}), kStartMs, 1);
  window.append(builder.batch());
  const auto before = window.view();
  builder.clear();
  builder.add(builder.place("x", {}), kStartMs + 1, 2);
  builder.add(builder.place("y", {}), kStartMs + 1, 2);
  window.append(builder.batch());
  EXPECT_EQ(samples_of(*before, ".*"), (Samples{{"x{}", {{0, 1}}}}));
  EXPECT_EQ(samples_of(window, ".*"), (Samples{{"x{}", {{0, 1}, {1, 2}}}, {"y{}", {{1, 2}}}}));
}

TEST(Window, values_come_back_bit_by_bit) {
  Window window({});
  BatchBuilder builder;
  const double values[] = {0.0, -0.0, 1, -1, 127, 128, 1e3, -40'000, 1e9, 4e9, 9007199254740993.0, 0.1, 1e300, -1e-300,
                           std::numeric_limits<double>::infinity(), std::nan(""), 5, 6, 7};
  for (int series = 0; series < 3; ++series) {
    const auto place = builder.place("x", {{"s", std::to_string(series)}});
    for (std::size_t i = 0; i < std::size(values); ++i)
      builder.add(place, kStartMs + static_cast<std::int64_t>(i), values[(i + series) % std::size(values)]);
  }
  window.append(builder.batch());
  const auto view = window.view();
  const auto rows = view->select(std::vector{testing::named("x")}, {kStartMs, kStartMs + 100});
  promql::Block block;
  ASSERT_TRUE(view->read(*rows, {kStartMs, kStartMs + 100}, block));
  ASSERT_EQ(block.values.size(), 3 * std::size(values));
  for (std::size_t series = 0; series < 3; ++series)
    for (std::size_t i = 0; i < std::size(values); ++i)
      EXPECT_EQ(std::bit_cast<std::uint64_t>(block.values[series * std::size(values) + i]),
                std::bit_cast<std::uint64_t>(values[(i + series) % std::size(values)]));
}

TEST(Window, select_takes_by_every_kind_of_matcher) {
  Window window({});
  BatchBuilder builder;
  for (const char* a : {"1", "2", ""})
    for (const char* b : {"x", "yy"}) builder.add(builder.place("m", {{"a", a}, {"b", b}}), kStartMs, 1);
  builder.add(builder.place("n", {{"a", "1"}}), kStartMs, 1);
  window.append(builder.batch());
  const auto view = window.view();
  const auto count = [&](std::initializer_list<std::tuple<const char*, promql::MatchType, const char*>> texts) {
    std::vector<promql::Matcher> matchers;
    for (const auto& [label, type, text] : texts) matchers.push_back(*promql::Matcher::make(label, type, text));
    const auto rows = view->select(matchers, {0, kStartMs * 2});
    EXPECT_TRUE(std::is_sorted(rows->begin(), rows->end()));
    return rows->size();
  };
  using promql::MatchType;
  EXPECT_EQ(count({{"__name__", MatchType::Equal, "m"}}), 6U);
  EXPECT_EQ(count({{"__name__", MatchType::Equal, "m"}, {"a", MatchType::Equal, "1"}}), 2U);
  EXPECT_EQ(count({{"__name__", MatchType::Equal, "m"}, {"a", MatchType::Equal, ""}}), 2U);
  EXPECT_EQ(count({{"__name__", MatchType::Equal, "m"}, {"a", MatchType::NotEqual, "1"}}), 4U);
  EXPECT_EQ(count({{"a", MatchType::Regex, "1|2"}}), 5U);
  EXPECT_EQ(count({{"a", MatchType::Regex, "1|"}, {"b", MatchType::NotRegex, "y+"}}), 3U);
  EXPECT_EQ(count({{"__name__", MatchType::NotEqual, "m"}}), 1U);
  EXPECT_EQ(count({{"nowhere", MatchType::Equal, ""}}), 7U);
  EXPECT_EQ(count({{"nowhere", MatchType::NotEqual, ""}}), 0U);
  EXPECT_EQ(count({{"__name__", MatchType::Equal, "gone"}}), 0U);
}

TEST(Window, what_is_older_than_the_retention_goes_and_its_rows_are_used_again) {
  Window window({.retention = 60s});
  BatchBuilder builder;
  for (int i = 0; i < 1'000; ++i) builder.add(builder.place("old", {{"i", std::to_string(i)}}), kStartMs, i);
  window.append(builder.batch());
  window.expire(from_unix_ns((kStartMs + 61'000) * 1'000'000));
  EXPECT_EQ(window.stats().series, 0U);
  builder.clear();
  for (int i = 0; i < 10; ++i) builder.add(builder.place("new", {{"i", std::to_string(i)}}), kStartMs + 61'000, i);
  window.append(builder.batch());
  EXPECT_EQ(window.stats().series, 10U);
  EXPECT_TRUE(samples_of(window, "old").empty());
  EXPECT_EQ(samples_of(window, "new").size(), 10U);
}

TEST(Window, a_slot_that_is_used_again_shows_nothing_of_the_series_before) {
  Window window({.retention = 60s});
  BatchBuilder builder;
  for (std::int64_t ms = 0; ms < 100'000; ms += 10'000) {
    builder.clear();
    builder.add(builder.place("kept", {}), kStartMs + ms, 1);
    if (ms == 0) builder.add(builder.place("old", {}), kStartMs, 99);
    if (ms > 60'000) builder.add(builder.place("new", {}), kStartMs + ms, 5);
    window.expire(from_unix_ns((kStartMs + ms) * 1'000'000));
    window.append(builder.batch());
  }
  EXPECT_EQ(samples_of(window, "new"), (Samples{{"new{}", {{70'000, 5}, {80'000, 5}, {90'000, 5}}}}));
}

TEST(Window, texts_of_series_that_are_gone_go_too) {
  Window window({.retention = 60s});
  SnapshotMaker made;
  std::size_t most = 0;
  for (int tick = 0; tick < 60; ++tick) {
    const std::int64_t ms = kStartMs + tick * 15'000;
    BatchBuilder builder;
    for (int i = 0; i < 2'000; ++i) builder.add(builder.place("pods", {{"pod", "pod-" + std::to_string(tick * 2'000 + i)}}), ms, 1);
    window.append(builder.batch());
    made.at(ms).counter("x_total", {{"a", "1"}}, tick);
    window.append(*made.take());
    most = std::max(most, window.stats().bytes);
  }
  EXPECT_LT(most, 8U << 20) << "120,000 texts would be more";
  EXPECT_EQ(samples_of(window, "x_total").begin()->second.size(), 5U);
  EXPECT_EQ(samples_of(window, "x_total").begin()->second.back(), (std::pair<std::int64_t, double>{59 * 15'000, 59}));
  EXPECT_EQ(samples_of(window, "pods").size() % 2'000, 0U);
}

TEST(Window, readers_read_while_a_writer_appends) {
  Window window({.retention = 5s});
  std::jthread writer([&](const std::stop_token& stop) {
    BatchBuilder builder;
    for (std::int64_t ms = 0; ms < 400'000 && !stop.stop_requested(); ms += 500) {
      builder.clear();
      for (int i = 0; i < 50; ++i)
        builder.add(builder.place("x", {{"i", std::to_string(ms / 20'000 * 10 + i)}}), kStartMs + ms, static_cast<double>(ms));
      window.expire(from_unix_ns((kStartMs + ms) * 1'000'000));
      window.append(builder.batch());
    }
  });
  std::size_t seen = 0;
  for (int i = 0; i < 200; ++i)
    for (const auto& [labels, samples] : samples_of(window, "x")) {
      EXPECT_TRUE(std::is_sorted(samples.begin(), samples.end()));
      seen += samples.size();
    }
  writer.join();
  EXPECT_GT(seen + samples_of(window, "x").size(), 0U);
}

}  // namespace
}  // namespace tocsin::rules
