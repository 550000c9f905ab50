// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/src/scrape_beat.h"

#include <algorithm>

namespace tocsin::agent {

namespace {

// Within which time before a tick a target is asked (and half of it as a margin), and how much each of a crowd may need.
constexpr std::int64_t kAheadNs = 1'000'000'000, kAheadEachNs = 5'000'000;

}  // namespace

Monotonic beat_about(Monotonic when, const ScrapePlace& place, const Beat& tick) noexcept {
  const std::int64_t interval = place.interval.count(), between = tick.interval.count();
  if (interval <= 0 || between <= 0 || (interval % between != 0 && between % interval != 0)) return when;
  const auto own = [&](std::int64_t places) {
    return static_cast<std::int64_t>(place.place % static_cast<std::uint64_t>(std::max(places, std::int64_t{1})));
  };
  const std::int64_t nearest = std::min(interval, between), ticks = std::max(interval / between, std::int64_t{1});
  const std::int64_t crowd = static_cast<std::int64_t>(place.targets) * kAheadEachNs / ticks;
  const std::int64_t room = std::clamp(crowd, std::min(nearest / 4, kAheadNs), nearest * 8 / 10);
  const std::int64_t lead = std::min(nearest / 10, kAheadNs / 2) + own(room);
  const Monotonic beat = tick.next - std::chrono::nanoseconds(lead);
  const std::int64_t off = (when - beat).count();
  const std::int64_t beats = (off >= 0 ? off + nearest / 2 : off - nearest / 2) / nearest;
  return beat + std::chrono::nanoseconds(beats * nearest);
}

}  // namespace tocsin::agent
