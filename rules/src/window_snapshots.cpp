// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_snapshots.h"

#include <algorithm>
#include <set>
#include <utility>

#include "meters/target_info.h"

namespace tocsin::rules {

using meters::Family;
using meters::Via;
using promql::SeriesRow;

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

bool came_as_batch(Via via) noexcept { return via == Via::Scrape || via == Via::RemoteWrite || via == Via::Rules; }

std::string_view reserved_label(const Family& family) noexcept {
  if (std::holds_alternative<meters::Histograms>(family.points)) return "le";
  return std::holds_alternative<meters::Summaries>(family.points) ? "quantile" : "";
}

std::string sender_key(Via via, std::string_view job, std::string_view instance) {
  std::string key(1, static_cast<char>(via));
  return key.append(job).append(1, '\0').append(instance);
}

bool has_live_rows(const Family& family) {
  return std::find(family.states.begin(), family.states.end(), meters::RowState::Live) != family.states.end();
}

}  // namespace

meters::SeriesIdentity SnapshotAppender::identity_of(const Family& family) const {
  auto identity = meters::identity_of(family, {options_.scope_labels, {}}, reserved_label(family));
  const auto add_own = [&](std::string_view name, const std::string& text) {
    if (text.empty()) return;
    for (const std::string& column : identity.columns)
      if (column == name) return;
    identity.constants.push_back({std::string(name), text, false});
  };
  const meters::Resource& resource = *family.origin->resource;
  if (resource.job.empty() && resource.instance.empty()) {
    add_own("job", options_.own_job);
    add_own("instance", options_.own_instance);
  }
  return identity;
}

SenderTimes& SnapshotAppender::sender_of(const meters::Origin& origin) {
  auto& times = senders_[sender_key(origin.via, origin.resource->job, origin.resource->instance)];
  if (!times) times = std::make_unique<SenderTimes>();
  return *times;
}

TrackedFamily& SnapshotAppender::track(const Family& family, std::vector<SeriesRow>& released) {
  auto& tracked = families_[{family.labels->table_id(), family.descriptor->prometheus_name}];
  if (tracked && !tracked->fits(family)) {
    tracked->release_all(released);
    tracked.reset();
  }
  if (!tracked)
    tracked = std::make_unique<TrackedFamily>(store_, family, identity_of(family), sender_of(*family.origin), ++last_id_);
  tracked->see(family, sequence_);
  return *tracked;
}

void SnapshotAppender::add_target_info(const Family& family, std::vector<const Family*>& families) {
  const auto& resource = family.origin->resource;
  TargetInfo& target = targets_[resource.get()];
  if (target.sequence == sequence_ || !has_live_rows(family)) return;
  target.sequence = sequence_;
  if (!target.resource) {
    target.resource = resource;
    target.family = meters::target_info_family(*resource);
  }
  if (target.family) families.push_back(target.family.get());
}

SnapshotAppender::Families SnapshotAppender::track(const meters::Snapshot& snapshot, std::vector<SeriesRow>& released) {
  std::vector<const Family*> all;
  for (const auto& family : snapshot.families)
    if (!came_as_batch(family->origin->via) && !family->descriptor->prometheus_name.empty()) all.push_back(family.get());
  if (options_.target_info)
    for (std::size_t i = 0, received = all.size(); i < received; ++i) add_target_info(*all[i], all);
  Families families;
  families.reserve(all.size());
  for (const Family* family : all) families.emplace_back(family, &track(*family, released));
  return families;
}

// Families and senders that this Snapshot does not have.
void SnapshotAppender::forget_silent() {
  std::erase_if(families_, [&](const auto& entry) { return entry.second->seen() != sequence_; });
  std::erase_if(targets_, [&](const auto& entry) { return entry.second.sequence != sequence_; });
}

void SnapshotAppender::forget_families() {
  for (auto& [table, tracked] : families_) tracked->release_all(forgotten_);
  families_.clear();
}

void SnapshotAppender::set_back(std::int64_t now_ms) {
  forget_families();
  for (auto& [sender, times] : senders_) times->newest_ns = std::min(times->newest_ns, now_ms * kNsPerMs);
}

void SnapshotAppender::append(const meters::Snapshot& snapshot) {
  ++sequence_;
  const std::int64_t snapshot_ns = to_unix_ns(snapshot.time);
  std::vector<SeriesRow> released = std::exchange(forgotten_, {});
  const Families families = track(snapshot, released);
  for (auto& [table, tracked] : families_)
    if (tracked->seen() != sequence_) tracked->release_all(released);
  for (const auto& [family, tracked] : families) tracked->release_ended(*family, released);
  for (const auto& [family, tracked] : families) tracked->resolve(*family, snapshot_ns, !released.empty());
  for (const auto& [family, tracked] : families) tracked->append(*family, snapshot_ns), tracked->append_exemplars(*family);
  for (const SeriesRow row : released)
    if (store_.owner(row) == Strip::kNoOwner) store_.end(row, snapshot_ns / kNsPerMs);
  forget_silent();
}

std::unordered_map<std::string, std::int64_t> SnapshotAppender::senders() const {
  std::unordered_map<std::string, std::int64_t> senders;
  for (const auto& [sender, times] : senders_) senders.emplace(sender, times->newest_ns);
  return senders;
}

void SnapshotAppender::restore(const std::unordered_map<std::string, std::int64_t>& senders) {
  for (const auto& [sender, newest_ns] : senders) {
    senders_[sender] = std::make_unique<SenderTimes>();
    senders_[sender]->newest_ns = newest_ns;
  }
}

std::int64_t SnapshotAppender::own_newest_ns() const {
  const auto own = senders_.find(sender_key(Via::Registry, "", ""));
  return own == senders_.end() ? 0 : own->second->newest_ns;
}

std::size_t SnapshotAppender::bytes() const noexcept {
  std::size_t bytes = senders_.size() * 150 + targets_.size() * 500;
  for (const auto& [table, tracked] : families_) bytes += 64 + tracked->bytes();
  return bytes;
}

}  // namespace tocsin::rules
