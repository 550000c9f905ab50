// SPDX-License-Identifier: Apache-2.0
// Epochs: when may what a look-up can still see be reused or freed? A reader marks that it is inside with one plain
// store; whoever unlinked something asks later whether all that were inside then have left.
//
//   mark = enter_epoch(); row = find(index); ... leave_epoch(mark);     // reader: any thread, 2 ns
//   index = next; std::uint64_t then = close_epoch();                   // after unlinking
//   if (epoch_passed(then)) free(old);                                  // later, as often as one likes
//
// The reader pays no fence: the asking side has the kernel run one on every core (membarrier); where it cannot, readers
// mark themselves by an exchange. Threads without an arena count themselves in one shared number.
#pragma once

#include <atomic>
#include <cstdint>

#include "meters/arena.h"

namespace tocsin::meters::detail {

extern constinit std::atomic<std::uint64_t> epoch_now;
extern constinit std::atomic<bool> readers_fence;
extern constinit std::atomic<std::uint64_t> strays;  // look-ups of threads without an arena

// Returns the mark to leave by; null for a stray.
inline std::atomic<std::uint64_t>* enter_epoch() noexcept {
  std::atomic<std::uint64_t>* mark = thread_arena.epoch;
  if (mark == nullptr) [[unlikely]] {
    strays.fetch_add(1, std::memory_order_seq_cst);
    return nullptr;
  }
  const std::uint64_t now = epoch_now.load(std::memory_order_acquire);
  if (readers_fence.load(std::memory_order_relaxed)) [[unlikely]]
    mark->exchange(now, std::memory_order_seq_cst);
  else
    mark->store(now, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);  // the compiler must not move reads before the mark
  return mark;
}
inline void leave_epoch(std::atomic<std::uint64_t>* mark) noexcept {
  if (mark == nullptr) [[unlikely]]
    strays.fetch_sub(1, std::memory_order_release);
  else
    mark->store(0, std::memory_order_release);
}

// Everything unlinked before is hidden from look-ups that begin from now on.
std::uint64_t close_epoch() noexcept;
bool epoch_passed(std::uint64_t closed) noexcept;

// Once at start, and again in a forked child.
void prepare_epochs() noexcept;

}  // namespace tocsin::meters::detail
