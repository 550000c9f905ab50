// SPDX-License-Identifier: Apache-2.0
#include "meters/src/row_store.h"

#include <algorithm>

#include "meters/src/cell_space.h"
#include "meters/src/native_cells.h"

namespace tocsin::meters::detail {

RowStore::~RowStore() {
  for (std::uint32_t i = 0; i < segments_.size() && segments_[i].records; ++i) {
    if (layout_.cells > 0) free_cells(segments_[i].first_cell, layout_.cells * rows_of(i));
    free_shared(segments_[i].shared, std::size_t{layout_.shared} * rows_of(i));
  }
  for (std::uint32_t slot = 0; slot < slots_; ++slot)
    if (const CellIndex native = record(slot).native.load(std::memory_order_relaxed); native != kNowhere)
      free_cells(native, kNativeCells);
}

bool RowStore::open_segment(std::uint32_t segment) noexcept {
  Segment& made = segments_[segment];
  const std::uint32_t rows = rows_of(segment);
  if (layout_.shared > 0) {
    made.shared = allocate_shared(std::size_t{layout_.shared} * rows);
    if (made.shared == nullptr) return false;
  }
  const auto first = layout_.cells == 0 ? std::optional(kNowhere) : allocate_cells(layout_.cells * rows);
  // Zeroed by calloc: a large segment is touched only as it fills. All members are valid as zeroes.
  auto* records = static_cast<RowRecord*>(std::calloc(rows, sizeof(RowRecord)));
  if (!first || records == nullptr) {
    if (first && layout_.cells > 0) free_cells(*first, layout_.cells * rows);
    free_shared(made.shared, std::size_t{layout_.shared} * rows);
    std::free(records);
    made.shared = nullptr;
    return false;
  }
  made.first_cell = *first;
  made.records.reset(records);
  return true;
}

std::optional<std::uint32_t> RowStore::allocate() noexcept {
  if (!free_.empty()) {
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  const std::uint32_t segment = segment_of(slots_);
  if (segment >= segments_.size() || (!segments_[segment].records && !open_segment(segment))) return std::nullopt;
  return slots_++;
}

void RowStore::free(std::uint32_t slot) noexcept try {
  if (layout_.cells > 0) zero_cells(cell(slot), layout_.cells);
  for (std::uint32_t i = 0; i < layout_.shared; ++i)
    if (shared(slot)[i].load(std::memory_order_relaxed) != 0) shared(slot)[i].store(0, std::memory_order_relaxed);
  RowRecord& gone = record(slot);
  gone.fingerprint = 0;
  gone.declared = false;
  gone.phase = Phase::Free;
  free_.push_back(slot);
} catch (...) {
  // Without memory for the note the slot is lost to reuse, which is harmless.
}

void RowStore::add_cells(std::span<const Cell> from, std::uint64_t* into) const noexcept {
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::uint64_t bits = from[i].load(std::memory_order_relaxed);
    if (bits == 0) continue;
    if (layout_.first_cell_is_double && i % layout_.cells == 0)
      into[i] = std::bit_cast<std::uint64_t>(std::bit_cast<double>(into[i]) + std::bit_cast<double>(bits));
    else
      into[i] += bits;
  }
}

std::vector<std::uint64_t> RowStore::sums() const {
  std::vector<std::uint64_t> totals(std::size_t{slots_} * layout_.cells);
  if (layout_.cells == 0) return totals;
  for (std::uint32_t i = 0; base_of(i) < slots_; ++i) {
    const std::uint32_t used = std::min(rows_of(i), slots_ - base_of(i)) * layout_.cells;
    std::uint64_t* into = totals.data() + std::size_t{base_of(i)} * layout_.cells;
    for_each_arena(segments_[i].first_cell, used, [&](std::span<const Cell> cells) { add_cells(cells, into); });
  }
  return totals;
}

std::vector<std::uint64_t> RowStore::sums_of(std::uint32_t slot) const {
  std::vector<std::uint64_t> totals(layout_.cells);
  if (layout_.cells > 0)
    for_each_arena(cell(slot), layout_.cells, [&](std::span<const Cell> cells) { add_cells(cells, totals.data()); });
  return totals;
}

std::size_t RowStore::bytes() const noexcept {
  std::size_t total = sizeof(RowStore) + free_.capacity() * sizeof(free_[0]);
  for (std::uint32_t i = 0; i < segments_.size() && segments_[i].records; ++i)
    total += rows_of(i) * sizeof(RowRecord);
  return total;
}

}  // namespace tocsin::meters::detail
