// SPDX-License-Identifier: Apache-2.0
// Row: what an instrument's handle holds of its series. While a handle is held its cells belong to it: expiry only hides
// the series, and recording by the handle brings it back.
//
// A handle that was bound to nothing (default-made, wrong number of labels) may be recorded with: nothing comes of it.
// Threads: all. Copying costs an atomic increment; recording never touches the count.
#pragma once

#include <cstdint>

#include "meters/arena.h"

namespace tocsin::meters {

// Why a recording was dropped; each is counted by its registry.
enum class Drop : std::uint8_t { Negative, NotANumber, Infinite, WrongLabels, NoMemory, CallbackFailed };
inline constexpr std::size_t kDrops = 6;

namespace detail {

class FamilyCore;

extern Cell nowhere_shared[4];

struct RowPlace {
  FamilyCore* family = nullptr;
  std::uint32_t slot = 0;
  CellIndex cell = kNowhere;        // in the arenas
  CellIndex native = kNowhere;      // of exponential buckets in the arenas; kNowhere: they are in `shared`
  Cell* shared = nowhere_shared;    // one copy for all threads
};

[[gnu::cold]] void count_drop(FamilyCore* family, Drop reason) noexcept;
// NotANumber, Infinite or Negative, as the value is.
[[gnu::cold]] void count_drop(FamilyCore* family, double value) noexcept;

class BoundRow {
 public:
  BoundRow() noexcept = default;
  // Requires: the place's row has been retained for this object.
  explicit BoundRow(const RowPlace& retained) noexcept : place_(retained) {}
  BoundRow(const BoundRow& other) noexcept : place_(other.place_) {
    if (place_.family != nullptr) retain(place_);
  }
  BoundRow(BoundRow&& other) noexcept : place_(other.place_) { other.place_ = {}; }
  BoundRow& operator=(BoundRow other) noexcept {
    const RowPlace mine = place_;
    place_ = other.place_;
    other.place_ = mine;
    return *this;
  }
  ~BoundRow() {
    if (place_.family != nullptr) release(place_);
  }

  const RowPlace& place() const noexcept { return place_; }

 private:
  static void retain(const RowPlace& place) noexcept;
  static void release(const RowPlace& place) noexcept;
  RowPlace place_;
};

}  // namespace detail
}  // namespace tocsin::meters
