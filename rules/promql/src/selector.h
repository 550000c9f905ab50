// SPDX-License-Identifier: Apache-2.0
// Where a selector looks, which rows it found, and the operator that takes each row's latest sample.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "rules/promql/src/operator.h"

namespace tocsin::rules::promql {

// `offset` and `@`, resolved: the time that is looked at from a step.
struct Shift {
  std::int64_t offset_ms = 0;
  std::optional<std::int64_t> at_ms;

  std::int64_t from(std::int64_t step_ms) const noexcept { return at_ms.value_or(step_ms) - offset_ms; }
};

inline constexpr std::size_t kNoCoverage = SIZE_MAX;

inline constexpr std::size_t kSampleBytes = 16;  // a time and a value, in a Block

struct Selection {
  std::vector<Matcher> matchers;
  SourceRange range;        // of the selector in the text
  std::size_t coverage = kNoCoverage;  // its place in Coverage::selectors
  Shift shift;
  // Hints of native histograms are worked out from what is read, where storage left them open.
  bool tell_resets = false;
};

// The rows of a selection; selected anew only when the time that is read changes.
class SelectedRows {
 public:
  SelectedRows(Run& run, Selection selection) : run_(run), memory_(run), selection_(std::move(selection)) {}

  const Shift& shift() const noexcept { return selection_.shift; }
  SourceRange source() const noexcept { return selection_.range; }
  // Errors: the reader's; TooLarge with too many series.
  Result<void> select(TimeRange range, const Steps& steps);
  std::size_t size() const noexcept { return rows_.size(); }
  SeriesKey key(std::size_t i) const noexcept { return key_of(run_.reader.labels(rows_[i])); }
  // Reads the samples of the next rows, as many as make a good chunk; none when all were read.
  Result<std::span<const SeriesRow>> read_next(Block& block);
  // The same, of each row its newest sample alone.
  Result<std::span<const SeriesRow>> read_next_newest(Block& block);
  // The next rows whose samples lie time by time; none: read_next() has them, or there are no more.
  Result<std::span<const SeriesRow>> read_next_columns(ColumnSink& sink);

 private:
  Result<void> count(std::size_t rows, std::uint64_t samples);

  Run& run_;
  MemoryUse memory_;  // of the samples that were read last
  Selection selection_;
  std::vector<SeriesRow> rows_;
  std::optional<TimeRange> range_;
  std::size_t next_ = 0, most_rows_ = 1;
  std::uint64_t samples_ = 0;
};

// Time: the sample's own, in seconds, of a series without its name; NamedTime: with it.
enum class Take : std::uint8_t { Sample, Time, NamedTime };

OperatorPtr make_selector(Run& run, Selection selection, Take take);

}  // namespace tocsin::rules::promql
