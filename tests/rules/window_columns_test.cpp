// SPDX-License-Identifier: Apache-2.0
// What is read time by time is what is read row by row, and rates that are worked out so are the same to the last bit.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "rules/promql/evaluate.h"
#include "rules/promql/parse.h"
#include "rules/window.h"
#include "tests/rules/window_reader.h"

namespace tocsin::rules {
namespace {

using namespace promql;

constexpr std::int64_t kStartMs = 1'700'000'000'000, kStepMs = 15'000;

// The same series, but only row by row.
class ByRows final : public SeriesReader {
 public:
  explicit ByRows(const SeriesReader& under) : under_(under) {}
  std::string_view text(Symbol symbol) const noexcept override { return under_.text(symbol); }
  Symbol symbol(std::string_view text) const noexcept override { return under_.symbol(text); }
  Result<std::vector<SeriesRow>> select(std::span<const Matcher> matchers, TimeRange range) const override { return under_.select(matchers, range); }
  std::span<const LabelId> labels(SeriesRow row) const noexcept override { return under_.labels(row); }
  Result<void> read(std::span<const SeriesRow> rows, TimeRange range, Block& into) const override { return under_.read(rows, range, into); }

 private:
  const SeriesReader& under_;
};

struct Told final : ColumnSink {
  std::vector<std::int64_t> times;
  std::vector<std::vector<double>> columns;
  void take(std::int64_t time_ms, std::span<const double> values) override {
    times.push_back(time_ms);
    columns.emplace_back(values.begin(), values.end());
  }
};

class WindowColumns : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& series, std::int64_t time_ms, double value) {
    const BatchBuilder::Label label{"s", series};
    builder_.add(builder_.place(name, {&label, 1}), time_ms, value);
  }
  void append() {
    window_.append(builder_.batch());
    builder_.clear();
  }
  // Rows that are told time by time, of all of that name; each sample is compared with what is read row by row.
  std::size_t rows_told(const std::string& name, TimeRange range) {
    const auto view = window_.view();
    const auto found = *view->select(std::vector{testing::named(name)}, range);
    std::size_t told = 0;
    for (std::span<const SeriesRow> rows = found; !rows.empty();) {
      Told columns;
      const auto [count, times] = view->read_columns(rows, range, columns);
      if (times == 0) {
        rows = rows.subspan(1);
        continue;
      }
      Block block;
      EXPECT_TRUE(view->read(rows.first(count), range, block));
      EXPECT_EQ(block.values.size(), count * times);
      EXPECT_EQ(columns.times.size(), times);
      for (std::size_t row = 0; row < count; ++row)
        for (std::size_t at = 0; at < times; ++at) {
          EXPECT_EQ(columns.times[at], block.time_ms[row * times + at]);
          EXPECT_EQ(std::bit_cast<std::uint64_t>(columns.columns[at][row]), std::bit_cast<std::uint64_t>(block.values[row * times + at]));
        }
      told += count;
      rows = rows.subspan(count);
    }
    return told;
  }

  Window window_{{.retention = std::chrono::hours(2)}};
  BatchBuilder builder_;
};

