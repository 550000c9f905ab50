// SPDX-License-Identifier: Apache-2.0
// Cell space: who owns which cells, and reading them over all arenas.
//
// Threads: allocating and freeing take a lock of their own.
// The reading functions are safe while other threads record.
#pragma once

#include <optional>
#include <span>

#include "meters/arena.h"

namespace tocsin::meters::detail {

inline constexpr CellIndex kCellSpace = 4U << 20U;  // reserved in each arena: 32 MiB of addresses
inline constexpr CellIndex kScratchCells = 16;      // from kNowhere on, behind handles that were never bound

// Cells below were given to somebody at some time.
CellIndex cells_handed_out() noexcept;

// `count` cells that are zero in every arena; nullopt when the reserved space is used up or cannot be mapped.
std::optional<CellIndex> allocate_cells(std::uint32_t count) noexcept;
// Zeroes them everywhere. Requires: nobody can write to them any more.
void free_cells(CellIndex first, std::uint32_t count) noexcept;
void zero_cells(CellIndex first, std::uint32_t count) noexcept;

// Calls visit(cells) with the cells [first, first + count) of every arena that has them, the shared one last.
template <class Visit>
void for_each_arena(CellIndex first, std::uint32_t count, Visit visit);

// Zeroed cells outside the arenas, wiped in a forked child: gauges, exemplars, what has many writers. Null when there is
// no memory. free_shared zeroes them. Requires there: nobody can write to them any more.
Cell* allocate_shared(std::size_t count) noexcept;
void free_shared(Cell* cells, std::size_t count) noexcept;

struct Arena {
  std::atomic<Cell*> cells{nullptr};
  std::atomic<CellIndex> extent{0};  // cells below may be read and written
  std::atomic<bool> leased{false};
  std::atomic<std::uint64_t> epoch{0};
  char padding[64 - 24] = {};
};
static_assert(sizeof(Arena) == 64);

std::span<Arena, kArenas> arenas() noexcept;
Cell* shared_cells() noexcept;

// In a forked child: other threads are gone, so are their leases and, where the kernel did not wipe it, their memory.
void reset_arenas_after_fork() noexcept;
void wipe_shared_after_fork() noexcept;

template <class Visit>
void for_each_arena(CellIndex first, std::uint32_t count, Visit visit) {
  for (Arena& arena : arenas()) {
    const Cell* cells = arena.cells.load(std::memory_order_acquire);
    if (cells != nullptr && first + count <= arena.extent.load(std::memory_order_acquire)) visit(std::span(cells + first, count));
  }
  if (const Cell* cells = shared_cells()) visit(std::span(cells + first, count));
}

}  // namespace tocsin::meters::detail
