// SPDX-License-Identifier: Apache-2.0
// Row store: the slots of a family, each with a record and its cells. Slots never move; segments double in size, so that
// a reader that learnt of a slot finds its cells without a lock.
//
// Threads: cell() and shared() of a published slot, and record().refs and .native, on any thread; the rest under the family's lock.
// Costs 24 bytes a slot and its cells.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "meters/arena.h"

namespace tocsin::meters::detail {

enum class Phase : std::uint8_t {
  Free,
  Live,
  Ended,   // in the collected output, marked, until every sink saw it
  Hidden,  // in no output and no index; a handle may hold it, and recording by it brings the series back
};

struct RowRecord {
  std::atomic<std::uint32_t> refs;    // handles
  std::atomic<CellIndex> native;      // exponential buckets in the arenas, of declared rows; kNowhere: none
  std::uint32_t fingerprint;          // of the value when expire() last looked
  std::uint32_t changed_s : 29;       // when it last saw another one: seconds since the family was made
  Phase phase : 2;
  bool declared : 1;
  std::int64_t start_ns;
};
static_assert(sizeof(RowRecord) == 24);

class RowStore {
 public:
  struct Layout {
    std::uint32_t cells = 0;         // a row, in the arenas
    std::uint32_t shared = 0;        // a row, one copy for all threads
    bool first_cell_is_double = false;
    bool single = false;             // a family without labels
  };

  explicit RowStore(Layout layout) noexcept : layout_(layout), shift_(layout.single ? 0 : 3) {}
  ~RowStore();
  RowStore(const RowStore&) = delete;
  RowStore& operator=(const RowStore&) = delete;

  // A slot whose cells are zero; nullopt when there is no memory.
  std::optional<std::uint32_t> allocate() noexcept;
  // Requires: nobody can record into it any more.
  void free(std::uint32_t slot) noexcept;

  std::uint32_t slots() const noexcept { return slots_; }  // highest slot ever handed out, plus one
  std::uint32_t in_use() const noexcept { return slots_ - static_cast<std::uint32_t>(free_.size()); }

  RowRecord& record(std::uint32_t slot) const noexcept {
    const std::uint32_t segment = segment_of(slot);
    return segments_[segment].records[slot - base_of(segment)];
  }
  CellIndex cell(std::uint32_t slot) const noexcept {
    const std::uint32_t segment = segment_of(slot);
    return segments_[segment].first_cell + (slot - base_of(segment)) * layout_.cells;
  }
  Cell* shared(std::uint32_t slot) const noexcept {
    const std::uint32_t segment = segment_of(slot);
    return segments_[segment].shared + std::size_t{slot - base_of(segment)} * layout_.shared;
  }
  const Layout& layout() const noexcept { return layout_; }

  // Sums over all arenas, layout().cells numbers a slot, as bits. Safe while others record.
  std::vector<std::uint64_t> sums() const;
  std::vector<std::uint64_t> sums_of(std::uint32_t slot) const;

  std::size_t bytes() const noexcept;

 private:
  struct FreeRecords {
    void operator()(RowRecord* records) const noexcept { std::free(records); }
  };
  struct Segment {
    std::unique_ptr<RowRecord[], FreeRecords> records;
    CellIndex first_cell = kNowhere;
    Cell* shared = nullptr;
  };

  std::uint32_t segment_of(std::uint32_t slot) const noexcept {
    return static_cast<std::uint32_t>(std::bit_width((slot >> shift_) + 1U)) - 1U;
  }
  std::uint32_t base_of(std::uint32_t segment) const noexcept { return ((1U << segment) - 1U) << shift_; }
  std::uint32_t rows_of(std::uint32_t segment) const noexcept { return 1U << (segment + shift_); }
  bool open_segment(std::uint32_t segment) noexcept;
  void add_cells(std::span<const Cell> from, std::uint64_t* into) const noexcept;

  Layout layout_;
  std::uint32_t shift_;
  std::uint32_t slots_ = 0;
  std::array<Segment, 25> segments_;
  std::vector<std::uint32_t> free_;
};

}  // namespace tocsin::meters::detail
