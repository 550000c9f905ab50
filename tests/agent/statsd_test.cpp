// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/statsd.h"

#include <gtest/gtest.h>

#include "exporters/prometheus_text.h"

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;

class Statsd : public testing::Test {
 protected:
  std::string scrape() {
    meters::SnapshotBuilder builder(clock_.now());
    intake_.collect(builder);
    std::string text;
    exporters::encode_text(*std::move(builder).finish(1), {}, [&](std::string_view block) {
      text += block;
      return true;
    });
    return text;
  }
  bool shows(const std::string& line) { return ("\n" + scrape()).find("\n" + line + "\n") != std::string::npos; }

  ManualClock clock_;
  Intake intake_{{}, clock_};
  StatsdReceiver receiver_{intake_, {}, clock_};
};

TEST_F(Statsd, counters_add_up_by_rate_and_by_packing) {
  receiver_.take("req:1|c|#env:prod\nreq:2:3|c|#env:prod\n");
  receiver_.take("req:1|c|@0.1|#env:prod");
  EXPECT_TRUE(shows("req_total{job=\"statsd\",instance=\"local\",env=\"prod\"} 16")) << scrape();
}

TEST_F(Statsd, gauges_are_set_and_changed) {
  receiver_.take("depth:10|g\ndepth:+4|g\ndepth:-1|g");
  EXPECT_TRUE(shows("depth{job=\"statsd\",instance=\"local\"} 13")) << scrape();
  receiver_.take("depth:5|g");
  EXPECT_TRUE(shows("depth{job=\"statsd\",instance=\"local\"} 5")) << scrape();
}

TEST_F(Statsd, timers_become_histograms_in_milliseconds) {
  receiver_.take("latency:3|ms\nlatency:7:3|ms|@0.5");
  EXPECT_TRUE(shows("latency_milliseconds_count{job=\"statsd\",instance=\"local\"} 5")) << scrape();
  EXPECT_TRUE(shows("latency_milliseconds_sum{job=\"statsd\",instance=\"local\"} 23")) << scrape();
  EXPECT_TRUE(shows("latency_milliseconds_bucket{job=\"statsd\",instance=\"local\",le=\"5\"} 3")) << scrape();
}

TEST_F(Statsd, other_timer_bounds_hold_from_the_next_line_on) {
  receiver_.take("latency:3|ms");
  receiver_.configure_timers({1, 10});
  receiver_.take("latency:3|ms\nlatency:30|ms");
  EXPECT_TRUE(shows("latency_milliseconds_bucket{job=\"statsd\",instance=\"local\",le=\"10\"} 1")) << scrape();
  EXPECT_TRUE(shows("latency_milliseconds_count{job=\"statsd\",instance=\"local\"} 2")) << scrape();
  EXPECT_EQ(receiver_.ledger().totals().accepted, 3U);
}

TEST_F(Statsd, sets_count_different_members_since_the_last_flush) {
  receiver_.take("users:ann|s\nusers:bob|s\nusers:ann|s");
  receiver_.flush_sets(clock_.now());
  EXPECT_TRUE(shows("users{job=\"statsd\",instance=\"local\"} 2")) << scrape();
  clock_.advance(15s);
  receiver_.flush_sets(clock_.now());
  EXPECT_TRUE(shows("users{job=\"statsd\",instance=\"local\"} 0")) << scrape();
}

TEST_F(Statsd, what_is_wrong_is_counted_by_reason_and_shown) {
  receiver_.take("good:1|c\nbad:x|c\n\nnot even close\na:1|c|@9\n\xFF:1|c\n");
  const auto totals = receiver_.ledger().totals();
  EXPECT_EQ(totals.received, 5U);
  EXPECT_EQ(totals.accepted, 1U);
  EXPECT_EQ(totals.received, totals.accepted + totals.rejected_sum());
  EXPECT_EQ(totals.rejected.at("bad_value"), 2U);
  EXPECT_EQ(totals.rejected.at("no_value"), 1U);
  EXPECT_EQ(totals.rejected.at("bad_rate"), 1U);
  EXPECT_TRUE(receiver_.last_malformed().starts_with("bad_value: ")) << receiver_.last_malformed();
}

TEST_F(Statsd, a_set_that_is_too_large_is_rejected_and_counted) {
  StatsdReceiver small(intake_, {.max_set_members = 2}, clock_);
  small.take("u:1|s\nu:2|s\nu:3|s");
  EXPECT_EQ(small.ledger().totals().rejected.at("set_members"), 1U);
}

}  // namespace
}  // namespace tocsin::agent
