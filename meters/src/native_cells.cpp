// SPDX-License-Identifier: Apache-2.0
#include "meters/src/native_cells.h"

#include <array>
#include <thread>

namespace tocsin::meters::detail {

namespace {

constexpr auto kBuckets = static_cast<std::int64_t>(kExponentialBuckets);

std::uint64_t window(std::int32_t first, std::int32_t last) noexcept {
  return (std::uint64_t{static_cast<std::uint32_t>(first)} << 32U) | static_cast<std::uint32_t>(last);
}
std::int32_t first_of(std::uint64_t window) noexcept { return static_cast<std::int32_t>(window >> 32U); }
std::int32_t last_of(std::uint64_t window) noexcept { return static_cast<std::int32_t>(window); }

}  // namespace

Cell& NativeCells::bucket(std::int64_t index) const noexcept {
  constexpr std::int64_t kBias = kBuckets << 26U;  // makes every index positive
  return cells_[kNativeHeader + static_cast<std::size_t>((index + kBias) % kBuckets)];
}

// Halves the resolution `by` times: buckets of the window are joined in pairs. Readers come back later.
void NativeCells::join(std::int32_t first, std::int32_t last, std::uint32_t down, std::uint32_t by) noexcept {
  const std::uint64_t mark = cells_[0].load(std::memory_order_relaxed);
  cells_[0].store(mark | kJoining, std::memory_order_relaxed);
  std::array<std::uint64_t, kExponentialBuckets> old;
  for (std::int64_t i = first; i <= last; ++i) {
    old[static_cast<std::size_t>(i - first)] = bucket(i).load(std::memory_order_relaxed);
    bucket(i).store(0, std::memory_order_release);
  }
  for (std::int64_t i = first; i <= last; ++i) {
    Cell& into = bucket(i >> by);
    into.store(into.load(std::memory_order_relaxed) + old[static_cast<std::size_t>(i - first)], std::memory_order_release);
  }
  cells_[1].store(window(first >> by, last >> by), std::memory_order_release);
  cells_[2].store((down + by) | kHasWindow, std::memory_order_release);
  cells_[0].store(mark + kJoined, std::memory_order_release);
}

// Makes the window reach `index`, which is at the present scale.
void NativeCells::widen(std::int32_t index, std::uint32_t down) noexcept {
  if ((cells_[2].load(std::memory_order_relaxed) & kHasWindow) == 0) {
    cells_[1].store(window(index, index), std::memory_order_release);
    cells_[2].store(down | kHasWindow, std::memory_order_release);
    return;
  }
  const std::uint64_t had = cells_[1].load(std::memory_order_relaxed);
  const std::int32_t first = first_of(had), last = last_of(had);
  std::int64_t low = std::min(first, index), high = std::max(last, index);
  std::uint32_t by = 0;
  for (; high - low >= kBuckets; ++by) {
    low >>= 1;
    high >>= 1;
  }
  if (by > 0) join(first, last, down, by);
  cells_[1].store(window(static_cast<std::int32_t>(low), static_cast<std::int32_t>(high)), std::memory_order_release);
}

void NativeCells::add_alone(double value) noexcept {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
  if (~bits > cells_[4].load(std::memory_order_relaxed)) cells_[4].store(~bits, std::memory_order_relaxed);
  if (bits > cells_[5].load(std::memory_order_relaxed)) cells_[5].store(bits, std::memory_order_relaxed);
  if (value <= 0) return increase_own(cells_[3], std::uint64_t{1});

  const std::uint64_t state = cells_[2].load(std::memory_order_relaxed);
  auto down = static_cast<std::uint32_t>(state);
  std::int32_t index = exponential_index(value, kMaxExponentialScale - static_cast<std::int32_t>(down));
  const std::uint64_t reach = cells_[1].load(std::memory_order_relaxed);
  if ((state & kHasWindow) == 0 || index < first_of(reach) || index > last_of(reach)) [[unlikely]] {
    widen(index, down);
    const auto now = static_cast<std::uint32_t>(cells_[2].load(std::memory_order_relaxed));
    index >>= now - down;
  }
  increase_own(bucket(index), std::uint64_t{1});
}

bool NativeCells::try_add_locked(double value) noexcept {
  std::uint64_t mark = cells_[0].load(std::memory_order_relaxed);
  if ((mark & kLocked) != 0 ||
      !cells_[0].compare_exchange_strong(mark, mark | kLocked, std::memory_order_acquire, std::memory_order_relaxed))
    return false;
  add_alone(value);
  cells_[0].fetch_sub(kLocked, std::memory_order_release);
  return true;
}

bool NativeCells::read_once(Read& into) const {
  const std::uint64_t before = cells_[0].load(std::memory_order_acquire) & ~kLocked;
  if ((before & kJoining) != 0) return false;
  const std::uint64_t state = cells_[2].load(std::memory_order_acquire);
  const std::uint64_t reach = cells_[1].load(std::memory_order_acquire);
  NativeHistogram& buckets = into.buckets;
  buckets = {};
  buckets.zero_count = cells_[3].load(std::memory_order_acquire);
  if ((state & kHasWindow) != 0) {
    buckets.scale = kMaxExponentialScale - static_cast<std::int32_t>(static_cast<std::uint32_t>(state));
    buckets.positive_offset = first_of(reach);
    const std::int64_t size = std::int64_t{last_of(reach)} - first_of(reach) + 1;
    if (size <= 0 || size > kBuckets) return false;
    buckets.positive.resize(static_cast<std::size_t>(size));
    for (std::int64_t i = 0; i < size; ++i)
      buckets.positive[static_cast<std::size_t>(i)] = bucket(first_of(reach) + i).load(std::memory_order_acquire);
  } else {
    buckets.scale = kMaxExponentialScale;
  }
  const std::uint64_t least = cells_[4].load(std::memory_order_acquire);
  into.empty = least == 0;
  into.min = std::bit_cast<double>(~least);
  into.max = std::bit_cast<double>(cells_[5].load(std::memory_order_acquire));
  return (cells_[0].load(std::memory_order_relaxed) & ~kLocked) == before;
}

NativeCells::Read NativeCells::read() const {
  Read read;
  // Joining takes 300 ns; a writer that lost its core in the middle of it has it again after some of these.
  for (int tries = 0; !read_once(read) && tries < 10'000; ++tries)
    if (tries > 100) std::this_thread::yield();
  return read;
}

}  // namespace tocsin::meters::detail
