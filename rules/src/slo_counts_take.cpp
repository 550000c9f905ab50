// SPDX-License-Identifier: Apache-2.0
// What is kept and shown of the counts, and how they come back.
#include <algorithm>
#include <utility>

#include "rules/slo_counts.h"
#include "rules/src/slo_group.h"

namespace tocsin::rules {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
// Nobody looked for longer than this: what happened meanwhile is not told as happening now.
constexpr std::int64_t kShortPause = 60 * kNsPerSecond;
constexpr std::int64_t kHeldFor = 120 * kNsPerSecond;     // two intervals of a sender of OpenTelemetry
constexpr std::int64_t kAwaitedFor = 300 * kNsPerSecond;  // what limits.silent_after is by default
constexpr std::int64_t kSweepEvery = 3'600 * kNsPerSecond;

std::int64_t ns_of(std::chrono::milliseconds time) { return time.count() * 1'000'000; }

}  // namespace

std::vector<std::string> SloCounts::configure(std::vector<Slo> slos) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> anew;
  std::vector<std::unique_ptr<Objective>> before = std::exchange(objectives_, {});
  for (Slo& slo : slos) {
    const std::string counted = slo.counted();
    const auto fits = [&](const auto& one) { return one && one->slo.name == slo.name && one->counted == counted; };
    std::unique_ptr<Objective> objective;
    for (auto* const all : {&before, &retired_})
      if (const auto found = std::ranges::find_if(*all, fits); !objective && found != all->end()) objective = std::move(*found);
    if (!objective) {
      objective = std::make_unique<Objective>();
      objective->counted = counted;
      const bool known = std::ranges::any_of(before, [&](const auto& one) { return one && one->slo.name == slo.name; });
      if (known) anew.push_back(slo.name);
      objective->slo = slo;
      (void)take_up(*objective);
    }
    objective->slo = std::move(slo);
    objectives_.push_back(std::move(objective));
  }
  std::erase(retired_, nullptr);
  for (auto& one : before)
    if (one) retired_.push_back(std::move(one));
  index();
  return anew;
}

// From what the last run kept.
std::size_t SloCounts::take_up(Objective& objective) {
  std::size_t bad = 0;
  for (const KeptCounts& row : kept_)
    if (row.objective == objective.slo.name && row.counted == objective.counted && !objective.take(row)) ++bad;
  std::erase_if(kept_, [&](const KeptCounts& row) { return row.objective == objective.slo.name && row.counted == objective.counted; });
  if (objective.since_ns == 0) objective.since_ns = restored_ns_ != 0 && !objective.groups.empty() ? restored_ns_ : 0;
  if (objective.kept_ns != 0 && restored_ns_ - objective.kept_ns > kShortPause) objective.held_until_ns = restored_ns_ + kHeldFor;
  objective.awaited_until_ns = restored_ns_ + kAwaitedFor;
  return bad;
}

std::size_t SloCounts::restore(std::span<const KeptCounts> kept, Time now) {
  const std::lock_guard lock(mutex_);
  kept_.assign(kept.begin(), kept.end());
  restored_ns_ = to_unix_ns(now);
  std::size_t bad = 0;
  for (const auto& objective : objectives_) bad += take_up(*objective);
  return bad;
}

void SloCounts::raise(std::string_view name, const CountLabels& labels, double good, double bad) {
  const std::lock_guard lock(mutex_);
  for (const auto& objective : objectives_) {
    const auto found = objective->slo.name == name ? objective->groups.find(labels) : objective->groups.end();
    if (found == objective->groups.end()) continue;
    found->second->shown_good = std::max(found->second->shown_good, good);
    found->second->shown_bad = std::max(found->second->shown_bad, bad);
  }
}

// Groups of which nothing was seen for a period, and series likewise.
void SloCounts::sweep(Objective& objective, Time now) {
  const std::int64_t now_ns = to_unix_ns(now), oldest = now_ns - ns_of(objective.slo.period);
  if (now_ns - objective.swept_ns < kSweepEvery) return;
  const bool first = std::exchange(objective.swept_ns, now_ns) == 0;
  if (first) return;
  const auto old = [&](const SloSource& one) { return !one.live && one.seen_ns < oldest; };
  const auto over = [&](const Group& group) { return group.live == 0 && std::max(group.seen_ns, group.changed_ns) < oldest; };
  const bool any = std::ranges::any_of(objective.sources, old) ||
                   std::ranges::any_of(objective.groups, [&](const auto& entry) { return over(*entry.second); });
  if (!any) return;
  std::vector<SloSource> sources = std::exchange(objective.sources, {});
  std::vector<Group*> groups = std::exchange(objective.group_of_source, {});
  objective.by_key.clear(), objective.families.clear(), objective.senders.clear();
  for (auto& [labels, group] : objective.groups) group->sources.clear();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (old(sources[i])) continue;
    objective.sources[objective.source(sources[i].key, *groups[i])] = sources[i];
    objective.senders.insert(sources[i].sender);
  }
  for (auto entry = objective.groups.begin(); entry != objective.groups.end();) {
    entry->second->dirty = true;
    if (!over(*entry->second)) { ++entry; continue; }
    objective.gone.push_back(entry->first);
    entry = objective.groups.erase(entry);
  }
}

CountChange SloCounts::take(Time now, bool everything) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ns = to_unix_ns(now);
  CountChange change;
  change.time_ns = counted_ns_;
  for (const auto& objective : objectives_) {
    if (objective->since_ns == 0) continue;
    sweep(*objective, now);
    std::erase_if(objective->families, [&](const auto& entry) { return entry.second.seen_ns != counted_ns_; });
    ObjectiveCounts& shown = change.objectives.emplace_back();
    shown.name = objective->slo.name;
    shown.since_ns = objective->since_ns, shown.kept_ns = objective->kept_ns;
    shown.unusable = objective->unusable, shown.unusable_series = objective->unusable_series;
    bool dirty = everything;
    for (auto& [labels, group] : objective->groups) {
      if (std::exchange(group->dirty, false) || everything) change.kept.push_back(objective->kept(*group)), dirty = true;
      CountGroup& one = shown.groups.emplace_back();
      one.labels = labels;
      one.good = group->shown_good, one.bad = group->shown_bad;
      one.since_ns = group->since_ns, one.changed_ns = group->changed_ns, one.seen_ns = group->seen_ns;
      one.sources = group->live + (now_ns < objective->awaited_until_ns ? group->awaited : 0);
      one.held = group->awaited > 0 && now_ns < objective->held_until_ns;
    }
    for (const CountLabels& labels : objective->gone) change.kept.push_back({objective->slo.name, labels, objective->counted, ""});
    shown.gone = std::exchange(objective->gone, {});
    if (dirty || objective->kept_ns == 0) {
      change.kept.push_back(objective->kept_self(counted_ns_));
      objective->kept_ns = counted_ns_;
    }
  }
  return change;
}

}  // namespace tocsin::rules
