// SPDX-License-Identifier: Apache-2.0
// Timer: the time from its making to its end, recorded into a histogram in the histogram's own unit.
//
//   {
//     Timer timer(parse_time);       // a Histogram of unit "s", "ms", "us" or "ns"
//     parse();
//   }                                // recorded here, or by stop(); cancel() records nothing
//
// Threads: one object, one thread at a time. Costs two readings of the steady clock, about 50 ns, and an observation.
#pragma once

#include <chrono>

#include "meters/histogram.h"

namespace tocsin::meters {

class Timer {
 public:
  using SteadyClock = std::chrono::steady_clock;

  explicit Timer(const Histogram& into) noexcept : into_(&into), start_(SteadyClock::now()) {}
  explicit Timer(Histogram&&) = delete;  // the histogram has to outlive the timer
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Records once; what was recorded is returned. A histogram whose unit is no unit of time gets seconds.
  std::chrono::nanoseconds stop() noexcept {
    if (into_ == nullptr) return std::chrono::nanoseconds{0};
    const std::chrono::nanoseconds passed = SteadyClock::now() - start_;
    const double per_nanosecond = into_->per_nanosecond();
    into_->observe(static_cast<double>(passed.count()) * (per_nanosecond > 0 ? per_nanosecond : 1e-9));
    into_ = nullptr;
    return passed;
  }
  void cancel() noexcept { into_ = nullptr; }

 private:
  const Histogram* into_;
  SteadyClock::time_point start_;
};

}  // namespace tocsin::meters
