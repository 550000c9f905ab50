// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_view.h"

#include <algorithm>

namespace tocsin::rules {

using promql::Block;
using promql::kNoSymbol;
using promql::LabelId;
using promql::SeriesRow;
using promql::Symbol;
using promql::TimeRange;

WindowView::WindowView(std::unique_ptr<const State> state) : state_(std::move(state)) {}
WindowView::~WindowView() = default;

std::string_view WindowView::text(Symbol symbol) const noexcept { return state_->symbols->text(symbol); }

Symbol WindowView::symbol(std::string_view text) const noexcept {
  const Symbol symbol = state_->symbols->find(text);
  return symbol < state_->symbol_count ? symbol : kNoSymbol;
}

std::span<const LabelId> WindowView::labels(SeriesRow row) const noexcept {
  return state_->strips[row / kStripSlots]->directory->labels(row & kSlotMask);
}

WindowExtent WindowView::extent() const noexcept {
  WindowExtent extent;
  const auto take = [&](const auto& parts) {
    for (const auto& part : parts) {
      extent.oldest_ms = extent.chunks == 0 ? part->min_ms() : std::min(extent.oldest_ms, part->min_ms());
      extent.newest_ms = extent.chunks == 0 ? part->max_ms() : std::max(extent.newest_ms, part->max_ms());
      ++extent.chunks;
    }
  };
  for (const auto& strip : state_->strips) {
    if (!strip) continue;
    take(strip->chunks);
    take(strip->columns);
  }
  return extent;
}

namespace {

// The first rows that are of one strip, ascending.
std::span<const SeriesRow> of_one_strip(std::span<const SeriesRow> rows) noexcept {
  std::size_t end = 1;
  while (end < rows.size() && rows[end] / kStripSlots == rows[0] / kStripSlots && rows[end] > rows[end - 1]) ++end;
  return rows.first(end);
}

// Calls use(strip, rows) for what lies together of the rows.
template <class Use>
void each_strip(const std::vector<std::shared_ptr<const StripView>>& strips, std::span<const SeriesRow> rows, const Use& use) {
  while (!rows.empty()) {
    const auto some = of_one_strip(rows);
    use(*strips[some[0] / kStripSlots], some);
    rows = rows.subspan(some.size());
  }
}

}  // namespace

Result<void> WindowView::read(std::span<const SeriesRow> rows, TimeRange range, Block& into) const {
  into.clear();
  each_strip(state_->strips, rows, [&](const StripView& strip, auto some) { strip.read(some, range, into); });
  return {};
}

Result<void> WindowView::read_newest(std::span<const SeriesRow> rows, TimeRange range, Block& into) const {
  into.clear();
  each_strip(state_->strips, rows, [&](const StripView& strip, auto some) { strip.read_newest(some, range, into); });
  return {};
}

promql::ColumnsRead WindowView::read_columns(std::span<const SeriesRow> rows, TimeRange range, promql::ColumnSink& sink) const {
  if (rows.empty()) return {};
  return state_->strips[rows[0] / kStripSlots]->read_columns(of_one_strip(rows), range, sink);
}

}  // namespace tocsin::rules
