// SPDX-License-Identifier: Apache-2.0
// Each row's newest sample of a strip: the newest column has nearly all of them, earlier ones and chunks are asked for
// what it lacks.
#include <array>
#include <numeric>
#include <ranges>

#include "rules/src/window_strip.h"

namespace tocsin::rules {

using promql::Block;
using promql::HistogramPtr;
using promql::SeriesRow;
using promql::TimeRange;

namespace {

class NewestReader {
 public:
  NewestReader(const Directory& directory, std::span<const SeriesRow> rows, TimeRange range)
      : directory_(directory), rows_(rows), range_(range), missing_(rows.size()) {
    std::iota(missing_places_.begin(), missing_places_.begin() + static_cast<std::ptrdiff_t>(missing_), std::uint16_t{0});
  }

  bool done() const noexcept { return missing_ == 0; }

  void take(const Column& column) {
    if (missing_ == rows_.size() && whole(column)) {
      column.values(rows_, kSlotMask, values_.data(), 1);
      column.times(rows_, kSlotMask, times_.data(), 1);
      missing_ = 0;
      return;
    }
    look([&](std::size_t place, std::uint32_t slot) {
      values_[place] = column.value(slot);
      times_[place] = column.time_ms(slot);
      if (is_hole(values_[place]) || times_[place] < least(slot) || times_[place] > range_.to_ms) return false;
      if (column.has_histograms()) keep(place, column.histogram(slot));
      return true;
    });
  }

  void take(const Chunk& chunk) {
    Block found;
    look([&](std::size_t place, std::uint32_t slot) {
      found.clear();
      chunk.read(slot, {least(slot), range_.to_ms}, found);
      if (found.values.empty()) return false;
      values_[place] = found.values.back();
      times_[place] = found.time_ms.back();
      if (!found.histograms.empty()) keep(place, found.histograms.back());
      return true;
    });
  }

  void put(Block& into) {
    std::size_t missed = 0;  // in ascending order still
    for (std::size_t place = 0; place < rows_.size(); ++place) {
      if (missed < missing_ && missing_places_[missed] == place) {
        ++missed;
      } else {
        into.values.push_back(values_[place]);
        into.time_ms.push_back(times_[place]);
        if (!histograms_.empty() && histograms_[place]) {
          into.histograms.resize(into.values.size());
          into.histograms.back() = std::move(histograms_[place]);
        }
      }
      into.ends.push_back(static_cast<std::uint32_t>(into.values.size()));
    }
    if (!into.histograms.empty()) into.histograms.resize(into.values.size());
  }

 private:
  std::int64_t least(std::uint32_t slot) const noexcept { return std::max(range_.from_ms, directory_.slots[slot].born_ms); }

  // Every row has its sample of this column.
  bool whole(const Column& column) const noexcept {
    return !column.has_holes() && !column.has_histograms() && column.slots() > (rows_.back() & kSlotMask) &&
           column.min_ms() >= std::max(range_.from_ms, directory_.last_born_ms) && column.max_ms() <= range_.to_ms;
  }

  // Places for which found(place, slot) is false stay missing.
  template <class Found>
  void look(const Found& found) {
    std::size_t still = 0;
    for (std::size_t i = 0; i < missing_; ++i) {
      const std::uint16_t place = missing_places_[i];
      if (!found(place, rows_[place] & kSlotMask)) missing_places_[still++] = place;
    }
    missing_ = still;
  }

  void keep(std::size_t place, const HistogramPtr& histogram) {
    if (!histogram) return;
    histograms_.resize(rows_.size());
    histograms_[place] = histogram;
  }

  const Directory& directory_;
  const std::span<const SeriesRow> rows_;
  const TimeRange range_;
  std::array<double, kStripSlots> values_;
  std::array<std::int64_t, kStripSlots> times_;
  std::array<std::uint16_t, kStripSlots> missing_places_;  // of rows_, ascending
  std::size_t missing_;
  std::vector<HistogramPtr> histograms_;  // empty where there is none
};

}  // namespace

void StripView::read_newest(std::span<const SeriesRow> rows, TimeRange range, Block& into) const {
  NewestReader reader(*directory, rows, range);
  const auto take = [&](const auto& parts) {
    for (const auto& part : std::views::reverse(parts)) {
      if (reader.done()) return;
      if (part->min_ms() <= range.to_ms && part->max_ms() >= range.from_ms) reader.take(*part);
    }
  };
  take(columns);
  take(chunks);
  reader.put(into);
}

}  // namespace tocsin::rules
