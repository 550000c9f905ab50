// SPDX-License-Identifier: Apache-2.0
// MemorySeries: series kept in plain vectors, for test scripts, rule unit tests and benchmarks.
//
//   MemorySeries series;
//   const SeriesRow row = series.add({{"__name__", "up"}, {"job", "api"}});
//   auto stored = series.append(row, 0, 1.0);
//   auto rows = series.select(matchers, {0, 60'000});   // it is a SeriesReader
//
// A histogram is stored as Prometheus' storage does: the counter reset hint is worked out anew from the sample before.
// Threads: one writes, or any number read. Costs: select looks at every series; 24 bytes a sample.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rules/promql/series_reader.h"

namespace tocsin::rules::promql {

// Names and values; a label with an empty value is an absent label.
using LabelTexts = std::vector<std::pair<std::string, std::string>>;

class MemorySeries final : public SeriesReader {
 public:
  MemorySeries();
  MemorySeries(const MemorySeries&) = delete;
  MemorySeries& operator=(const MemorySeries&) = delete;

  // The series with these labels, made where there is none. Of two labels with one name the last counts.
  SeriesRow add(const LabelTexts& labels);
  // Errors: Input, where the time is not after the series' last; the same sample twice is taken once.
  Result<void> append(SeriesRow row, std::int64_t time_ms, double value);
  Result<void> append(SeriesRow row, std::int64_t time_ms, const FloatHistogram& histogram);
  std::size_t size() const noexcept { return rows_.size(); }

  std::string_view text(Symbol symbol) const noexcept override { return texts_[symbol]; }
  Symbol symbol(std::string_view text) const noexcept override;
  Result<std::vector<SeriesRow>> select(std::span<const Matcher> matchers, TimeRange range) const override;
  std::span<const LabelId> labels(SeriesRow row) const noexcept override { return rows_[row].labels; }
  Result<void> read(std::span<const SeriesRow> rows, TimeRange range, Block& into) const override;

 private:
  struct Row {
    std::vector<LabelId> labels;
    std::vector<std::int64_t> times;
    std::vector<double> values;
    std::vector<HistogramPtr> histograms;  // empty, or one a sample
  };
  Symbol intern(std::string_view text);
  Result<bool> admit(const Row& row, std::int64_t time_ms, double value, const FloatHistogram* histogram) const;

  std::deque<std::string> texts_;  // by symbol; never moves a text
  std::unordered_map<std::string_view, Symbol> symbols_;
  std::vector<Row> rows_;
  std::map<std::vector<std::pair<Symbol, Symbol>>, SeriesRow> by_labels_;
};

}  // namespace tocsin::rules::promql
