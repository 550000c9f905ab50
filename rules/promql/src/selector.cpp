// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/selector.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "rules/promql/histogram_math.h"

namespace tocsin::rules::promql {
namespace {

// Samples and rows that are read at once: what stays in the second-level cache, and is worth a virtual call.
constexpr std::uint64_t kChunkSamples = 32'768;
constexpr std::uint64_t kChunkValues = 262'144;
constexpr std::size_t kMostRows = 1'024, kFirstRows = 64;

class Selector final : public Operator {
 public:
  Selector(Run& run, Selection selection, Take take) noexcept : Operator(run), rows_(run, std::move(selection)), take_(take) {}

  Result<void> open(const Steps& steps) override {
    steps_ = steps;
    lookback_ms_ = run_.settings.lookback.count();
    const Shift& shift = rows_.shift();
    return rows_.select({shift.from(steps.start_ms) - lookback_ms_ + 1, shift.from(steps.last())}, steps);
  }

  Result<bool> next(Grid& chunk) override {
    chunk.clear(steps_.count);
    const auto rows = steps_.count == 1 ? rows_.read_next_newest(block_) : rows_.read_next(block_);
    if (!rows) return rows.error();
    if (rows->empty()) return false;
    std::uint32_t from = 0;
    chunk.series.reserve(rows->size());
    for (std::size_t i = 0; i < rows->size(); ++i) {
      const std::uint32_t to = block_.ends[i];
      if (to > from) take_row(run_.reader.labels((*rows)[i]), from, to, chunk);
      if (error_) return *std::exchange(error_, {});
      from = to;
    }
    return true;
  }

 private:
  // The latest sample of each step that is younger than the look-back and no staleness marker.
  void take_row(std::span<const LabelId> labels, std::uint32_t from, std::uint32_t to, Grid& chunk) {
    std::size_t row = SIZE_MAX;
    std::uint32_t past = from;  // the first sample after the time that is looked at
    for (std::uint32_t step = 0; step < steps_.count; ++step) {
      const std::int64_t time = rows_.shift().from(steps_.at(step));
      while (past < to && block_.time_ms[past] <= time) ++past;
      if (past == from || block_.time_ms[past - 1] <= time - lookback_ms_) continue;
      const double value = block_.values[past - 1];
      const HistogramPtr* const histogram = block_.histograms.empty() ? nullptr : &block_.histograms[past - 1];
      if (is_stale(value) || (histogram && *histogram && is_stale((*histogram)->sum))) continue;
      if (row == SIZE_MAX) row = chunk.add(take_ == Take::Time ? run_.drop_name(key_of(labels)) : key_of(labels));
      if (take_ == Take::NamedTime && histogram && *histogram) {
        error_ = Error{Fault::Input, "this should be an info metric, with float samples: " + run_.space.to_string(key_of(labels))};
        return;
      }
      if (take_ != Take::Sample) chunk.row(row)[step] = static_cast<double>(block_.time_ms[past - 1]) / 1000;
      else if (histogram && *histogram) chunk.set(row, step, *histogram);
      else chunk.row(row)[step] = value;
    }
  }

