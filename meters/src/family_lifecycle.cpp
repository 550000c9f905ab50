// SPDX-License-Identifier: Apache-2.0
// The lives of a series: expiry, ended rows, rows that come back, slots that are used again.
#include <algorithm>
#include <charconv>
#include <shared_mutex>

#include "meters/src/epoch.h"
#include "meters/src/family_core.h"
#include "meters/src/fork.h"

namespace tocsin::meters::detail {

namespace {
constexpr std::uint32_t kMostSeconds = (1U << 29U) - 1;  // 17 years
}

// Not by the wall clock: one that is set ends no series, and keeps none.
std::uint32_t FamilyCore::age_s() const noexcept {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(ledger_->clock->monotonic() - made_).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(age, 0, kMostSeconds));
}

std::span<const std::uint64_t> FamilyCore::of_slot(const Sums& sums, std::uint32_t slot) const noexcept {
  const std::size_t width = rows_.layout().cells;
  return std::span(sums).subspan(slot * width, width);
}

void FamilyCore::begin_life(std::uint32_t slot, std::int64_t start_ns) noexcept {
  RowRecord& record = rows_.record(slot);
  record.start_ns = start_ns;
  record.changed_s = age_s() & kMostSeconds;
  record.phase = Phase::Live;
}

// True once after a recording. Gauges say so themselves; of the others a hash of the sums tells.
bool FamilyCore::changed(std::uint32_t slot, const Sums& sums) noexcept {
  if (setup_.descriptor.kind == Kind::Gauge) return rows_.shared(slot)[1].exchange(0, std::memory_order_relaxed) != 0;
  std::uint64_t hash = 0;
  for (const std::uint64_t cell : of_slot(sums, slot)) hash = fold(hash ^ cell, 0x9E3779B97F4A7C15ULL) + cell;
  const auto fingerprint = static_cast<std::uint32_t>(hash ^ (hash >> 32U));
  return std::exchange(rows_.record(slot).fingerprint, fingerprint) != fingerprint;
}

bool FamilyCore::recorded_since_end(std::uint32_t slot, std::span<const std::uint64_t> cells) const {
  if (setup_.descriptor.kind == Kind::Gauge) return rows_.shared(slot)[1].load(std::memory_order_relaxed) != 0;
  return !std::equal(cells.begin(), cells.end(), past_.at(slot).ended_with.begin());
}

void FamilyCore::end_row(Row row, std::uint32_t slot, const Sums& sums) {
  const auto cells = of_slot(sums, slot);
  Past& past = past_[slot];
  past.ended_with.assign(cells.begin(), cells.end());
  double min = 0, max = 0;
  if (setup_.form && setup_.form->native) past.native_ended = native_of(slot, min, max);
  past.shown_in = 0;
  rows_.record(slot).phase = Phase::Ended;
  index_.load(std::memory_order_relaxed)->set_ended(hash_of(texts_of(*table_->view(), row)), row, true);
}

// What was counted up to the end belongs to the life that ended.
void FamilyCore::forget_past_life(std::uint32_t slot) noexcept {
  Past& past = past_[slot];
  past.begun_with = std::exchange(past.ended_with, {});
  past.native_begun = std::exchange(past.native_ended, {});
}

void FamilyCore::revive(Row row, std::uint32_t slot, std::int64_t start_ns) {
  // An end that nobody was shown is none.
  Past& past = past_.at(slot);
  if (past.shown_in == 0) {
    past.ended_with.clear();
    rows_.record(slot).phase = Phase::Live;
    rows_.record(slot).changed_s = age_s() & kMostSeconds;
  } else {
    forget_past_life(slot);
    begin_life(slot, start_ns);
  }
  index_.load(std::memory_order_relaxed)->set_ended(hash_of(texts_of(*table_->view(), row)), row, false);
}

void FamilyCore::revive_hidden(std::map<std::string, Hidden>::iterator hidden, std::int64_t start_ns) {
  const std::uint32_t slot = hidden->second.slot;
  std::vector<std::string_view> texts;
  std::string_view key = hidden->first;  // as key_of() wrote it
  while (!key.empty()) {
    const std::size_t colon = key.find(':');
    std::size_t size = 0;
    std::from_chars(key.data(), key.data() + colon, size);
    texts.push_back(key.substr(colon + 1, size));
    key.remove_prefix(colon + 1 + size);
  }
  append_row(hash_of(texts), texts, slot);
  forget_past_life(slot);
  begin_life(slot, start_ns);
  hidden_.erase(hidden);
}

// A handle records without looking: what it brought back is found when somebody next looks.
void FamilyCore::revive_recorded(const Sums& sums, std::int64_t now_ns) {
  const std::int64_t since = std::exchange(last_look_ns_, std::max(last_look_ns_, now_ns));
  if (past_.empty()) return;
  for (Row row = 0; row < table_->rows(); ++row) {
    const std::uint32_t slot = slot_of(row);
    if (rows_.record(slot).phase == Phase::Ended && recorded_since_end(slot, of_slot(sums, slot))) revive(row, slot, since);
  }
  for (auto hidden = hidden_.begin(); hidden != hidden_.end();) {
    const auto next = std::next(hidden);
    if (recorded_since_end(hidden->second.slot, of_slot(sums, hidden->second.slot))) revive_hidden(hidden, since);
    hidden = next;
  }
}

