// SPDX-License-Identifier: Apache-2.0
// Fork: a child starts clean. The kernel wipes the cells; what else a registry keeps of its past is reset here.
//
//   const std::shared_lock gate(fork_gate());      // then the lock that it is about
//
// Whoever holds a lock of this folder passed the gate first, once and not nested; fork() closes it, so that the child
// finds every lock free and every structure whole. It is no std::shared_mutex: one of those cannot be opened in a child,
// where the thread that closed it has another id.
// Threads: all.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <shared_mutex>

namespace tocsin::meters::detail {

class ForkGate {
 public:
  void lock_shared() noexcept;
  void unlock_shared() noexcept;

  // Returns when nobody is inside.
  void close() noexcept;
  void open() noexcept;
  void open_in_child() noexcept { state_.store(0, std::memory_order_release); }

 private:
  static constexpr std::uint32_t kClosed = 1U << 31U;
  std::atomic<std::uint32_t> state_{0};  // how many are inside; whether it is closed
};

ForkGate& fork_gate() noexcept;

// Calls `reset` in each forked child until forgotten. The key is the caller's address.
void on_fork(const void* key, std::function<void()> reset);
void forget_fork(const void* key) noexcept;

}  // namespace tocsin::meters::detail
