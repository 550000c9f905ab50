// SPDX-License-Identifier: Apache-2.0
// What a family shows: its columns in a Snapshot, and who makes it large.
#include <algorithm>
#include <shared_mutex>

#include "meters/src/family_core.h"
#include "meters/src/fork.h"

namespace tocsin::meters::detail {

Scalars FamilyCore::scalars(const Sums& sums, std::uint32_t rows) const {
  Scalars points;
  points.type = setup_.number;
  points.bits.reserve(rows);
  for (Row row = 0; row < rows; ++row) {
    const std::uint32_t slot = slot_of(row);
    if (setup_.descriptor.kind == Kind::Gauge) {
      points.bits.push_back(rows_.shared(slot)[0].load(std::memory_order_relaxed));
      continue;
    }
    std::uint64_t bits = of_slot(sums, slot)[0];
    const auto past = past_.empty() ? past_.end() : past_.find(slot);
    if (past != past_.end() && accumulates()) {
      if (rows_.record(slot).phase == Phase::Ended) bits = past->second.ended_with[0];
      if (!past->second.begun_with.empty()) bits = less(bits, past->second.begun_with[0]);
    }
    points.bits.push_back(bits);
  }
  return points;
}

std::uint64_t FamilyCore::less(std::uint64_t bits, std::uint64_t before) const noexcept {
  if (setup_.number == NumberType::Integer) return bits - before;
  return std::bit_cast<std::uint64_t>(std::bit_cast<double>(bits) - std::bit_cast<double>(before));
}

void FamilyCore::collect(SnapshotBuilder& builder, std::uint64_t collection) {
  meters::Family family;
  {
    const std::shared_lock gate(fork_gate());
    const std::lock_guard lock(mutex_);
    const Sums sums = rows_.sums();
    revive_recorded(sums, to_unix_ns(builder.time()));
    family.labels = table_->view();
    const std::uint32_t rows = family.labels->rows();
    family.states.reserve(rows);
    family.start_ns.reserve(rows);
    for (Row row = 0; row < rows; ++row) {
      const RowRecord& record = rows_.record(slot_of(row));
      const bool ended = record.phase == Phase::Ended;
      family.states.push_back(ended ? RowState::Ended : RowState::Live);
      family.start_ns.push_back(record.start_ns);
      if (!ended) continue;
      Past& past = past_.at(slot_of(row));
      if (past.shown_in == 0) past.shown_in = collection;
    }
    if (setup_.form) {
      family.points = histograms(sums, rows);
      family.exemplars = exemplars(rows);
    } else {
      family.points = scalars(sums, rows);
    }
  }
  family.descriptor = descriptor_;
  family.origin = ledger_->origin;
  builder.add(std::move(family));
}

FamilyCardinality cardinality_of(const FamilySetup& setup, const LabelSets& labels, bool overflowed) {
  FamilyCardinality told{setup.descriptor.name, labels.rows() - (overflowed ? 1 : 0), setup.max_series, overflowed, {}};
  for (std::size_t column = 0; column < setup.labels.size(); ++column) {
    std::vector<bool> seen(labels.ids(column));
    for (Row row = 0; row < labels.rows(); ++row) seen[labels.id(row, column)] = true;
    if (!seen.empty()) seen[kNoValue] = false;
    told.labels.push_back({setup.labels[column].name,
                           static_cast<std::uint32_t>(std::count(seen.begin(), seen.end(), true))});
  }
  std::stable_sort(told.labels.begin(), told.labels.end(),
                   [](const auto& a, const auto& b) { return a.distinct > b.distinct; });
  return told;
}

FamilyCardinality FamilyCore::cardinality() {
  const std::shared_lock gate(fork_gate());
  const std::lock_guard lock(mutex_);
  return cardinality_of(setup_, *table_->view(), overflow_.load(std::memory_order_relaxed) != 0);
}

std::size_t FamilyCore::bytes() {
  const std::shared_lock gate(fork_gate());
  const std::lock_guard lock(mutex_);
  return sizeof *this + rows_.bytes() + table_->bytes() + index_.load(std::memory_order_relaxed)->bytes() +
         slot_of_row_.capacity() * sizeof(slot_of_row_[0]);
}

}  // namespace tocsin::meters::detail