void FamilyCore::expire(Time now, std::chrono::nanoseconds idle) {
  const std::shared_lock gate(fork_gate());
  const std::lock_guard lock(mutex_);
  const Sums sums = rows_.sums();
  revive_recorded(sums, to_unix_ns(now));
  const std::uint32_t now_s = age_s();
  for (Row row = 0; row < table_->rows(); ++row) {
    const std::uint32_t slot = slot_of(row);
    RowRecord& record = rows_.record(slot);
    if (record.phase != Phase::Live || record.declared) continue;
    if (changed(slot, sums))
      record.changed_s = std::max<std::uint32_t>(record.changed_s, now_s) & kMostSeconds;
    else if (std::chrono::seconds(now_s) - std::chrono::seconds(record.changed_s) >= idle)
      end_row(row, slot, sums);
  }
  sweep_indexes();
  sweep_slots();
}

void FamilyCore::release_ended(std::uint64_t seen) {
  const std::shared_lock gate(fork_gate());
  const std::lock_guard lock(mutex_);
  if (past_.empty()) return;  // nothing has ended
  std::vector<Row> gone;
  for (Row row = 0; row < table_->rows(); ++row) {
    const std::uint32_t slot = slot_of(row);
    if (rows_.record(slot).phase != Phase::Ended) continue;
    const std::uint64_t shown_in = past_.at(slot).shown_in;
    if (shown_in != 0 && shown_in <= seen) gone.push_back(row);
  }
  if (!gone.empty()) rebuild_table(gone);
  sweep_slots();
}

// A label table only grows: rows that are gone are left out of a new one. `gone` is ascending.
void FamilyCore::rebuild_table(const std::vector<Row>& gone) {
  const auto labels = table_->view();
  const std::uint32_t overflow = overflow_.load(std::memory_order_relaxed);
  auto next = std::make_unique<LabelSetTable>(setup_.labels);
  auto keys = std::make_shared<LabelKeys>(*next);
  std::vector<std::uint32_t> slots;
  std::vector<ValueId> ids(setup_.labels.size());
  auto skip = gone.begin();
  for (Row row = 0; row < labels->rows(); ++row) {
    const std::uint32_t slot = slot_of(row);
    const bool is_gone = skip != gone.end() && *skip == row;
    if (is_gone) ++skip;
    if (is_gone || slot + 1 == overflow) continue;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const ValueId id = labels->id(row, i);
      ids[i] = next->intern(i, labels->text(i, id), LabelType::String);
    }
    keys->append(next->append(ids), *next, ids);
    slots.push_back(slot);
  }
  std::vector<std::pair<std::string, std::uint32_t>> hide;
  for (const Row row : gone) hide.emplace_back(key_of(texts_of(*labels, row)), slot_of(row));

  table_ = std::move(next);
  keys_ = std::move(keys);
  slot_of_row_ = std::move(slots);
  slot_of_row_.reserve(std::max<std::size_t>(slot_of_row_.size(), 1));
  if (overflow != 0) append_overflow_row(overflow - 1);
  const std::uint64_t unlinked_in = replace_index(grown_index());
  for (auto& [key, slot] : hide) {
    rows_.record(slot).phase = Phase::Hidden;
    hidden_.insert_or_assign(std::move(key), Hidden{slot, unlinked_in});
  }
}

void FamilyCore::sweep_indexes() noexcept {
  std::erase_if(old_indexes_, [](const OldIndex& old) { return epoch_passed(old.unlinked_in); });
}

// No look-up reaches a hidden slot once its epoch passed, and none is begun while the lock is held; so where no handle
// is left either, nobody can record into it. Whoever did at the last moment brings the series back.
void FamilyCore::sweep_slots() {
  std::uint64_t passed = 0;
  for (auto hidden = hidden_.begin(); hidden != hidden_.end();) {
    const auto [slot, unlinked_in] = hidden->second;
    if (unlinked_in > passed && epoch_passed(unlinked_in)) passed = unlinked_in;
    if (unlinked_in > passed || rows_.record(slot).refs.load(std::memory_order_acquire) != 0) {
      ++hidden;
      continue;
    }
    if (recorded_since_end(slot, rows_.sums_of(slot))) {
      revive_hidden(hidden++, last_look_ns_);
      continue;
    }
    past_.erase(slot);
    rows_.free(slot);
    ledger_->series.fetch_sub(1, std::memory_order_relaxed);
    hidden = hidden_.erase(hidden);
  }
  full_.store(false, std::memory_order_relaxed);
}

// The cells are zero now; what was counted before the fork is the parent's.
void FamilyCore::reset_after_fork() noexcept {
  const std::int64_t now_ns = to_unix_ns(ledger_->clock->now());
  for (std::uint32_t slot = 0; slot < rows_.slots(); ++slot) {
    rows_.record(slot).start_ns = now_ns;
    rows_.record(slot).fingerprint = 0;
  }
  for (auto& [slot, past] : past_) {
    std::fill(past.begun_with.begin(), past.begun_with.end(), 0);
    std::fill(past.ended_with.begin(), past.ended_with.end(), 0);
    past.native_begun = past.native_ended = {};
  }
  last_look_ns_ = now_ns;
}

}  // namespace tocsin::meters::detail
