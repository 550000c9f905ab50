// SPDX-License-Identifier: Apache-2.0
// When a target is asked, so that what it says is fresh when rules are evaluated. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "agent/pipeline.h"
#include "meters/base/clock.h"

namespace tocsin::agent {

struct ScrapePlace {
  std::uint64_t place = 0;  // any number: targets are spread by it
  std::size_t targets = 1;  // of the job: many need more time ahead of their tick than a few
  std::chrono::nanoseconds interval{0};
};

// The time nearest to `when` that is a little ahead of a tick; `when` where the interval is neither a multiple nor a part of
// the tick's.
Monotonic beat_about(Monotonic when, const ScrapePlace& place, const Beat& tick) noexcept;

}  // namespace tocsin::agent
