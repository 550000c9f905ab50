// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_store.h"

#include <algorithm>
#include <utility>

#include "rules/src/window_sections.h"

namespace tocsin::rules {

using promql::HistogramPtr;
using promql::LabelId;
using promql::SeriesRow;

namespace {

constexpr std::int64_t kSkewMs = 60'000;  // between two clocks that are right

constexpr std::size_t kMostDeparted = 100'000, kMostDescribed = 50'000;

}  // namespace

std::optional<std::int64_t> zero_ms(const Beginning& beginning, std::int64_t last_seen_ms) noexcept {
  if (beginning.start_ms == 0 || beginning.start_ms <= last_seen_ms) return std::nullopt;
  // A start far behind its own sample is of a clock that was set back since.
  if (beginning.start_ms > beginning.time_ms + kSkewMs) return std::nullopt;
  const std::int64_t since = std::max(beginning.start_ms, beginning.previous_ms);
  const std::int64_t zero = std::min(since, beginning.time_ms - 1);
  if (zero <= last_seen_ms) return std::nullopt;
  return zero;
}

SeriesRow WindowStore::begin(std::span<const LabelId> labels, StripKind kind, const Beginning& beginning, bool recorded) {
  if (const auto found = series_->find(labels)) {
    restart(*found, beginning);
    return *found;
  }
  if (!room_for_new()) return kNoSeries;
  for (const LabelId& label : refused_.empty() ? std::span<const LabelId>() : labels)
    if (label.name == series_->name_symbol() && is_refused(label.value)) return kNoSeries;
  std::int64_t last_seen = kNever;
  if (!departed_.empty())
    if (const auto departed = departed_.find(identity(labels)); departed != departed_.end()) last_seen = departed->second;
  auto zero = zero_ms(beginning, last_seen);
  if (zero && *zero < oldest_ms_) zero.reset();
  const SeriesRow row = series_->add(labels, kind, zero.value_or(beginning.time_ms), recorded);
  if (zero) put_zero(row, *zero, beginning);
  return row;
}

void WindowStore::restart(SeriesRow row, const Beginning& beginning) {
  const auto zero = zero_ms(beginning, strip(row).last_ms(SeriesSet::slot(row)));
  if (zero && *zero >= oldest_ms_) put_zero(row, *zero, beginning);
}

void WindowStore::put_zero(SeriesRow row, std::int64_t time_ms, const Beginning& beginning) {
  strip(row).put(SeriesSet::slot(row), time_ms, 0, beginning.nothing);
}

bool WindowStore::put(SeriesRow row, std::int64_t time_ms, double value, HistogramPtr histogram) {
  if (time_ms < oldest_ms_) return ++outcome_.too_old, false;
  switch (strip(row).put(SeriesSet::slot(row), time_ms, value, std::move(histogram))) {
    case Strip::Put::Appended: return ++outcome_.appended, true;
    case Strip::Put::Same: return true;
    case Strip::Put::NotNewer: return ++outcome_.not_newer, false;
  }
  return false;
}

// Kept in checkpoints.
std::uint64_t WindowStore::identity(std::span<const LabelId> labels) noexcept {
  std::uint64_t hash = stable_hash({});
  const Symbols& symbols = series_->symbols();
  for (const LabelId& label : labels)
    for (const promql::Symbol symbol : {label.name, label.value}) hash = stable_hash(symbols.text(symbol), ~hash);
  return hash;
}

void WindowStore::restore(std::unique_ptr<SeriesSet> series, std::unordered_map<std::uint64_t, std::int64_t> departed) {
  series_ = std::move(series);
  departed_ = std::move(departed);
}

void WindowStore::add_exemplar(SeriesRow row, WindowExemplar exemplar) {
  const std::int64_t born_ms = strip(row).born_ms(SeriesSet::slot(row));
  exemplars_.add({row, born_ms, std::move(exemplar)});
}

void WindowStore::describe(const std::shared_ptr<const meters::Descriptor>& descriptor) {
  if (!descriptor || metadata_->contains(descriptor->prometheus_name) || metadata_->size() >= kMostDescribed) return;
  if (std::exchange(metadata_shown_, false)) metadata_ = std::make_shared<Metadata>(*metadata_);
  metadata_->emplace(descriptor->prometheus_name, descriptor);
}

std::shared_ptr<const Metadata> WindowStore::metadata() {
  metadata_shown_ = true;
  return metadata_;
}

void WindowStore::renumber() {
  const std::shared_ptr<const Symbols> before = series_->shared_symbols();
  series_->renumber();
  std::unordered_map<promql::Symbol, Refused> refused;
  for (const auto& [name, of] : refused_) refused.emplace(series_->symbols().intern(before->text(name)), of);
  refused_ = std::move(refused);
}

void WindowStore::expire(const Horizons& horizons) {
  oldest_ms_ = std::max(oldest_ms_, horizons.oldest_ms);
  series_->expire(horizons, [&](SeriesRow row) {
    if (departed_.size() >= kMostDeparted) departed_.erase(departed_.begin());
    const std::uint32_t slot = SeriesSet::slot(row);
    departed_[identity(strip(row).labels(slot))] = strip(row).last_ms(slot);
  });
}

void WindowStore::set_back(std::int64_t now_ms) {
  series_->cut_after(now_ms - 1);
  exemplars_.cut_after(now_ms - 1);
  for (auto& [series, last_ms] : departed_) last_ms = std::min(last_ms, now_ms - 1);
  oldest_ms_ = kNever;
}

std::size_t WindowStore::bytes() const noexcept { return series_->bytes() + departed_.size() * 40 + exemplars_.bytes() + metadata_->size() * 120; }

}  // namespace tocsin::rules
