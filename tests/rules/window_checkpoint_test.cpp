// SPDX-License-Identifier: Apache-2.0
#include "rules/window_checkpoint.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/rules/window_reader.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using testing::Samples;
using testing::samples_of;
using testing::SnapshotMaker;

constexpr std::int64_t kStartMs = 1'700'000'000'000;

Time at_ms(std::int64_t ms) { return from_unix_ns(ms * 1'000'000); }

struct Bytes : ByteSink {
  Result<void> write(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
};

std::string saved(Window& window) {
  Bytes bytes;
  EXPECT_TRUE(window.checkpoint()->save(bytes));
  return bytes.text;
}

class WindowCheckpointTest : public ::testing::Test {
 protected:
  void fill(int ticks) {
    for (int i = 0; i < ticks; ++i) {
      made_.at(now_ms_ += 15'000)
          .from("shop", "a", "")
          .counter("x_total", {{"ret", "0"}}, i * 10, kStartMs)
          .gauge("y", {{"k", "v"}}, i * 0.37)
          .histogram("t", {}, {1, 2}, {1U + i, 2, 3}, i * 1.5, kStartMs);
      if (i == 30) made_.counter("gone_total", {}, 5, kStartMs);
      window_.append(*made_.take());
    }
  }

  Window window_{{}};
  SnapshotMaker made_;
  std::int64_t now_ms_ = kStartMs;
};

TEST_F(WindowCheckpointTest, what_was_saved_is_restored) {
  fill(200);
  Window next({});
  const auto restored = next.restore(saved(window_), at_ms(now_ms_));
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->series, window_.stats().series);
  EXPECT_EQ(restored->newest, at_ms(now_ms_));
  EXPECT_EQ(samples_of(next, ".*"), samples_of(window_, ".*"));
}

TEST_F(WindowCheckpointTest, series_go_on_after_it) {
  fill(100);
  Window next({});
  ASSERT_TRUE(next.restore(saved(window_), at_ms(now_ms_)));
  SnapshotMaker other;
  other.at(now_ms_ + 40'000).from("shop", "a", "").counter("x_total", {{"ret", "0"}}, 2'000, kStartMs);
  next.append(*other.take());
  const auto before = samples_of(window_, "x_total").begin()->second;
  const auto after = samples_of(next, "x_total").begin()->second;
  ASSERT_EQ(after.size(), before.size() + 1) << "no zero: it is not new";
  EXPECT_EQ(after.back(), (std::pair<std::int64_t, double>{now_ms_ + 40'000 - kStartMs, 2'000}));
}

TEST_F(WindowCheckpointTest, a_new_series_of_a_known_sender_begins_at_its_last_export) {
  fill(10);
  Window next({});
  ASSERT_TRUE(next.restore(saved(window_), at_ms(now_ms_)));
  SnapshotMaker other;
  other.at(now_ms_ + 40'000).from("shop", "a", "").counter("new_total", {}, 3, kStartMs);
  next.append(*other.take());
  const std::int64_t last = now_ms_ - kStartMs;
  EXPECT_EQ(samples_of(next, "new_total").begin()->second,
            (std::vector<std::pair<std::int64_t, double>>{{last, 0}, {last + 40'000, 3}}));
}

TEST_F(WindowCheckpointTest, native_histograms_come_back) {
  meters::NativeHistogram native;
  native.positive = {1, 2};
  for (int i = 0; i < 40; ++i) {
    native.positive[1] += 3;
    window_.append(*made_.at(now_ms_ += 15'000).native("n", native, i).take());
  }
  Window next({});
  ASSERT_TRUE(next.restore(saved(window_), at_ms(now_ms_)));
  const auto histograms = [&](Window& window) {
    const auto view = window.view();
    const auto rows = view->select(std::vector{testing::named("n")}, {0, now_ms_});
    promql::Block block;
    EXPECT_TRUE(view->read(*rows, {0, now_ms_}, block));
    std::vector<promql::FloatHistogram> found;
    for (const auto& histogram : block.histograms) found.push_back(*histogram);
    return found;
  };
  EXPECT_EQ(histograms(next).size(), 40U);
  EXPECT_EQ(histograms(next), histograms(window_));
}

// The clock was set back since: what was not yet then stays, and new samples are taken at once.
TEST_F(WindowCheckpointTest, of_one_from_the_future_what_is_past_is_restored) {
  fill(1'000);  // 4 h 10 min
  Window next({.retention = 24h});
  const std::int64_t then_ms = kStartMs + 7'200'000;
  Window all({.retention = 24h});
  ASSERT_TRUE(all.restore(saved(window_), at_ms(now_ms_)));
  const auto restored = next.restore(saved(window_), at_ms(then_ms));
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_TRUE(restored->set_back);
  EXPECT_EQ(restored->newest, at_ms(then_ms));
  EXPECT_EQ(samples_of(next, ".*"), samples_of(*all.view(), ".*", 0, then_ms - 1));
  made_.at(then_ms).from("shop", "a", "").counter("x_total", {{"ret", "0"}}, 77'777, kStartMs);
  EXPECT_EQ(next.append(*made_.take()).not_newer, 0U);
  EXPECT_EQ(samples_of(next, "x_total").begin()->second.back(), (std::pair<std::int64_t, double>{then_ms - kStartMs, 77'777}));
}

TEST_F(WindowCheckpointTest, torn_or_damaged_ones_are_refused_and_change_nothing) {
  fill(50);
  const std::string good = saved(window_);
  std::mt19937 random(11);
  for (int round = 0; round < 400; ++round) {
    std::string bad = good;
    if (round % 2 == 0) {
      bad.resize(random() % good.size());
    } else {
      bad[random() % bad.size()] ^= static_cast<char>(1U << (random() % 8));
    }
    Window next({});
    const auto restored = next.restore(bad, at_ms(now_ms_));
    ASSERT_FALSE(restored) << round;
    EXPECT_FALSE(restored.error().message.empty());
    EXPECT_EQ(next.stats().series, 0U);
  }
  EXPECT_FALSE(Window({}).restore("", at_ms(now_ms_)));
  EXPECT_FALSE(Window({}).restore(good + "x", at_ms(now_ms_)));
}

TEST_F(WindowCheckpointTest, what_the_sink_says_is_told) {
  struct Full : ByteSink {
    Result<void> write(std::string_view) override { return Error{Fault::Environment, "no space left"}; }
  } full;
  fill(3);
  EXPECT_EQ(window_.checkpoint()->save(full).error().message, "no space left");
}

}  // namespace
}  // namespace tocsin::rules
