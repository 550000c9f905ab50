// SPDX-License-Identifier: Apache-2.0
// Each row's newest sample is the last of those that are read row by row, however the samples lie.
#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "rules/window.h"
#include "tests/rules/window_reader.h"

namespace tocsin::rules {
namespace {

using namespace promql;

constexpr std::int64_t kStartMs = 1'700'000'000'000, kStepMs = 15'000;

HistogramPtr histogram(double count) {
  auto made = std::make_shared<FloatHistogram>();
  made->count = count;
  made->sum = count * 2;
  made->positive_spans = {{0, 1}};
  made->positive = {count};
  return made;
}

class WindowNewest : public ::testing::Test {
 protected:
  BatchBuilder::Place place(const std::string& name, int series) {
    const std::string text = std::to_string(series);
    const BatchBuilder::Label label{"s", text};
    return builder_.place(name, {&label, 1});
  }
  void append() {
    window_.append(builder_.batch());
    builder_.clear();
  }
  // Compares with SeriesReader's own way, by read(); how many of the rows had a sample.
  std::size_t compare(const std::string& names, TimeRange range) {
    const auto view = window_.view();
    const auto rows = *view->select(std::vector{*Matcher::make("__name__", MatchType::Regex, names)}, range);
    Block newest, all;
    EXPECT_TRUE(view->read_newest(rows, range, newest));
    EXPECT_TRUE(view->SeriesReader::read_newest(rows, range, all));
    EXPECT_EQ(newest.ends, all.ends);
    EXPECT_EQ(newest.time_ms, all.time_ms);
    EXPECT_EQ(newest.histograms, all.histograms);
    EXPECT_EQ(newest.values.size(), all.values.size());
    for (std::size_t i = 0; i < std::min(newest.values.size(), all.values.size()); ++i)
      EXPECT_EQ(std::bit_cast<std::uint64_t>(newest.values[i]), std::bit_cast<std::uint64_t>(all.values[i])) << i;
    return newest.values.size();
  }

  Window window_{{.retention = std::chrono::minutes(20)}};
  BatchBuilder builder_;
};

TEST_F(WindowNewest, of_what_is_scraped_together) {
  for (int tick = 0; tick < 10; ++tick) {
    for (int series = 0; series < 700; ++series)
      builder_.add(place("m", series), kStartMs + tick * kStepMs, tick * (series < 300 ? 1.0 : 0.1));
    append();
  }
  EXPECT_EQ(compare("m", {kStartMs, kStartMs + 20 * kStepMs}), 700U);
  EXPECT_EQ(compare("m", {kStartMs, kStartMs + 3 * kStepMs}), 700U);
  EXPECT_EQ(compare("m", {kStartMs + 100 * kStepMs, kStartMs + 200 * kStepMs}), 0U);
}

TEST_F(WindowNewest, of_holes_markers_histograms_several_senders_chunks_and_slots_that_another_series_had) {
  std::mt19937 random(11);
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  const double stale = std::bit_cast<double>(kStaleBits);
  std::size_t compared = 0;
  for (int tick = 0; tick < 240; ++tick) {
    const std::int64_t now = kStartMs + tick * kStepMs;
    for (int series = 0; series < 300; ++series) {
      if (!one_in(20)) builder_.add(place("holes", series), now, one_in(50) ? stale : tick);
      builder_.add(place("senders", series), now + series / 30 * 700, tick + series / 7.0);
      // Of two that follow each other the second has the first one's slot.
      builder_.add(place("passing", series + tick / 40 * 300), now, tick);
      if (series >= 40) continue;
      if (one_in(10)) builder_.add(place("native", series), now, one_in(2) ? stale : 7.0);
      else builder_.add(place("native", series), now, histogram(tick));
    }
    append();
    if (tick % 16 != 0) continue;
    for (const std::int64_t back : {0, 3, 30, 70})
      for (const std::int64_t length : {1, 2, 20, 100})
        compared += compare("holes|senders|passing|native",
                            {now - (back + length) * kStepMs + 4'000, now - back * kStepMs + static_cast<std::int64_t>(random() % 9'000)});
  }
  EXPECT_GT(compared, 50'000U);
}

}  // namespace
}  // namespace tocsin::rules
