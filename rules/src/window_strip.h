// SPDX-License-Identifier: Apache-2.0
// Strip: up to 512 series whose samples lie together: the newest as columns (one a tick), older ones compressed as chunks.
// A series is a slot of its strip; a SeriesRow is the strip's number and the slot. Samples gather in the open column until a
// slot comes again.
//
// Threads: Strip belongs to the window's lock; the StripView it hands out is immutable. Costs 45 bytes a slot and its labels.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "rules/promql/series_reader.h"
#include "rules/src/window_chunk.h"
#include "rules/src/window_column.h"

namespace tocsin::rules {

// Series of like numbers share strips, so that whole numbers are not stored as wide as fractions.
enum class StripKind : std::uint8_t { Integers, Doubles, Histograms };

inline constexpr std::uint32_t kStripSlots = 512;
inline constexpr std::uint32_t kSlotMask = kStripSlots - 1;

// Labels of a strip's series.
struct Directory {
  struct Slot {
    std::uint32_t first = 0;
    std::uint32_t count = 0;      // 0: free
    std::int64_t born_ms = 0;     // no sample before
    std::int64_t ended_ms = 0;    // no sample after; 0: goes on
  };
  std::vector<Slot> slots;
  std::vector<promql::LabelId> cells;
  std::int64_t last_born_ms = std::numeric_limits<std::int64_t>::min();  // no slot's series was born later

  std::span<const promql::LabelId> labels(std::uint32_t slot) const noexcept {
    return {cells.data() + slots[slot].first, slots[slot].count};
  }
};

struct StripView {
  StripKind kind = StripKind::Integers;
  bool recorded = false;
  std::shared_ptr<const Directory> directory;
  std::vector<std::shared_ptr<const Chunk>> chunks;    // oldest first
  std::vector<std::shared_ptr<const Column>> columns;  // oldest first, newer than the chunks
  // Appends the samples of these slots' rows, one after the other. Requires: rows are of this strip and ascending.
  void read(std::span<const promql::SeriesRow> rows, promql::TimeRange range, promql::Block& into) const;
  // The same, of each row its newest sample alone: from the newest column backwards until every row has one.
  void read_newest(std::span<const promql::SeriesRow> rows, promql::TimeRange range, promql::Block& into) const;
  // SeriesReader::read_columns() of such rows.
  promql::ColumnsRead read_columns(std::span<const promql::SeriesRow> rows, promql::TimeRange range, promql::ColumnSink& sink) const;
};

class Strip {
 public:
  enum class Put : std::uint8_t { Appended, Same, NotNewer };
  static constexpr std::uint32_t kNoOwner = 0;

  Strip(std::uint32_t index, StripKind kind, bool recorded) : index_(index), kind_(kind), recorded_(recorded) {}

  std::uint32_t index() const noexcept { return index_; }
  StripKind kind() const noexcept { return kind_; }
  bool recorded() const noexcept { return recorded_; }
  bool full() const noexcept { return free_.empty() && used_.size() == kStripSlots; }
  std::uint32_t live() const noexcept { return static_cast<std::uint32_t>(used_.size() - free_.size()); }
  bool empty() const noexcept { return live() == 0; }

  // Requires: not full(). `born_ms` is the time of its first sample.
  std::uint32_t add(std::span<const promql::LabelId> labels, std::int64_t born_ms);
  void release(std::uint32_t slot);
  std::span<const promql::LabelId> labels(std::uint32_t slot) const noexcept { return directory_->labels(slot); }

  Put put(std::uint32_t slot, std::int64_t time_ms, double value, promql::HistogramPtr histogram = nullptr);
  // Writes a staleness marker, later than the last sample.
  void end(std::uint32_t slot, std::int64_t time_ms);
  bool ended(std::uint32_t slot) const noexcept { return directory_->slots[slot].ended_ms != 0; }
  std::int64_t born_ms(std::uint32_t slot) const noexcept { return directory_->slots[slot].born_ms; }
  std::int64_t last_ms(std::uint32_t slot) const noexcept { return used_[slot].last_ms; }
  // The source that feeds this series now; kNoOwner: whoever comes may.
  std::uint32_t& owner(std::uint32_t slot) noexcept { return used_[slot].owner; }

  // From a checkpoint: slots in their order, then chunks in theirs. False where samples are damaged or not in order.
  void restore_slot(std::span<const promql::LabelId> labels, std::int64_t born_ms, std::int64_t ended_ms);
  void restore_free();
  bool restore_chunk(std::shared_ptr<const Chunk> chunk);
  std::uint32_t slots() const noexcept { return static_cast<std::uint32_t>(used_.size()); }
  // Labels of free slots are left out.
  template <class Change>
  void relabel(const Change& change) {
    Directory& directory = own_directory();
    std::vector<promql::LabelId> cells;
    for (Directory::Slot& slot : directory.slots) {
      const auto first = static_cast<std::uint32_t>(cells.size());
      for (std::uint32_t i = 0; i < slot.count; ++i) cells.push_back(change(directory.cells[slot.first + i]));
      slot.first = first;
    }
    directory.cells = std::move(cells);
  }
  bool taken(std::uint32_t slot) const noexcept { return used_[slot].taken; }

  // Compresses columns that are older as soon as there are enough.
  void compress_before(std::int64_t raw_ms);
  // Leaves of older chunks a sample a minute, an hour or more at a time.
  void thin_before(std::int64_t oldest_ms);
  // Lets go of samples that are later: the clock was set back.
  void cut_after(std::int64_t last_ms);
  // Lets go of columns that are older than `oldest_ms` as a whole.
  void drop_before(std::int64_t oldest_ms);
  // Rows whose last sample is older and that nobody owns.
  void find_dead(std::int64_t oldest_ms, std::vector<promql::SeriesRow>& rows) const;

  std::shared_ptr<const StripView> view();
  std::size_t bytes() const noexcept;

 private:
  struct Used {
    std::int64_t last_ms = 0;
    double last = hole();
    std::uint32_t owner = kNoOwner;
    bool filled = false;  // `last` belongs to the open column
    bool taken = false;
  };
  Directory& own_directory();
  std::shared_ptr<const Column> encode_open();
  void close();
  void rebase();
  std::size_t closed_columns() const noexcept { return columns_.size() - (filled_ == 0 ? 0 : 1); }
  std::size_t chunk_columns() const noexcept;

  const std::uint32_t index_;
  const StripKind kind_;
  const bool recorded_;
  std::vector<Used> used_;
  std::vector<promql::HistogramPtr> last_histograms_;  // only where there is one
  std::vector<std::uint32_t> free_;
  std::uint32_t filled_ = 0;
  std::shared_ptr<Directory> directory_ = std::make_shared<Directory>();
  bool directory_shown_ = false;

  std::deque<std::shared_ptr<const Column>> columns_;
  std::deque<std::shared_ptr<const Chunk>> chunks_;
  std::size_t column_bytes_ = 0, chunk_bytes_ = 0;
  std::size_t thinned_ = 0;  // chunks that are
  bool first_chunk_ = true;
  std::shared_ptr<const ColumnBase> base_;
  unsigned base_age_ = 0, base_width_ = 0;  // columns since it was made; the width of the first of them

  std::shared_ptr<const StripView> view_;  // null: something changed since
};

}  // namespace tocsin::rules
