// SPDX-License-Identifier: Apache-2.0
#include "meters/src/label_index.h"

#include <algorithm>
#include <bit>

namespace tocsin::meters::detail {

LabelIndex::LabelIndex(std::shared_ptr<const LabelKeys> keys, std::uint32_t rows)
    : mask_(std::bit_ceil(std::max<std::uint64_t>(4, (std::uint64_t{rows} * 4 + 2) / 3 + 1)) - 1),
      keys_(std::move(keys)),
      entries_(std::make_unique<std::atomic<std::uint64_t>[]>(mask_ + 1)) {}

void LabelIndex::put(std::uint64_t hash, Row row, std::uint32_t slot, bool ended) noexcept {
  std::uint64_t at = hash & mask_;
  while (entries_[at].load(std::memory_order_relaxed) != 0) at = (at + 1) & mask_;
  const std::uint64_t entry = (hash & kTag) | (ended ? kEnded : 0) | ((std::uint64_t{row} + 1) << 24U) | slot;
  entries_[at].store(entry, std::memory_order_release);
  ++used_;
}

void LabelIndex::set_ended(std::uint64_t hash, Row row, bool ended) noexcept {
  std::uint64_t at = hash & mask_;
  while (row_of(entries_[at].load(std::memory_order_relaxed)) != row) at = (at + 1) & mask_;
  const std::uint64_t entry = entries_[at].load(std::memory_order_relaxed) & ~kEnded;
  entries_[at].store(entry | (ended ? kEnded : 0), std::memory_order_release);
}

}  // namespace tocsin::meters::detail
