// SPDX-License-Identifier: Apache-2.0
// No first increment is lost, and nothing that goes on looks as if it began.
#include <gtest/gtest.h>

#include "rules/src/window_store.h"
#include "tests/rules/window_reader.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using testing::Samples;
using testing::samples_of;
using testing::SnapshotMaker;

constexpr std::int64_t kStartMs = 1'700'000'000'000;

TEST(FirstIncrement, the_zero_is_at_the_later_of_start_and_previous_export) {
  struct Case {
    std::int64_t time, start, previous, last_seen;
    std::optional<std::int64_t> zero;
  };
  for (const Case& c : {Case{100, 0, 50, kNever, {}},      // states no start
                        Case{100, 30, 0, kNever, 30},      // its sender is new
                        Case{100, 30, 50, kNever, 50},     // its sender was there without it
                        Case{100, 70, 50, kNever, 70},     // it began after that
                        Case{100, 100, 50, kNever, 99},    // at the time of its only point
                        Case{100, 30, 50, 40, {}},         // it goes on after a pause
                        Case{100, 60, 50, 40, 60},         // it began again
                        Case{100, 45, 50, 40, 50},         // and was not in its sender's last export
                        Case{100, 100, 50, 99, {}}}) {     // no room between
    EXPECT_EQ(zero_ms({c.time, c.start, c.previous, nullptr}, c.last_seen), c.zero)
        << c.time << ' ' << c.start << ' ' << c.previous << ' ' << c.last_seen;
  }
}

TEST(FirstIncrement, a_series_born_by_its_first_event_rises_from_zero) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).counter("x_total", {{"ret", "0"}}, 10, kStartMs - 40'000);
  window.append(*made.take());
  // The sender states one start for all its series, as OpenTelemetry's SDKs do.
  made.at(kStartMs + 15'000)
      .counter("x_total", {{"ret", "0"}}, 12, kStartMs - 40'000)
      .counter("x_total", {{"ret", "500"}}, 3, kStartMs - 40'000);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "x_total"), (Samples{{"x_total{ret=\"0\"}", {{-40'000, 0}, {0, 10}, {15'000, 12}}},
                                                    {"x_total{ret=\"500\"}", {{0, 0}, {15'000, 3}}}}));
}

TEST(FirstIncrement, what_this_process_registered_began_when_it_says) {
  Window window({});
  SnapshotMaker made;
  made.via(meters::Via::Registry);
  made.at(kStartMs).counter("x_total", {}, 1, kStartMs - 1'000);
  window.append(*made.take());
  // Host meters were turned on in a reload: what was counted since the machine's boot did not come since the export before.
  made.at(kStartMs + 1'000).counter("x_total", {}, 1, kStartMs - 1'000).counter("node_total", {}, 1e6, kStartMs - 3'600'000);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "node_total"), (Samples{{"node_total{}", {{-3'600'000, 0}, {1'000, 1e6}}}}));
}

TEST(FirstIncrement, gauges_have_no_zero) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).gauge("x", {}, 10, kStartMs - 40'000);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "x"), (Samples{{"x{}", {{0, 10}}}}));
}

TEST(FirstIncrement, all_series_of_a_histogram_rise_from_zero) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).histogram("t", {}, {1}, {1, 1}, 3, kStartMs - 1'000);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "t_.*"), (Samples{{"t_bucket{le=\"+Inf\"}", {{-1'000, 0}, {0, 2}}},
                                                 {"t_bucket{le=\"1\"}", {{-1'000, 0}, {0, 1}}},
                                                 {"t_count{}", {{-1'000, 0}, {0, 2}}},
                                                 {"t_sum{}", {{-1'000, 0}, {0, 3}}}}));
}

TEST(FirstIncrement, a_restart_that_grew_past_the_old_total_is_seen) {
  Window window({});
  SnapshotMaker made;
  made.at(kStartMs).counter("x_total", {}, 10, kStartMs);
  window.append(*made.take());
  made.at(kStartMs + 15'000).counter("x_total", {}, 25, kStartMs + 5'000);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "x_total"), (Samples{{"x_total{}", {{-1, 0}, {0, 10}, {5'000, 0}, {15'000, 25}}}}));
}

TEST(FirstIncrement, a_series_that_returns_after_its_expiry_makes_no_spike) {
  Window window({.retention = 60s});
  SnapshotMaker made;
  const std::int64_t start = kStartMs - 3'600'000;
  made.at(kStartMs).counter("x_total", {}, 1'000, start);
  window.append(*made.take());
  made.at(kStartMs + 15'000).ended("x_total").counter("other_total", {}, 1, start);
  window.append(*made.take());
  for (std::int64_t ms = 30'000; ms < 120'000; ms += 15'000) {  // its history goes too
    made.at(kStartMs + ms).counter("other_total", {}, 1, start);
    window.append(*made.take());
  }
  made.at(kStartMs + 120'000).counter("other_total", {}, 1, start).counter("x_total", {}, 1'010, start);
  window.append(*made.take());
  EXPECT_EQ(samples_of(window, "x_total"), (Samples{{"x_total{}", {{120'000, 1'010}}}}));
}

TEST(FirstIncrement, a_batch_that_states_starts_gets_zeros_too) {
  Window window({});
  BatchBuilder builder;
  builder.set_previous(kStartMs - 15'000);
  builder.add(builder.place("x_total", {}), kStartMs, 5, kStartMs - 60'000);
  builder.add(builder.place("y_total", {}), kStartMs, 5);
  window.append(builder.batch());
  EXPECT_EQ(samples_of(window, "._total"),
            (Samples{{"x_total{}", {{-15'000, 0}, {0, 5}}}, {"y_total{}", {{0, 5}}}}));
}

}  // namespace
}  // namespace tocsin::rules
