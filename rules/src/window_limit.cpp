// SPDX-License-Identifier: Apache-2.0
// The byte limit of the store: what does not fit is refused by name, largest first. A name is refused as a whole, since a
// rule that sums over half of its series lies.
#include <algorithm>

#include "rules/src/window_store.h"

namespace tocsin::rules {

using promql::SeriesRow;
using promql::Symbol;

namespace {

// Bytes are added up again after so many new series: over the limit by at most what they take.
constexpr std::uint32_t kLookEvery = 1024;
// A name comes back when it would leave a quarter free, and no sooner than this.
constexpr std::int64_t kTakeBackAfterMs = 300'000;

}  // namespace

void WindowStore::set_limit(std::size_t bytes, std::unordered_set<std::string> last) {
  max_bytes_ = bytes;
  refused_last_ = std::move(last);
}

bool WindowStore::room_for_new() {
  if (++made_since_look_ >= kLookEvery) {
    made_since_look_ = 0;
    full_ = bytes() + other_bytes_ > max_bytes_;
  }
  return !full_;
}

void WindowStore::count_refused(Symbol name) {
  ++outcome_.refused;
  if (const auto found = refused_.find(name); found != refused_.end()) ++found->second.samples;
}

void WindowStore::enforce(std::size_t other_bytes, std::int64_t now_ms) {
  other_bytes_ = other_bytes;
  const bool was_full = std::exchange(full_, false);
  for (std::size_t held = bytes(); held + other_bytes > max_bytes_ && series_->names() != 0;) {
    refuse_largest(now_ms);
    const std::size_t left = bytes();
    if (left >= held && series_->names() == 0) break;
    held = left;
  }
  made_since_look_ = 0;
  if (was_full) ++refusals_changed_;  // rows that found no room ask again
  if (!refused_.empty()) take_back(bytes() + other_bytes, now_ms);
}

void WindowStore::refuse_largest(std::int64_t now_ms) {
  const auto bytes = series_->bytes_by_name();
  const auto is_last = [&](Symbol name) { return refused_last_.contains(std::string(series_->symbols().text(name))); };
  const auto largest = std::max_element(bytes.begin(), bytes.end(), [&](const auto& a, const auto& b) {
    const bool a_last = is_last(a.first), b_last = is_last(b.first);
    return a_last != b_last ? a_last : a.second < b.second;
  });
  refused_[largest->first] = {largest->second, 0, now_ms};
  const auto rows = series_->rows_of(largest->first);
  series_->remove(std::vector<SeriesRow>(rows.begin(), rows.end()));
  ++refusals_changed_;
}

void WindowStore::take_back(std::size_t bytes, std::int64_t now_ms) {
  std::erase_if(refused_, [&](const auto& entry) {
    const Refused& refused = entry.second;
    if (now_ms - refused.since_ms < kTakeBackAfterMs || bytes + refused.bytes > max_bytes_ / 4 * 3) return false;
    bytes += refused.bytes;
    ++refusals_changed_;
    return true;
  });
}

std::vector<WindowRefusal> WindowStore::refusals() const {
  std::vector<WindowRefusal> refusals;
  for (const auto& [name, refused] : refused_)
    refusals.push_back({std::string(series_->symbols().text(name)), refused.bytes, refused.samples,
                        from_unix_ns(refused.since_ms * 1'000'000)});
  std::sort(refusals.begin(), refusals.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  return refusals;
}

}  // namespace tocsin::rules
