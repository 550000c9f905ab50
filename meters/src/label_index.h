// SPDX-License-Identifier: Apache-2.0
// Label index: from label texts to a series, by open addressing. Entries are published by release stores, so that a
// look-up needs no lock; a full index is replaced by a larger one, and a reader of the old one is protected by its epoch.
//
// Threads: find() on any thread inside an epoch (src/epoch.h); the rest under the family's lock.
// Costs 8 bytes an entry at up to three quarters full; a look-up about 20 ns while it is in the cache.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "meters/src/label_keys.h"

namespace tocsin::meters::detail {

inline constexpr std::uint32_t kMaxRows = (1U << 24U) - 2;  // an entry has 24 bits for row and slot

class LabelIndex {
 public:
  // An entry that was found, or none: one word, so that it stays in a register.
  class Found {
   public:
    explicit Found(std::uint64_t entry) noexcept : entry_(entry) {}
    explicit operator bool() const noexcept { return entry_ != 0; }
    bool live() const noexcept { return entry_ != 0 && !ended(); }
    bool ended() const noexcept { return (entry_ & kEnded) != 0; }
    Row row() const noexcept { return row_of(entry_); }              // in the label table
    std::uint32_t slot() const noexcept { return slot_of(entry_); }  // of the cells

   private:
    std::uint64_t entry_;
  };

  // For `rows` rows without growing.
  LabelIndex(std::shared_ptr<const LabelKeys> keys, std::uint32_t rows);

  Found find(std::uint64_t hash, std::span<const std::string_view> texts) const noexcept {
    for (std::uint64_t at = hash & mask_;; at = (at + 1) & mask_) {
      const std::uint64_t entry = entries_[at].load(std::memory_order_acquire);
      if (entry == 0) return Found(0);
      if (((entry ^ hash) & kTag) == 0 && keys_->matches(row_of(entry), texts))
        return Found(entry);
    }
  }

  bool full() const noexcept { return (used_ + 1) * 4 > (mask_ + 1) * 3; }
  // Requires: !full(), and no entry has these texts.
  void put(std::uint64_t hash, Row row, std::uint32_t slot, bool ended) noexcept;
  // Requires: the row was put with this hash.
  void set_ended(std::uint64_t hash, Row row, bool ended) noexcept;
  std::size_t bytes() const noexcept { return (mask_ + 1) * sizeof(std::uint64_t); }

 private:
  // 15 bits of the hash | ended | 24 bits row + 1 | 24 bits slot; 0 is free.
  static constexpr std::uint64_t kTag = 0xFFFEULL << 48U, kEnded = 1ULL << 48U, kRowMask = (1U << 24U) - 1;
  static Row row_of(std::uint64_t entry) noexcept { return static_cast<Row>((entry >> 24U) & kRowMask) - 1; }
  static std::uint32_t slot_of(std::uint64_t entry) noexcept { return static_cast<std::uint32_t>(entry & kRowMask); }

  std::uint64_t mask_;
  std::shared_ptr<const LabelKeys> keys_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> entries_;
  std::uint64_t used_ = 0;
};

}  // namespace tocsin::meters::detail