TEST_F(WindowColumns, what_is_scraped_together_is_told_time_by_time_whatever_its_width) {
  const double steps[] = {0, 1, 300, 70'000, 5e9, 0.1};
  for (int tick = 0; tick < 20; ++tick) {
    for (int series = 0; series < 700; ++series)
      put("m", std::to_string(series), kStartMs + tick * kStepMs, tick * steps[series / 120]);
    append();
  }
  EXPECT_EQ(rows_told("m", {kStartMs + 1, kStartMs + 20 * kStepMs}), 700U);
  EXPECT_EQ(rows_told("m", {kStartMs + 10 * kStepMs, kStartMs + 12 * kStepMs}), 700U);
}

TEST_F(WindowColumns, a_part_of_a_strip_is_told_too) {
  for (int tick = 0; tick < 5; ++tick) {
    for (int series = 0; series < 100; ++series) put(series % 3 == 0 ? "a" : "b", std::to_string(series), kStartMs + tick * kStepMs, tick + series);
    append();
  }
  EXPECT_EQ(rows_told("a", {kStartMs, kStartMs + 4 * kStepMs}), 34U);
  EXPECT_EQ(rows_told("b", {kStartMs, kStartMs + 4 * kStepMs}), 66U);
}

TEST_F(WindowColumns, holes_markers_later_births_and_other_times_are_read_row_by_row) {
  for (int tick = 0; tick < 6; ++tick) {
    const std::int64_t now = kStartMs + tick * kStepMs;
    for (int series = 0; series < 10; ++series) {
      if (tick != 3 || series != 4) put("hole", std::to_string(series), now, tick);
      put("marker", std::to_string(series), now, tick == 3 && series == 4 ? std::bit_cast<double>(kStaleBits) : tick);
      if (tick >= 3 || series < 5) put("born", std::to_string(series), now, tick);
      put("apart", std::to_string(series), now + series, tick);
    }
    append();
  }
  const TimeRange all{kStartMs, kStartMs + 6 * kStepMs}, newest{kStartMs + 4 * kStepMs, kStartMs + 6 * kStepMs};
  EXPECT_EQ(rows_told("hole", all), 5U) << "those behind the one that was missed";
  EXPECT_EQ(rows_told("marker", all), 5U);
  EXPECT_EQ(rows_told("born", all), 0U) << "the first five lie elsewhere in later columns";
  EXPECT_LE(rows_told("apart", all), 2U) << "the last few alone";
  for (const char* name : {"hole", "marker", "born"}) EXPECT_EQ(rows_told(name, newest), 10U) << name;
}

TEST_F(WindowColumns, series_of_several_senders_are_told_sender_by_sender) {
  for (int tick = 0; tick < 8; ++tick) {
    for (int sender = 0; sender < 40; ++sender) {
      for (int series = 0; series < 12; ++series)
        put("m", std::to_string(sender * 12 + series), kStartMs + tick * kStepMs + sender * 371, tick * sender + series);
    }
    append();
  }
  // All but the few of a sender that begin the next strip.
  EXPECT_GE(rows_told("m", {kStartMs + kStepMs, kStartMs + 9 * kStepMs}), 470U);
  // Some senders' samples of a column are outside where others' are inside.
  EXPECT_GE(rows_told("m", {kStartMs + kStepMs + 5'000, kStartMs + 6 * kStepMs + 5'000}), 470U);
}

TEST_F(WindowColumns, rates_are_the_same_to_the_last_bit) {
  std::mt19937 random(7);
  const auto one_in = [&](unsigned n) { return random() % n == 0; };
  std::map<int, double> values;
  for (int tick = 0; tick < 60; ++tick) {
    for (int series = 0; series < 1500; ++series) {
      if (series % 50 == 49 && one_in(10)) continue;  // some are missed now and then
      double& value = values[series];
      if (one_in(series < 500 ? 8 : 200)) value = 0;  // counters that begin anew, some of them often
      value += series % 2 == 0 ? static_cast<double>(random() % 100) : static_cast<double>(random() % 1000) / 7;
      put("c_total", std::to_string(series), kStartMs + tick * kStepMs, one_in(100'000) ? std::nan("") : value);
    }
    append();
  }
  const auto view = window_.view();
  const ByRows by_rows(*view);
  std::size_t compared = 0;
  for (const char* query : {"rate(c_total[1m])", "increase(c_total[5m])", "delta(c_total[5m])", "rate(c_total[10m])", "rate(c_total[16s])",
                            "rate(c_total[1m] offset 2m)", "sum(rate(c_total[3m]))", "rate(c_total[1m] @ 1700000300)"}) {
    const auto expr = *parse(query);
    const EvaluationTime time = instant(kStartMs + 59 * kStepMs + 3'000);
    const auto together = evaluate(*expr, *view, {.time = time}), apart = evaluate(*expr, by_rows, {.time = time});
    ASSERT_TRUE(together.ok() && apart.ok()) << query;
    const auto& a = std::get<Vector>(together->value);
    const auto& b = std::get<Vector>(apart->value);
    ASSERT_EQ(a.size(), b.size()) << query;
    for (std::size_t i = 0; i < a.size(); ++i, ++compared)
      EXPECT_EQ(std::bit_cast<std::uint64_t>(a[i].point.value), std::bit_cast<std::uint64_t>(b[i].point.value)) << query << ' ' << i;
    EXPECT_EQ(together->annotations.size(), apart->annotations.size()) << query;
  }
  EXPECT_GT(compared, 8'000U);
}

}  // namespace
}  // namespace tocsin::rules
