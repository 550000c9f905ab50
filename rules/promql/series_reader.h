// SPDX-License-Identifier: Apache-2.0
// SeriesReader: all that PromQL knows of stored series. An immutable view: what it answers does not change while held.
//
//   auto rows = reader.select(matchers, range);
//   Block block;                                          // reused from call to call
//   auto read = reader.read(*rows, range, block);         // of many rows a part at a time
//
// Labels are numbers: one symbol table a reader, so that grouping and joining compare integers, never texts.
// Threads: const functions on any thread at once. Costs: select is by index; read copies 16 bytes a sample, read_columns 8 at a
// time, read_newest 16 a row.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "meters/base/result.h"
#include "rules/promql/float_histogram.h"
#include "rules/promql/matcher.h"

namespace tocsin::rules::promql {

using Symbol = std::uint32_t;
inline constexpr Symbol kEmptySymbol = 0;          // the empty text
inline constexpr Symbol kNoSymbol = 0xffff'ffff;   // a text the reader does not have

struct LabelId {
  Symbol name, value;  // neither empty
  bool operator==(const LabelId&) const = default;
};

using SeriesRow = std::uint32_t;  // a series of this reader

struct TimeRange {
  std::int64_t from_ms, to_ms;  // both included
};

// A series that ended says so by this value (Prometheus' staleness marker); any other NaN is a value.
inline constexpr std::uint64_t kStaleBits = 0x7ff0'0000'0000'0002;
inline bool is_stale(double value) noexcept { return std::bit_cast<std::uint64_t>(value) == kStaleBits; }

// Samples of some rows, one row after the other, each in ascending time.
struct Block {
  std::vector<std::uint32_t> ends;         // row i has samples [i ? ends[i - 1] : 0, ends[i])
  std::vector<std::int64_t> time_ms;       // one a sample
  std::vector<double> values;              // one a sample; a histogram's is 0
  std::vector<HistogramPtr> histograms;    // empty where no row has one, else one a sample, null for floats

  void clear() noexcept {
    ends.clear(), time_ms.clear(), values.clear(), histograms.clear();
  }
  std::span<const HistogramPtr> histograms_of(std::size_t from, std::size_t to) const noexcept {
    return histograms.empty() ? std::span<const HistogramPtr>() : std::span(histograms).subspan(from, to - from);
  }
};

// Takes samples time by time: of some rows, in their order, the value that each has at that time.
class ColumnSink {
 public:
  virtual ~ColumnSink() = default;
  virtual void take(std::int64_t time_ms, std::span<const double> values) = 0;
};

struct ColumnsRead {
  std::size_t rows = 0, times = 0;
};

class SeriesReader {
 public:
  virtual ~SeriesReader() = default;

  // Empty for kEmptySymbol. Valid as long as the reader. Requires: a symbol of this reader.
  virtual std::string_view text(Symbol symbol) const noexcept = 0;
  virtual Symbol symbol(std::string_view text) const noexcept = 0;  // kNoSymbol where unknown

  // Series that all matchers take and that may have a sample in the range, ascending. Errors: Exhausted, Cancelled.
  virtual Result<std::vector<SeriesRow>> select(std::span<const Matcher> matchers, TimeRange range) const = 0;
  // Sorted by the names' texts; __name__ is one of them. Valid as long as the reader.
  virtual std::span<const LabelId> labels(SeriesRow row) const noexcept = 0;
  // Replaces the block by the samples of these rows in the range, staleness markers included.
  virtual Result<void> read(std::span<const SeriesRow> rows, TimeRange range, Block& into) const = 0;
  // Of each row only its newest sample in the range, if it has one there.
  virtual Result<void> read_newest(std::span<const SeriesRow> rows, TimeRange range, Block& into) const;
  // What read() has, time by time, of as many of the first rows as are stored so and have, at each of the times in the range, a number that is
  // no staleness marker. Nothing read: they do not lie so, what `sink` was told does not count, and read() has them.
  virtual ColumnsRead read_columns(std::span<const SeriesRow> rows, TimeRange range, ColumnSink& sink) const {
    (void)rows, (void)range, (void)sink;
    return {};
  }
};

}  // namespace tocsin::rules::promql
