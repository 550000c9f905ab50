// SPDX-License-Identifier: Apache-2.0
// Making and finding series. What becomes of them later is in family_lifecycle.cpp, what is shown in family_collect.cpp.
#include "meters/src/family_core.h"

#include <sys/random.h>

#include <algorithm>
#include <new>
#include <shared_mutex>

#include "meters/base/text.h"
#include "meters/src/cell_space.h"
#include "meters/src/epoch.h"
#include "meters/src/exemplar_cells.h"
#include "meters/src/fork.h"
#include "meters/src/native_cells.h"

namespace tocsin::meters::detail {

namespace {

RowStore::Layout layout_of(const FamilySetup& setup) noexcept {
  RowStore::Layout layout;
  layout.single = setup.labels.empty();
  layout.first_cell_is_double = setup.number == NumberType::Double;
  switch (setup.descriptor.kind) {
    case Kind::Counter: layout.cells = 1; break;
    case Kind::UpDownCounter: layout.cells = 2; break;  // the sum; how often it was changed
    case Kind::Gauge: layout.shared = 2; break;         // the value; whether it was set since expire() looked
    case Kind::Histogram: {
      layout.cells = 1 + setup.form->buckets.size();  // the sum; the buckets
      layout.shared = kExemplarCells * exemplars_of(*setup.form);
      if (setup.form->native) layout.shared += kNativeStripes * kNativeCells;
      break;
    }
    case Kind::Summary: break;
  }
  return layout;
}

std::uint64_t chance() noexcept {
  std::uint64_t seed = 0x2545F4914F6CDD1DULL;
  // Too early in a boot there may be none; then values that collide can be chosen, which costs time only.
  if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) < 0) seed ^= reinterpret_cast<std::uintptr_t>(&seed);
  return seed;
}

}  // namespace

FamilyCore::FamilyCore(Setup setup, std::shared_ptr<RegistryLedger> ledger)
    : setup_(std::move(setup)),
      descriptor_(std::make_shared<const Descriptor>(setup_.descriptor)),
      ledger_(std::move(ledger)),
      seed_(chance()),
      made_(ledger_->clock->monotonic()),
      rows_(layout_of(setup_)),
      table_(std::make_unique<LabelSetTable>(setup_.labels)),
      last_look_ns_(to_unix_ns(ledger_->clock->now())) {
  keys_ = std::make_shared<LabelKeys>(*table_);
  index_.store(new LabelIndex(keys_, 0), std::memory_order_release);
}

FamilyCore::~FamilyCore() {
  const std::uint32_t overflow = overflow_.load(std::memory_order_relaxed) != 0 ? 1 : 0;
  ledger_->series.fetch_sub(rows_.in_use() - overflow, std::memory_order_relaxed);
  delete index_.load(std::memory_order_relaxed);
}

