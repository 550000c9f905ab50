// SPDX-License-Identifier: Apache-2.0
#include "meters/src/epoch.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "meters/src/cell_space.h"

namespace tocsin::meters::detail {

constinit std::atomic<std::uint64_t> epoch_now{1};  // 0 is "outside"
constinit std::atomic<bool> readers_fence{true};
constinit std::atomic<std::uint64_t> strays{0};

namespace {
bool membarrier(int command) noexcept { return syscall(SYS_membarrier, command, 0, 0) == 0; }
}  // namespace

void prepare_epochs() noexcept {
  strays.store(0, std::memory_order_relaxed);
  readers_fence.store(!membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED), std::memory_order_seq_cst);
}

std::uint64_t close_epoch() noexcept { return epoch_now.fetch_add(1, std::memory_order_seq_cst); }

bool epoch_passed(std::uint64_t closed) noexcept {
  if (!readers_fence.load(std::memory_order_relaxed) && !membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) return false;
  for (const Arena& arena : arenas()) {
    const std::uint64_t inside = arena.epoch.load(std::memory_order_seq_cst);
    if (inside != 0 && inside <= closed) return false;
  }
  // A stray's epoch is not known: none may be inside at all.
  return strays.load(std::memory_order_seq_cst) == 0;
}

}  // namespace tocsin::meters::detail
