// SPDX-License-Identifier: Apache-2.0
#include "meters/src/cell_space.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include "meters/src/mapping.h"

namespace tocsin::meters::detail {

namespace {

constexpr std::size_t kBlockBytes = 64U << 10U;  // of small shared cells; larger ones are mapped by themselves
constexpr std::size_t kPage = 4096;

constinit std::atomic<Cell*> shared_base{nullptr};
constinit std::atomic<CellIndex> handed_out{kScratchCells};

// What is free, by exact size: families ask for the same few sizes over and over.
struct Space {
  std::mutex mutex;
  // guarded by mutex:
  std::map<std::uint32_t, std::vector<CellIndex>> free;
  std::map<std::size_t, std::vector<Cell*>> free_shared;
  std::map<Cell*, std::size_t> mapped;  // blocks of small shared cells and large ones alone, with their bytes
  Cell* block = nullptr;
  std::size_t block_used = kBlockBytes;
  std::size_t shared_committed = 0;
};

// Never destroyed: a handle may go in a static destructor.
Space& space() noexcept {
  static Space& only = *new Space;
  return only;
}

std::size_t pages(std::size_t bytes) noexcept { return (bytes + kPage - 1) / kPage * kPage; }

Cell* map_zeroed(Space& all, std::size_t bytes) {
  void* start = reserve(bytes);
  if (start == nullptr) return nullptr;
  if (!make_writable(start, bytes)) {
    release(start, bytes);
    return nullptr;
  }
  all.mapped.emplace(static_cast<Cell*>(start), bytes);
  return static_cast<Cell*>(start);
}

// The shared arena is one mapping, so that a cell's index is its place; it becomes writable as cells are handed out.
bool extend_shared_arena(Space& all, CellIndex extent) noexcept {
  Cell* cells = shared_base.load(std::memory_order_relaxed);
  if (cells == nullptr) {
    cells = static_cast<Cell*>(reserve(kCellSpace * sizeof(Cell)));
    if (cells == nullptr) return false;
  }
  const std::size_t bytes = std::min(kCellSpace * sizeof(Cell), (extent * sizeof(Cell) / kBlockBytes + 1) * kBlockBytes);
  if (bytes > all.shared_committed) {
    if (!make_writable(reinterpret_cast<std::byte*>(cells) + all.shared_committed, bytes - all.shared_committed))
      return false;
    all.shared_committed = bytes;
  }
  shared_base.store(cells, std::memory_order_release);
  return true;
}

void zero(Cell* cells, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i)
    if (cells[i].load(std::memory_order_relaxed) != 0) cells[i].store(0, std::memory_order_relaxed);
}

}  // namespace

CellIndex cells_handed_out() noexcept { return handed_out.load(std::memory_order_acquire); }

Cell* shared_cells() noexcept { return shared_base.load(std::memory_order_acquire); }

std::optional<CellIndex> allocate_cells(std::uint32_t count) noexcept try {
  Space& all = space();
  const std::lock_guard lock(all.mutex);
  if (auto& list = all.free[count]; !list.empty()) {
    const CellIndex first = list.back();
    list.pop_back();
    return first;
  }
  const CellIndex first = handed_out.load(std::memory_order_relaxed);
  if (count > kCellSpace - first || !extend_shared_arena(all, first + count)) return std::nullopt;
  handed_out.store(first + count, std::memory_order_release);
  return first;
} catch (...) {
  return std::nullopt;
}

void zero_cells(CellIndex first, std::uint32_t count) noexcept {
  for (Arena& arena : arenas()) {
    Cell* cells = arena.cells.load(std::memory_order_acquire);
    if (cells != nullptr && first + count <= arena.extent.load(std::memory_order_acquire)) zero(cells + first, count);
  }
  if (Cell* cells = shared_cells()) zero(cells + first, count);
}

void free_cells(CellIndex first, std::uint32_t count) noexcept try {
  zero_cells(first, count);
  const std::lock_guard lock(space().mutex);
  space().free[count].push_back(first);
} catch (...) {
  // Without memory for the note the cells are lost to reuse, which is harmless.
}

Cell* allocate_shared(std::size_t count) noexcept try {
  const std::size_t bytes = count * sizeof(Cell);
  Space& all = space();
  const std::lock_guard lock(all.mutex);
  if (bytes > kBlockBytes / 4) return map_zeroed(all, pages(bytes));
  if (auto& list = all.free_shared[count]; !list.empty()) {
    Cell* cells = list.back();
    list.pop_back();
    return cells;
  }
  if (kBlockBytes - all.block_used < bytes) {
    Cell* block = map_zeroed(all, kBlockBytes);
    if (block == nullptr) return nullptr;
    all.block = block;
    all.block_used = 0;
  }
  Cell* cells = all.block + all.block_used / sizeof(Cell);
  all.block_used += bytes;
  return cells;
} catch (...) {
  return nullptr;
}

void free_shared(Cell* cells, std::size_t count) noexcept try {
  if (cells == nullptr) return;
  Space& all = space();
  const std::lock_guard lock(all.mutex);
  if (const auto alone = all.mapped.find(cells); count * sizeof(Cell) > kBlockBytes / 4 && alone != all.mapped.end()) {
    release(cells, alone->second);
    all.mapped.erase(alone);
    return;
  }
  zero(cells, count);
  all.free_shared[count].push_back(cells);
} catch (...) {
  // As above.
}

void wipe_shared_after_fork() noexcept {
  if (Cell* cells = shared_cells()) wipe(cells, space().shared_committed);
  for (const auto& [cells, bytes] : space().mapped) wipe(cells, bytes);
}

}  // namespace tocsin::meters::detail
