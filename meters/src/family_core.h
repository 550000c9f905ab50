// SPDX-License-Identifier: Apache-2.0
// Family core: the series of one family. A slot has the cells and lives as long as somebody may record into it; a row is
// its place in the label table, which is rebuilt without the rows that are gone.
//
//   new label set -> Live --expire()--> Ended --release_ended()--> Hidden --no handle, no look-up--> Free
//                     ^------ recorded again: a new start time ------/
//
// Threads: look_up(), retain() and release() on any thread without a lock; look_up() of a new label set and all else
// takes the family's lock. Whoever calls what takes it must not hold the fork gate.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "meters/flow.h"
#include "meters/row.h"
#include "meters/src/family_setup.h"
#include "meters/src/label_hash.h"
#include "meters/src/label_index.h"
#include "meters/src/row_store.h"

namespace tocsin::meters::detail {

class FamilyCore {
 public:
  using Setup = FamilySetup;

  // Has one reference, the maker's.
  FamilyCore(Setup setup, std::shared_ptr<RegistryLedger> ledger);

  void retain() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept;

  const Setup& setup() const noexcept { return setup_; }
  RegistryLedger& ledger() const noexcept { return *ledger_; }

  // The slot of these texts, made if new; the overflow slot when there is no room; nullopt when even that cannot be.
  // Requires: called inside an epoch, which keeps the slot from being reused.
  std::optional<std::uint32_t> look_up(std::span<const std::string_view> texts) noexcept {
    if (texts.size() == setup_.labels.size()) [[likely]] {
      const std::uint64_t hash = hash_of(texts);
      const auto found = index_.load(std::memory_order_acquire)->find(hash, texts);
      if (found.live()) [[likely]]
        return found.slot();
    }
    return look_up_elsewhere(texts);
  }
  // Field by field: a whole that is copied waits for its parts to be written.
  void place(std::uint32_t slot, RowPlace& into) noexcept {
    into.family = this;
    into.slot = slot;
    into.cell = rows_.cell(slot);
    if (rows_.layout().shared != 0) add_shared_place(into);
  }
  void retain_row(std::uint32_t slot) noexcept;
  void release_row(std::uint32_t slot) noexcept;
  void declare(std::span<const std::string_view> texts) noexcept;
  // Where the exponential buckets are that have no thread of their own, kNativeStripes times; and the exemplars.
  Cell* native_stripe(std::uint32_t slot, std::uint32_t stripe) const noexcept;
  Cell* exemplar(std::uint32_t slot, std::uint32_t index) const noexcept;

  void collect(SnapshotBuilder& builder, std::uint64_t collection);
  // Ends live rows that are not declared and did not change for `idle`; frees what nobody can reach any more.
  void expire(Time now, std::chrono::nanoseconds idle);
  // Ended rows that collection `seen` or an earlier one showed need not be shown again.
  void release_ended(std::uint64_t seen);
  FamilyCardinality cardinality();
  void reset_after_fork() noexcept;
  std::size_t bytes();  // besides cells

 private:
  struct Past {
    std::vector<std::uint64_t> ended_with;  // sums when the row ended: its next life begins there
    std::vector<std::uint64_t> begun_with;  // sums when that life began
    std::uint64_t shown_in = 0;             // the first collection that showed it as ended
    NativeHistogram native_ended, native_begun;
  };
  struct Hidden {
    std::uint32_t slot;
    std::uint64_t unlinked_in;  // the epoch after which no look-up reaches it
  };
  struct OldIndex {
    std::uint64_t unlinked_in;
    std::unique_ptr<LabelIndex> index;
  };

  ~FamilyCore();
  void add_shared_place(RowPlace& place) noexcept;
  std::optional<std::uint32_t> look_up_elsewhere(std::span<const std::string_view> texts) noexcept;
  std::optional<std::uint32_t> look_up_slowly(std::uint64_t hash, std::span<const std::string_view> texts) noexcept;
  std::uint64_t hash_of(std::span<const std::string_view> texts) const noexcept { return hash_labels(seed_, texts); }
  bool accumulates() const noexcept { return setup_.descriptor.kind == Kind::Counter || setup_.form; }
  std::uint32_t age_s() const noexcept;  // since it was made

