// SPDX-License-Identifier: Apache-2.0
#include "meters/src/fork.h"

#include <pthread.h>

#include <map>
#include <mutex>

#include "meters/src/cell_space.h"
#include "meters/src/epoch.h"

namespace tocsin::meters::detail {

namespace {

struct Resets {
  ForkGate gate;
  std::mutex mutex;
  std::map<const void*, std::function<void()>> by_key;  // guarded by mutex
};

void reset_in_child() noexcept;

// Never destroyed: registries may outlive static destruction.
Resets& resets() noexcept {
  static Resets& only = []() -> Resets& {
    prepare_epochs();
    pthread_atfork([] { fork_gate().close(); }, [] { fork_gate().open(); }, reset_in_child);
    return *new Resets;
  }();
  return only;
}

void reset_in_child() noexcept {
  reset_arenas_after_fork();
  wipe_shared_after_fork();
  prepare_epochs();
  for (const auto& [key, reset] : resets().by_key) reset();
  fork_gate().open_in_child();
}

}  // namespace

void ForkGate::lock_shared() noexcept {
  std::uint32_t now = state_.load(std::memory_order_relaxed);
  for (;;) {
    if ((now & kClosed) != 0) {
      state_.wait(now, std::memory_order_relaxed);
      now = state_.load(std::memory_order_relaxed);
    } else if (state_.compare_exchange_weak(now, now + 1, std::memory_order_acquire, std::memory_order_relaxed)) {
      return;
    }
  }
}

void ForkGate::unlock_shared() noexcept {
  if (state_.fetch_sub(1, std::memory_order_release) == (kClosed | 1U)) state_.notify_all();
}

void ForkGate::close() noexcept {
  std::uint32_t now = state_.load(std::memory_order_relaxed);
  for (;;) {  // two threads that fork take turns
    if ((now & kClosed) != 0) {
      state_.wait(now, std::memory_order_relaxed);
      now = state_.load(std::memory_order_relaxed);
    } else if (state_.compare_exchange_weak(now, now | kClosed, std::memory_order_acquire, std::memory_order_relaxed)) {
      break;
    }
  }
  while ((now = state_.load(std::memory_order_acquire)) != kClosed) state_.wait(now, std::memory_order_relaxed);
}

void ForkGate::open() noexcept {
  state_.store(0, std::memory_order_release);
  state_.notify_all();
}

ForkGate& fork_gate() noexcept { return resets().gate; }

void on_fork(const void* key, std::function<void()> reset) {
  const std::shared_lock gate(fork_gate());
  const std::lock_guard lock(resets().mutex);
  resets().by_key.insert_or_assign(key, std::move(reset));
}

void forget_fork(const void* key) noexcept {
  const std::shared_lock gate(fork_gate());
  const std::lock_guard lock(resets().mutex);
  resets().by_key.erase(key);
}

}  // namespace tocsin::meters::detail
