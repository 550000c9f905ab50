// SPDX-License-Identifier: Apache-2.0
// Time comes in through Clock, so that a test can hold it still.
//
//   Time now = clock.now();                    // wall time: timestamps on samples
//   Monotonic start = clock.monotonic();       // never steps: durations, deadlines
//
// Threads: SystemClock and ManualClock are thread-safe. A reading costs about 20 ns.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace tocsin {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;
using Monotonic = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

inline std::int64_t to_unix_ns(Time time) noexcept { return time.time_since_epoch().count(); }
inline Time from_unix_ns(std::int64_t ns) noexcept { return Time{std::chrono::nanoseconds{ns}}; }

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const noexcept = 0;
  virtual Monotonic monotonic() const noexcept = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const noexcept override {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
  }
  Monotonic monotonic() const noexcept override {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now());
  }
  static const SystemClock& instance() noexcept {
    static const SystemClock clock;
    return clock;
  }
};

// For tests: stands still until told. The wall clock may step; the monotonic one only advances.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = from_unix_ns(1'700'000'000'000'000'000)) : wall_ns_(to_unix_ns(start)) {}

  Time now() const noexcept override { return from_unix_ns(wall_ns_.load(std::memory_order_relaxed)); }
  Monotonic monotonic() const noexcept override {
    return Monotonic{std::chrono::nanoseconds{monotonic_ns_.load(std::memory_order_relaxed)}};
  }
  void advance(std::chrono::nanoseconds by) noexcept {
    wall_ns_.fetch_add(by.count(), std::memory_order_relaxed);
    monotonic_ns_.fetch_add(by.count(), std::memory_order_relaxed);
  }
  void step_wall(std::chrono::nanoseconds by) noexcept { wall_ns_.fetch_add(by.count(), std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> wall_ns_;
  std::atomic<std::int64_t> monotonic_ns_{1'000'000'000};
};

}  // namespace tocsin
