// SPDX-License-Identifier: Apache-2.0
// Arena: where the numbers of counters and histograms are. A cell has the same index in every arena; each thread that
// records leases an arena of its own, so that an increment is one plain load and store; a total is the sum over arenas.
//
//   increase(cell, std::uint64_t{1});   // this thread's cell, or the shared one by an atomic add
//   ArenaUsage usage = arena_usage();   // usage.private_bytes <= kArenaBudgetBytes, always
//
// The first recording of a thread leases (a few microseconds once); when the thread ends its arena keeps its values and
// is leased to the next one. The shared arena serves threads beyond kArenas, threads being torn down, and cells for
// which the budget has no room. Mappings are reserved, touched only as used, and wiped in a forked child.
// Threads: all. Costs 1 ns; by the shared arena 5 ns alone, 50 ns contended. Instruments use it; programs need not.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tocsin::meters {

using Cell = std::atomic<std::uint64_t>;
using CellIndex = std::uint32_t;
static_assert(Cell::is_always_lock_free && sizeof(Cell) == 8);

inline constexpr std::size_t kArenas = 64;
// Writable memory of all threads' arenas together; the shared arena comes on top, once.
inline constexpr std::size_t kArenaBudgetBytes = 64U << 20U;
// Cells below belong to nobody: what a handle that was never bound writes to.
inline constexpr CellIndex kNowhere = 0;

namespace detail {

struct ThreadArena {
  Cell* cells = nullptr;
  CellIndex limit = 0;                           // cells below it are this thread's own
  bool refused = false;                          // no arena, or no more room in it: the shared one from now on
  std::atomic<std::uint64_t>* epoch = nullptr;   // of this thread's look-ups (src/epoch.h); null without an arena
};
extern constinit thread_local ThreadArena thread_arena [[gnu::tls_model("initial-exec")]];

// Where `cell` is for this thread after leasing or extending an arena; null when the shared one must serve.
[[gnu::cold]] Cell* private_cell(CellIndex cell) noexcept;
// Its place in the shared arena. Never null: kNowhere is there before any cell is.
[[gnu::cold]] Cell* shared_cell(CellIndex cell) noexcept;
[[gnu::cold]] void increase_elsewhere(CellIndex cell, std::uint64_t by) noexcept;
[[gnu::cold]] void increase_elsewhere(CellIndex cell, double by) noexcept;

}  // namespace detail

// The one writer's increment: no read-modify-write instruction is needed.
inline void increase_own(Cell& cell, std::uint64_t by) noexcept {
  cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}
inline void increase_own(Cell& cell, double by) noexcept {
  const double old = std::bit_cast<double>(cell.load(std::memory_order_relaxed));
  cell.store(std::bit_cast<std::uint64_t>(old + by), std::memory_order_relaxed);
}
// Any number of writers.
inline void increase_shared(Cell& cell, std::uint64_t by) noexcept { cell.fetch_add(by, std::memory_order_relaxed); }
inline void increase_shared(Cell& cell, double by) noexcept {
  std::uint64_t old = cell.load(std::memory_order_relaxed);
  while (!cell.compare_exchange_weak(old, std::bit_cast<std::uint64_t>(std::bit_cast<double>(old) + by),
                                     std::memory_order_relaxed)) {
  }
}

// Number is std::uint64_t (added modulo 2^64, so that signed differences work) or double.
template <class Number>
void increase(CellIndex cell, Number by) noexcept {
  const detail::ThreadArena& mine = detail::thread_arena;
  if (cell < mine.limit) [[likely]]
    increase_own(mine.cells[cell], by);
  else
    detail::increase_elsewhere(cell, by);
}

struct ArenaUsage {
  std::size_t arenas = 0;         // mapped for threads, at most kArenas
  std::size_t leased = 0;         // of these, in the hands of a living thread
  std::size_t private_bytes = 0;  // writable in them, at most kArenaBudgetBytes
  std::size_t cells = 0;          // handed out, in every arena
};
ArenaUsage arena_usage() noexcept;

}  // namespace tocsin::meters
