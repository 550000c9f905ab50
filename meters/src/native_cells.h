// SPDX-License-Identifier: Apache-2.0
// Native cells: an exponential histogram in kNativeCells cells of an arena, zero where nothing was recorded. It begins
// at scale 20 with the first value and halves its resolution in place when the window of 160 buckets gets too narrow.
//
// A bucket's cell is its index modulo 160, so that widening the window moves nothing. While buckets are being joined a
// flag in the first cell tells readers to come back.
// Threads: add_alone() by the one writer; add_locked() by any, under a lock of a few ns that is tried, not waited for.
// read() by any while others record. Costs 8 ns a value, 300 ns when resolution is halved (at most 30 times ever).
#pragma once

#include "meters/arena.h"
#include "meters/exponential_histogram.h"

namespace tocsin::meters::detail {

inline constexpr std::uint32_t kNativeHeader = 6;
inline constexpr std::uint32_t kNativeStripes = 2;  // of a row, for threads that have no cells of their own
inline constexpr std::uint32_t kNativeCells = kNativeHeader + kExponentialBuckets;

class NativeCells {
 public:
  explicit NativeCells(Cell* cells) noexcept : cells_(cells) {}

  // Requires: value is finite and not negative.
  void add_alone(double value) noexcept;
  bool try_add_locked(double value) noexcept;  // false while another thread has the lock

  struct Read {
    NativeHistogram buckets;
    double min = 0, max = 0;
    bool empty = true;
  };
  Read read() const;

 private:
  // [0] lock, joining flag, how often buckets were joined; [1] first and last index; [2] 20 - scale, and whether there is
  // a window; [3] zero count; [4] the smallest value's bits, inverted, so that zero is none; [5] the largest's; then buckets.
  static constexpr std::uint64_t kLocked = 1, kJoining = 2, kJoined = 4, kHasWindow = 1ULL << 32U;
  Cell& bucket(std::int64_t index) const noexcept;
  void widen(std::int32_t index, std::uint32_t down) noexcept;
  void join(std::int32_t first, std::int32_t last, std::uint32_t down, std::uint32_t by) noexcept;
  bool read_once(Read& into) const;

  Cell* cells_;
};

}  // namespace tocsin::meters::detail