void FamilyCore::release() noexcept {
  if (owners_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const std::shared_lock gate(fork_gate());
  delete this;
}

void FamilyCore::add_shared_place(RowPlace& place) noexcept {
  place.shared = rows_.shared(place.slot);
  if (setup_.form && setup_.form->native) place.native = rows_.record(place.slot).native.load(std::memory_order_acquire);
}

Cell* FamilyCore::exemplar(std::uint32_t slot, std::uint32_t index) const noexcept {
  return rows_.shared(slot) + std::size_t{index} * kExemplarCells;
}

Cell* FamilyCore::native_stripe(std::uint32_t slot, std::uint32_t stripe) const noexcept {
  return exemplar(slot, exemplars_of(*setup_.form)) + std::size_t{stripe} * kNativeCells;
}

void FamilyCore::retain_row(std::uint32_t slot) noexcept {
  if (rows_.record(slot).refs.fetch_add(1, std::memory_order_relaxed) == 0) retain();
}

void FamilyCore::release_row(std::uint32_t slot) noexcept {
  if (rows_.record(slot).refs.fetch_sub(1, std::memory_order_release) == 1) release();
}

std::optional<std::uint32_t> FamilyCore::look_up_elsewhere(std::span<const std::string_view> texts) noexcept {
  if (texts.size() != setup_.labels.size()) {
    ledger_->count(Drop::WrongLabels);
    return std::nullopt;
  }
  const std::uint64_t hash = hash_of(texts);
  const auto found = index_.load(std::memory_order_acquire)->find(hash, texts);
  if (const std::uint32_t overflow = overflow_.load(std::memory_order_acquire);
      !found && overflow != 0 && full_.load(std::memory_order_relaxed))
    return overflow - 1;
  return look_up_slowly(hash, texts);
}

std::optional<std::uint32_t> FamilyCore::look_up_slowly(std::uint64_t hash,
                                                        std::span<const std::string_view> texts) noexcept try {
  if (!std::all_of(texts.begin(), texts.end(), is_utf8)) {
    std::vector<std::string> clean;
    for (const std::string_view text : texts) clean.push_back(to_utf8(text));
    return look_up(std::vector<std::string_view>(clean.begin(), clean.end()));
  }
  const std::shared_lock gate(fork_gate());
  const std::lock_guard lock(mutex_);
  const auto slot = find_or_make(hash, texts);
  if (!slot) ledger_->count(Drop::NoMemory);
  return slot;
} catch (const std::bad_alloc&) {
  ledger_->count(Drop::NoMemory);
  return std::nullopt;
}

std::optional<std::uint32_t> FamilyCore::find_or_make(std::uint64_t hash, std::span<const std::string_view> texts, bool declared) {
  if (ledger_->closed.load(std::memory_order_acquire)) return std::nullopt;
  const std::int64_t now_ns = to_unix_ns(ledger_->clock->now());
  if (const auto found = index_.load(std::memory_order_relaxed)->find(hash, texts)) {
    if (found.ended()) revive(found.row(), found.slot(), now_ns);
    return found.slot();
  }
  if (const auto hidden = hidden_.find(key_of(texts)); hidden != hidden_.end()) {
    const std::uint32_t slot = hidden->second.slot;
    revive_hidden(hidden, now_ns);
    return slot;
  }
  return make_row(hash, texts, declared);
}

std::optional<std::uint32_t> FamilyCore::make_row(std::uint64_t hash, std::span<const std::string_view> texts, bool declared) {
  const std::uint32_t overflow = overflow_.load(std::memory_order_relaxed) != 0 ? 1 : 0;
  if (rows_.in_use() - overflow >= setup_.max_series || !ledger_->admit(declared)) return overflow_row();
  const auto slot = rows_.allocate();
  if (!slot) {
    ledger_->series.fetch_sub(1, std::memory_order_relaxed);
    return overflow_row();
  }
  append_row(hash, texts, *slot);
  begin_life(*slot, to_unix_ns(ledger_->clock->now()));
  return slot;
}

std::optional<std::uint32_t> FamilyCore::overflow_row() {
  full_.store(true, std::memory_order_relaxed);
  if (const std::uint32_t overflow = overflow_.load(std::memory_order_relaxed); overflow != 0) return overflow - 1;
  const auto slot = rows_.allocate();
  if (!slot) return std::nullopt;
  append_overflow_row(*slot);
  begin_life(*slot, to_unix_ns(ledger_->clock->now()));
  rows_.record(*slot).declared = true;
  overflow_.store(*slot + 1, std::memory_order_release);
  return slot;
}

void FamilyCore::append_overflow_row(std::uint32_t slot) {
  const std::size_t column = table_->add_column({std::string(kOverflowLabel), std::string(kOverflowName)});
  std::vector<ValueId> ids(column + 1, kNoValue);
  ids[column] = table_->intern(column, "true", LabelType::Bool);
  const Row row = table_->append(ids);
  keys_->append(row, *table_, ids);
  if (!slot_of_row_.empty() || row != slot) note_slot(row, slot);
}

void FamilyCore::note_slot(Row row, std::uint32_t slot) {
  while (slot_of_row_.size() < row) slot_of_row_.push_back(static_cast<std::uint32_t>(slot_of_row_.size()));
  slot_of_row_.push_back(slot);
}

void FamilyCore::append_row(std::uint64_t hash, std::span<const std::string_view> texts, std::uint32_t slot) {
  LabelIndex* index = index_.load(std::memory_order_relaxed);
  if (index->full()) {
    replace_index(grown_index());
    index = index_.load(std::memory_order_relaxed);
  }
  std::vector<ValueId> ids;
  for (std::size_t i = 0; i < texts.size(); ++i) ids.push_back(table_->intern(i, texts[i], LabelType::String));
  const Row row = table_->append(ids);
  keys_->append(row, *table_, ids);
  if (!slot_of_row_.empty() || row != slot) note_slot(row, slot);
  index->put(hash, row, slot, false);
}

std::unique_ptr<LabelIndex> FamilyCore::grown_index() {
  const auto labels = table_->view();
  auto next = std::make_unique<LabelIndex>(keys_, labels->rows() * 2);
  for (Row row = 0; row < labels->rows(); ++row) {
    const std::uint32_t slot = slot_of(row);
    if (slot + 1 == overflow_.load(std::memory_order_relaxed)) continue;
    next->put(hash_of(texts_of(*labels, row)), row, slot, rows_.record(slot).phase == Phase::Ended);
  }
  return next;
}

// Readers may still be inside the old one.
std::uint64_t FamilyCore::replace_index(std::unique_ptr<LabelIndex> next) {
  old_indexes_.reserve(old_indexes_.size() + 1);
  std::unique_ptr<LabelIndex> old(index_.exchange(next.release(), std::memory_order_acq_rel));
  const std::uint64_t unlinked_in = close_epoch();
  old_indexes_.push_back({unlinked_in, std::move(old)});
  sweep_indexes();
  return unlinked_in;
}

void FamilyCore::declare(std::span<const std::string_view> texts) noexcept try {
  if (texts.size() != setup_.labels.size()) return ledger_->count(Drop::WrongLabels);
  const std::shared_lock gate(fork_gate());
  const std::lock_guard lock(mutex_);
  const auto slot = find_or_make(hash_of(texts), texts, true);
  if (!slot) return;
  RowRecord& record = rows_.record(*slot);
  record.declared = true;
  // Only declared rows get exponential buckets a thread: they are large.
  if (setup_.form && setup_.form->native && record.native.load(std::memory_order_relaxed) == kNowhere)
    record.native.store(allocate_cells(kNativeCells).value_or(kNowhere), std::memory_order_release);
} catch (const std::bad_alloc&) {
  ledger_->count(Drop::NoMemory);
}

std::vector<std::string_view> FamilyCore::texts_of(const LabelSets& labels, Row row) const {
  std::vector<std::string_view> texts;
  for (std::size_t i = 0; i < setup_.labels.size(); ++i) texts.push_back(labels.text(i, labels.id(row, i)));
  return texts;
}

// Texts have no zero byte in valid labels of any format, but may have one here: lengths make the key exact.
std::string FamilyCore::key_of(std::span<const std::string_view> texts) {
  std::string key;
  for (const std::string_view text : texts) key.append(std::to_string(text.size())).append(1, ':').append(text);
  return key;
}

}  // namespace tocsin::meters::detail