  // The functions below require mutex_. `sums` are those of all slots.
  using Sums = std::vector<std::uint64_t>;
  std::span<const std::uint64_t> of_slot(const Sums& sums, std::uint32_t slot) const noexcept;
  std::optional<std::uint32_t> find_or_make(std::uint64_t hash, std::span<const std::string_view> texts, bool declared = false);
  std::optional<std::uint32_t> make_row(std::uint64_t hash, std::span<const std::string_view> texts, bool declared);
  std::optional<std::uint32_t> overflow_row();
  void append_row(std::uint64_t hash, std::span<const std::string_view> texts, std::uint32_t slot);
  void append_overflow_row(std::uint32_t slot);
  void note_slot(Row row, std::uint32_t slot);
  static std::string key_of(std::span<const std::string_view> texts);
  void begin_life(std::uint32_t slot, std::int64_t start_ns) noexcept;
  void revive(Row row, std::uint32_t slot, std::int64_t start_ns);
  void revive_hidden(std::map<std::string, Hidden>::iterator hidden, std::int64_t start_ns);
  void revive_recorded(const Sums& sums, std::int64_t now_ns);
  bool recorded_since_end(std::uint32_t slot, std::span<const std::uint64_t> cells) const;
  bool changed(std::uint32_t slot, const Sums& sums) noexcept;
  void end_row(Row row, std::uint32_t slot, const Sums& sums);
  void rebuild_table(const std::vector<Row>& gone);
  std::unique_ptr<LabelIndex> grown_index();
  std::uint64_t replace_index(std::unique_ptr<LabelIndex> next);  // the epoch that the old one was in
  void sweep_indexes() noexcept;
  void sweep_slots();
  std::uint32_t slot_of(Row row) const noexcept { return slot_of_row_.empty() ? row : slot_of_row_[row]; }
  std::vector<std::string_view> texts_of(const LabelSets& labels, Row row) const;
  void forget_past_life(std::uint32_t slot) noexcept;
  Scalars scalars(const Sums& sums, std::uint32_t rows) const;
  Histograms histograms(const Sums& sums, std::uint32_t rows) const;
  void add_native(Histograms& points, std::uint32_t slot) const;
  NativeHistogram native_of(std::uint32_t slot, double& min, double& max) const;
  std::vector<Exemplar> exemplars(std::uint32_t rows) const;
  std::uint64_t less(std::uint64_t bits, std::uint64_t before) const noexcept;

  // Fixed after construction.
  const Setup setup_;
  const std::shared_ptr<const Descriptor> descriptor_;
  const std::shared_ptr<RegistryLedger> ledger_;
  const std::uint64_t seed_;
  const Monotonic made_;
  // Own synchronisation.
  std::atomic<std::uint32_t> owners_{1};
  std::atomic<LabelIndex*> index_;
  std::atomic<std::uint32_t> overflow_{0};  // slot + 1
  std::atomic<bool> full_{false};
  // Guarded by mutex_ (rows_ in part, see there).
  std::mutex mutex_;
  RowStore rows_;
  std::unique_ptr<LabelSetTable> table_;
  std::shared_ptr<LabelKeys> keys_;               // of table_'s rows
  std::vector<std::uint32_t> slot_of_row_;        // empty while row and slot are the same
  std::unordered_map<std::uint32_t, Past> past_;  // by slot, of rows that ended at some time
  std::map<std::string, Hidden> hidden_;          // by joined label texts
  std::vector<OldIndex> old_indexes_;
  std::int64_t last_look_ns_ = 0;  // of collect() or expire(): what they find new began after it
};

}  // namespace tocsin::meters::detail
