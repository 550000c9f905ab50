// SPDX-License-Identifier: Apache-2.0
// RawMemo: from the hash of raw attribute bytes to a 32-bit place. Open addressing, 16 bytes a slot; 96 bits of the
// hash are compared, and the slot comes from the rest.
//
//   memo.prefetch(hash);  ...  std::uint32_t place = memo.find(hash);     // kNone where unknown
//
// Threads: its owner's lock.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/raw_hash.h"

namespace tocsin::agent {

class RawMemo {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  std::uint32_t find(const RawHash& hash) const noexcept {
    if (slots_.empty()) return kNone;
    for (std::size_t at = hash.low & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.high == hash.high && slot.check == check_of(hash)) return slot.place;
      if (slot.place == kNone) return kNone;
    }
  }
  void prefetch(const RawHash& hash) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash.low & mask_]);
  }
  // Requires: the hash is not known; place is not kNone.
  void insert(const RawHash& hash, std::uint32_t place) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    put({hash.high, check_of(hash), place}, hash.low);
    ++size_;
  }

  // Every place becomes move(place); those that become kNone are forgotten.
  template <class Move>
  void remap(const Move& move) {
    std::vector<Slot> old(16);
    std::vector<std::uint32_t> old_lows(old.size());
    old.swap(slots_);
    old_lows.swap(lows_);
    size_ = 0;
    mask_ = slots_.size() - 1;
    for (std::size_t i = 0; i < old.size(); ++i) {
      if (old[i].place == kNone) continue;
      old[i].place = move(old[i].place);
      if (old[i].place == kNone) continue;
      if ((size_ + 1) * 4 > slots_.size() * 3) grow();
      put(old[i], old_lows[i]);
      ++size_;
    }
  }

  std::size_t size() const noexcept { return size_; }
  std::size_t bytes() const noexcept { return slots_.size() * sizeof(Slot) + lows_.size() * sizeof(lows_[0]); }

  void clear() noexcept {
    slots_ = {};
    lows_ = {};
    mask_ = 0;
    size_ = 0;
  }

 private:
  struct Slot {
    std::uint64_t high = 0;
    std::uint32_t check = 0;
    std::uint32_t place = kNone;
  };
  static std::uint32_t check_of(const RawHash& hash) noexcept { return static_cast<std::uint32_t>(hash.low >> 32); }

  void put(const Slot& slot, std::uint64_t low) noexcept {
    std::size_t at = low & mask_;
    while (slots_[at].place != kNone) at = (at + 1) & mask_;
    slots_[at] = slot;
    lows_[at] = static_cast<std::uint32_t>(low);
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    std::vector<std::uint32_t> old_lows(old.size());
    old.swap(slots_);
    old_lows.swap(lows_);
    mask_ = slots_.size() - 1;
    for (std::size_t i = 0; i < old.size(); ++i)
      if (old[i].place != kNone) put(old[i], old_lows[i]);
  }

  std::vector<Slot> slots_;
  std::vector<std::uint32_t> lows_;  // the hash's low bits, for growing; apart, since looking up needs none
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace tocsin::agent