  SelectedRows rows_;
  Take take_;
  Steps steps_;
  std::int64_t lookback_ms_ = 0;
  Block block_;
  std::optional<Error> error_;
};

}  // namespace

namespace {

void tell_resets(Block& block) {
  std::uint32_t from = 0;
  for (const std::uint32_t to : block.ends) {
    const FloatHistogram* before = nullptr;
    for (std::uint32_t i = std::exchange(from, to); i < to; ++i) {
      HistogramPtr& histogram = block.histograms[i];
      if (!histogram || is_stale(histogram->sum)) continue;
      if (histogram->hint == CounterResetHint::Unknown && before) {
        auto told = std::make_shared<FloatHistogram>(*histogram);
        told->hint = detect_reset(*histogram, *before) ? CounterResetHint::Reset : CounterResetHint::NotReset;
        histogram = std::move(told);
      }
      before = histogram.get();
    }
  }
}

}  // namespace

Result<void> SelectedRows::select(TimeRange range, const Steps& steps) {
  next_ = 0;
  samples_ = 0;
  most_rows_ = std::clamp<std::size_t>(kChunkValues / steps.count, 1, kMostRows);
  if (range_ && range_->from_ms == range.from_ms && range_->to_ms == range.to_ms) return {};
  auto rows = run_.reader.select(selection_.matchers, range);
  if (!rows) return rows.error();
  if (rows->size() > run_.settings.limits.series) {
    return Error{Fault::TooLarge, "a selector matches " + std::to_string(rows->size()) + " series, more than the limit of " +
                                      std::to_string(run_.settings.limits.series)};
  }
  rows_ = std::move(*rows);
  range_ = range;
  if (selection_.coverage == kNoCoverage) return {};
  Coverage::Selector& seen = run_.coverage.selectors[selection_.coverage];
  seen.series = std::max<std::uint64_t>(seen.series, rows_.size());
  return {};
}

// Rows were read, with so many samples.
Result<void> SelectedRows::count(std::size_t rows, std::uint64_t samples) {
  run_.coverage.samples_read += samples;
  samples_ += samples;
  next_ += rows;
  return memory_.set(samples * kSampleBytes, samples);
}

Result<std::span<const SeriesRow>> SelectedRows::read_next(Block& block) {
  // The first rows tell how many samples a row has.
  std::size_t size = std::min(kFirstRows, most_rows_);
  if (next_ > 0) {
    const std::uint64_t each = std::max<std::uint64_t>(1, samples_ / next_);
    size = std::clamp<std::size_t>(kChunkSamples / each, 1, most_rows_);
  }
  auto rows = std::span<const SeriesRow>(rows_).subspan(next_, std::min(size, rows_.size() - next_));
  if (auto fits = memory_.set(0); !fits) return fits.error();
  if (rows.empty()) return rows;
  if (auto going = run_.proceed(); !going) return going.error();
  for (;;) {
    if (auto read = run_.reader.read(rows, *range_, block); !read) return read.error();
    // Only a single row has to fit.
    if (rows.size() == 1 || run_.samples_held + block.values.size() <= run_.settings.limits.samples) break;
    rows = rows.first(rows.size() / 2);
  }
  if (auto fits = count(rows.size(), block.values.size()); !fits) return fits.error();
  if (selection_.tell_resets && !block.histograms.empty()) tell_resets(block);
  return rows;
}

Result<std::span<const SeriesRow>> SelectedRows::read_next_newest(Block& block) {
  if (selection_.tell_resets) return read_next(block);  // by the samples before
  const auto rows = std::span<const SeriesRow>(rows_).subspan(next_, std::min(most_rows_, rows_.size() - next_));
  if (auto fits = memory_.set(0); !fits) return fits.error();
  if (rows.empty()) return rows;
  if (auto going = run_.proceed(); !going) return going.error();
  if (auto read = run_.reader.read_newest(rows, *range_, block); !read) return read.error();
  if (auto fits = count(rows.size(), block.values.size()); !fits) return fits.error();
  return rows;
}

Result<std::span<const SeriesRow>> SelectedRows::read_next_columns(ColumnSink& sink) {
  const auto rows = std::span<const SeriesRow>(rows_).subspan(next_);
  if (rows.empty()) return rows;
  if (auto going = run_.proceed(); !going) return going.error();
  const auto [read, times] = run_.reader.read_columns(rows, *range_, sink);
  if (times == 0 || read == 0) return rows.first(0);
  if (auto fits = count(read, read * times); !fits) return fits.error();
  return rows.first(read);
}

OperatorPtr make_selector(Run& run, Selection selection, Take take) {
  return std::make_unique<Selector>(run, std::move(selection), take);
}

}  // namespace tocsin::rules::promql
