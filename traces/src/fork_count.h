// SPDX-License-Identifier: Apache-2.0
// How often this process is the child of a fork, counted from 1: whoever keeps something that a child must not share
// compares it. Lock-free, so that it is right in the child of a process with threads.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

namespace tocsin::traces {

inline std::uint64_t fork_count() noexcept {
  static std::atomic<std::uint64_t> count{1};
  static const int registered = pthread_atfork(nullptr, nullptr, [] { count.fetch_add(1, std::memory_order_relaxed); });
  (void)registered;
  return count.load(std::memory_order_relaxed);
}

}  // namespace tocsin::traces
