// SPDX-License-Identifier: Apache-2.0
// Reading a strip: columns are copied side by side into the block, and only where something is missing or does not
// belong to the answer the rows are pushed together afterwards.
#include <algorithm>
#include <array>

#include "rules/src/window_strip.h"

namespace tocsin::rules {

using promql::Block;
using promql::SeriesRow;
using promql::TimeRange;

namespace {

// Fewer are as quickly read row by row.
constexpr std::size_t kFewRows = 8;

using Columns = std::span<const std::shared_ptr<const Column>>;

// Columns that may have samples in the range. Samples of one row ascend from column to column; those of several do not
// quite, so that ends are not found by halving.
Columns columns_in(const std::vector<std::shared_ptr<const Column>>& all, TimeRange range) {
  std::size_t end = all.size();
  while (end > 0 && all[end - 1]->min_ms() > range.to_ms) --end;
  std::size_t first = end;
  for (std::size_t i = end; i > 0; --i)
    if (all[i - 1]->max_ms() >= range.from_ms) first = i - 1;
  return std::span(all).subspan(first, end - first);
}

void add_sample(const Column& column, std::uint32_t slot, TimeRange range, Block& into) {
  const double value = column.value(slot);
  if (is_hole(value)) return;
  const std::int64_t time_ms = column.time_ms(slot);
  if (time_ms < range.from_ms || time_ms > range.to_ms) return;
  into.values.push_back(value);
  into.time_ms.push_back(time_ms);
  const bool histogram = column.has_histograms() && column.histogram(slot);
  if (!histogram && into.histograms.empty()) return;
  into.histograms.resize(into.values.size());
  if (histogram) into.histograms.back() = column.histogram(slot);
}

class ColumnReader {
 public:
  ColumnReader(const Directory& directory, Columns columns, std::span<const SeriesRow> rows, TimeRange range, Block& into)
      : directory_(directory), columns_(columns), rows_(rows), range_(range), into_(into), start_(into.values.size()) {}

  void read() {
    copy();
    if (whole()) {
      for (std::size_t i = 1; i <= rows_.size(); ++i)
        into_.ends.push_back(static_cast<std::uint32_t>(start_ + i * columns_.size()));
    } else {
      push_together();
    }
    if (!into_.histograms.empty()) into_.histograms.resize(into_.values.size());
  }

 private:
  void copy() {
    const std::size_t samples = rows_.size() * columns_.size();
    into_.values.resize(start_ + samples);
    into_.time_ms.resize(start_ + samples);
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      columns_[c]->values(rows_, kSlotMask, into_.values.data() + start_ + c, columns_.size());
      columns_[c]->times(rows_, kSlotMask, into_.time_ms.data() + start_ + c, columns_.size());
    }
  }

  bool whole() const {
    const std::uint32_t last = rows_.back() & kSlotMask;
    for (const auto& column : columns_)
      if (column->has_holes() || column->has_histograms() || column->slots() <= last ||
          column->min_ms() < range_.from_ms || column->max_ms() > range_.to_ms)
        return false;
    return std::all_of(rows_.begin(), rows_.end(), [&](SeriesRow row) {
      return directory_.slots[row & kSlotMask].born_ms <= range_.from_ms;
    });
  }

  void push_together() {
    std::size_t to = start_, from = start_;
    for (const SeriesRow row : rows_) {
      const std::uint32_t slot = row & kSlotMask;
      const std::int64_t least = std::max(range_.from_ms, directory_.slots[slot].born_ms);
      for (std::size_t c = 0; c < columns_.size(); ++c, ++from) {
        const std::int64_t time_ms = into_.time_ms[from];
        if (is_hole(into_.values[from]) || time_ms < least || time_ms > range_.to_ms) continue;
        into_.values[to] = into_.values[from];
        into_.time_ms[to] = time_ms;
        if (columns_[c]->has_histograms()) keep_histogram(to, columns_[c]->histogram(slot));
        ++to;
      }
      into_.ends.push_back(static_cast<std::uint32_t>(to));
    }
    into_.values.resize(to);
    into_.time_ms.resize(to);
  }

  void keep_histogram(std::size_t at, const promql::HistogramPtr& histogram) {
    if (!histogram) return;
    into_.histograms.resize(std::max(into_.histograms.size(), at + 1));
    into_.histograms[at] = histogram;
  }

  const Directory& directory_;
  const Columns columns_;
  const std::span<const SeriesRow> rows_;
  const TimeRange range_;
  Block& into_;
  const std::size_t start_;
};

}  // namespace

void StripView::read(std::span<const SeriesRow> rows, TimeRange range, Block& into) const {
  const Columns found = columns_in(columns, range);
  const auto overlaps = [&](const auto& chunk) { return chunk->min_ms() <= range.to_ms && chunk->max_ms() >= range.from_ms; };
  if (std::none_of(chunks.begin(), chunks.end(), overlaps)) return ColumnReader(*directory, found, rows, range, into).read();
  for (const SeriesRow row : rows) {
    const std::uint32_t slot = row & kSlotMask;
    const TimeRange own{std::max(range.from_ms, directory->slots[slot].born_ms), range.to_ms};
    for (const auto& chunk : chunks)
      if (overlaps(chunk)) chunk->read(slot, own, into);
    for (const auto& column : found) add_sample(*column, slot, own, into);
    into.ends.push_back(static_cast<std::uint32_t>(into.values.size()));
  }
  if (!into.histograms.empty()) into.histograms.resize(into.values.size());
}

promql::ColumnsRead StripView::read_columns(std::span<const SeriesRow> rows, TimeRange range, promql::ColumnSink& sink) const {
  if (kind == StripKind::Histograms || (!chunks.empty() && chunks.back()->max_ms() >= range.from_ms)) return {};
  const Columns found = columns_in(columns, range);
  if (found.empty()) return {};
  // As many as were taken at the same times as the first: by one sender, mostly.
  const std::size_t all = rows.size();
  for (const auto& column : found) {
    if (column->has_histograms() || column->slots() <= (rows.back() & kSlotMask)) return {};
    rows = rows.first(column->at_one_time(rows, kSlotMask));
  }
  if (rows.size() < std::min(all, kFewRows)) return {};
  // A slot's earlier samples may be another's, whose place it took.
  if (directory->last_born_ms > range.from_ms &&
      std::ranges::any_of(rows, [&](SeriesRow row) { return directory->slots[row & kSlotMask].born_ms > range.from_ms; }))
    return {};
  std::array<double, kStripSlots> values;
  promql::ColumnsRead read{rows.size(), 0};
  for (const auto& column : found) {
    const std::int64_t time_ms = column->time_ms(rows[0] & kSlotMask);
    if (time_ms < range.from_ms || time_ms > range.to_ms) continue;
    if (!column->numbers(rows, kSlotMask, values.data())) return {};
    sink.take(time_ms, std::span(values).first(rows.size()));
    ++read.times;
  }
  return read;
}

}  // namespace tocsin::rules
