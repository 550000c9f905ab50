// SPDX-License-Identifier: Apache-2.0
#include "meters/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>

#include "meters/src/cell_space.h"
#include "meters/src/mapping.h"

namespace tocsin::meters {

namespace detail {

constinit thread_local ThreadArena thread_arena;

namespace {

// All constant-initialised and never destroyed: usable before main and in static destructors.
constinit std::array<Arena, kArenas> all_arenas;
constinit std::atomic<std::size_t> private_bytes{0};
constinit std::array<Cell, kScratchCells> scratch{};

constexpr std::size_t kCommitStep = 64U << 10U;

// Gives the arena back when its thread ends. A class of its own, so that thread_arena stays free of a destructor and
// is still readable after this one ran.
struct Lease {
  Arena* arena = nullptr;
  ~Lease() {
    thread_arena = ThreadArena{nullptr, 0, true, nullptr};
    if (arena != nullptr) arena->leased.store(false, std::memory_order_release);
  }
};
thread_local Lease lease;

Arena* lease_arena() noexcept {
  for (Arena& arena : all_arenas) {
    if (arena.leased.load(std::memory_order_relaxed) || arena.leased.exchange(true, std::memory_order_acquire)) continue;
    if (arena.cells.load(std::memory_order_relaxed) == nullptr) {
      void* reserved = reserve(kCellSpace * sizeof(Cell));
      if (reserved == nullptr) {
        arena.leased.store(false, std::memory_order_release);
        return nullptr;
      }
      arena.cells.store(static_cast<Cell*>(reserved), std::memory_order_release);
    }
    return &arena;
  }
  return nullptr;
}

std::size_t committed(CellIndex extent) noexcept {
  return (extent * sizeof(Cell) + kCommitStep - 1) / kCommitStep * kCommitStep;
}

// Makes the arena writable up to everything that was handed out so far; false when the budget has no room.
bool extend(Arena& arena) noexcept {
  const CellIndex old_extent = arena.extent.load(std::memory_order_relaxed);
  const CellIndex extent = cells_handed_out();
  const std::size_t old_bytes = committed(old_extent), bytes = committed(extent);
  if (bytes > old_bytes) {
    const std::size_t more = bytes - old_bytes;
    if (private_bytes.fetch_add(more, std::memory_order_relaxed) + more > kArenaBudgetBytes ||
        !make_writable(reinterpret_cast<std::byte*>(arena.cells.load(std::memory_order_relaxed)) + old_bytes, more)) {
      private_bytes.fetch_sub(more, std::memory_order_relaxed);
      return false;
    }
  }
  if (extent > old_extent) arena.extent.store(extent, std::memory_order_release);
  return true;
}

}  // namespace

Cell* private_cell(CellIndex cell) noexcept {
  ThreadArena& mine = thread_arena;
  if (mine.refused) return nullptr;
  if (lease.arena == nullptr) {
    lease.arena = lease_arena();
    if (lease.arena == nullptr) {
      mine.refused = true;
      return nullptr;
    }
    mine.cells = lease.arena->cells.load(std::memory_order_relaxed);
    mine.epoch = &lease.arena->epoch;
  }
  if (!extend(*lease.arena)) mine.refused = true;
  mine.limit = lease.arena->extent.load(std::memory_order_relaxed);
  return cell < mine.limit ? &mine.cells[cell] : nullptr;
}

Cell* shared_cell(CellIndex cell) noexcept {
  Cell* cells = shared_cells();
  return cells == nullptr || cell < kScratchCells ? &scratch[cell % kScratchCells] : &cells[cell];
}

void increase_elsewhere(CellIndex cell, std::uint64_t by) noexcept {
  if (Cell* own = private_cell(cell)) return increase_own(*own, by);
  increase_shared(*shared_cell(cell), by);
}

void increase_elsewhere(CellIndex cell, double by) noexcept {
  if (Cell* own = private_cell(cell)) return increase_own(*own, by);
  increase_shared(*shared_cell(cell), by);
}

std::span<Arena, kArenas> arenas() noexcept { return all_arenas; }

void reset_arenas_after_fork() noexcept {
  for (Arena& arena : all_arenas) {
    const CellIndex extent = arena.extent.load(std::memory_order_relaxed);
    if (Cell* cells = arena.cells.load(std::memory_order_relaxed)) wipe(cells, committed(extent));
    arena.epoch.store(0, std::memory_order_relaxed);
    arena.leased.store(&arena == lease.arena, std::memory_order_relaxed);
  }
}

}  // namespace detail

ArenaUsage arena_usage() noexcept {
  ArenaUsage usage;
  for (const detail::Arena& arena : detail::all_arenas) {
    usage.arenas += arena.cells.load(std::memory_order_relaxed) != nullptr ? 1 : 0;
    usage.leased += arena.leased.load(std::memory_order_relaxed) ? 1 : 0;
  }
  usage.private_bytes = detail::private_bytes.load(std::memory_order_relaxed);
  usage.cells = detail::cells_handed_out();
  return usage;
}

}  // namespace tocsin::meters
