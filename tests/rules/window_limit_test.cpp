// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/rules/window_reader.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using testing::samples_of;
using testing::SnapshotMaker;

constexpr std::int64_t kStartMs = 1'700'000'000'000;
constexpr std::size_t kLimit = 4 << 20;

class WindowLimit : public ::testing::Test {
 protected:
  void tick(int series_of_big, int series_of_small) {
    now_ms_ += 15'000;
    made_.at(now_ms_);
    for (int i = 0; i < series_of_big; ++i) made_.counter("big_total", {{"i", std::to_string(i)}}, static_cast<double>(now_ms_ % 1'000'003));
    for (int i = 0; i < series_of_small; ++i) made_.counter("small_total", {{"i", std::to_string(i)}}, 1);
    outcome_ = window_.append(*made_.take());
  }
  bool kept(const std::string& name) { return !samples_of(window_, name).empty(); }

  Window window_{{.max_bytes = kLimit}};
  SnapshotMaker made_;
  AppendOutcome outcome_;
  std::int64_t now_ms_ = kStartMs;
};

TEST_F(WindowLimit, the_largest_name_is_refused_and_counted) {
  tick(100, 100);
  EXPECT_TRUE(kept("big_total"));
  for (int i = 0; i < 3; ++i) tick(40'000, 1'000);
  EXPECT_FALSE(kept("big_total"));
  EXPECT_EQ(samples_of(window_, "small_total").size(), 1'000U);
  EXPECT_EQ(outcome_.refused, 40'000U);
  const WindowStats stats = window_.stats();
  EXPECT_LE(stats.bytes, kLimit);
  ASSERT_EQ(stats.refusals.size(), 1U);
  EXPECT_EQ(stats.refusals[0].name, "big_total");
  EXPECT_GE(stats.refusals[0].samples, 40'000U);
}

TEST_F(WindowLimit, what_rules_read_is_refused_last) {
  window_.set_rule_inputs({"big_total"});
  for (int i = 0; i < 4; ++i) tick(15'000, 14'000);
  EXPECT_FALSE(kept("small_total"));
  EXPECT_TRUE(kept("big_total"));
}

TEST_F(WindowLimit, a_name_comes_back_when_there_is_plenty_of_room) {
  for (int i = 0; i < 3; ++i) tick(40'000, 10);
  ASSERT_FALSE(kept("big_total"));
  window_.append(*made_.at(now_ms_ += 15'000).take());  // its series end
  for (int i = 0; i < 24; ++i) tick(0, 10);
  SnapshotMaker other;
  window_.append(*other.at(now_ms_ += 15'000).counter("big_total", {}, 5).take());
  EXPECT_TRUE(kept("big_total"));
  EXPECT_TRUE(window_.stats().refusals.empty());
}

TEST_F(WindowLimit, a_name_that_was_refused_may_be_gone_at_the_next_tick) {
  for (int i = 0; i < 2; ++i) tick(100, 10);
  tick(40'000, 10);
  ASSERT_FALSE(kept("big_total"));
  tick(0, 10);
  EXPECT_TRUE(kept("small_total"));
}

TEST_F(WindowLimit, batches_are_held_to_it_too) {
  BatchBuilder builder;
  for (int i = 0; i < 60'000; ++i) builder.add(builder.place("x", {{"i", std::to_string(i)}}), kStartMs, i);
  builder.add(builder.place("y", {}), kStartMs, 1);
  window_.append(builder.batch());
  EXPECT_FALSE(kept("x"));
  builder.clear();
  builder.add(builder.place("x", {{"i", "5"}}), kStartMs + 1, 1);
  builder.add(builder.place("y", {}), kStartMs + 1, 1);
  EXPECT_EQ(window_.append(builder.batch()).refused, 1U);
  EXPECT_TRUE(kept("y"));
}

}  // namespace
}  // namespace tocsin::rules
