// SPDX-License-Identifier: Apache-2.0
// SnapshotAppender: a Snapshot into the store. Remembers its families by their label tables, and who sent them when.
//
// Threads: the window's lock.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "rules/src/window_family.h"

namespace tocsin::rules {

class SnapshotAppender {
 public:
  SnapshotAppender(WindowStore& store, const WindowOptions& options) : store_(store), options_(options) {}

  void append(const meters::Snapshot& snapshot);
  // Before symbols change: gives up its series, to find them again with the next Snapshot.
  void forget_families();
  // The clock was set back: senders are looked at anew.
  void set_back(std::int64_t now_ms);
  std::size_t bytes() const noexcept;

  // The newest point of each sender, for checkpoints. restore() requires: nothing was appended.
  std::unordered_map<std::string, std::int64_t> senders() const;
  void restore(const std::unordered_map<std::string, std::int64_t>& senders);
  // The newest time of what this process registered, by its own clock; 0: there is none.
  std::int64_t own_newest_ns() const;

 private:
  struct TargetInfo {
    std::shared_ptr<const meters::Resource> resource;  // keeps the key from being another's
    std::shared_ptr<const meters::Family> family;      // null: nothing to tell
    std::uint64_t sequence = 0;
  };
  using Families = std::vector<std::pair<const meters::Family*, TrackedFamily*>>;

  Families track(const meters::Snapshot& snapshot, std::vector<promql::SeriesRow>& released);
  void add_target_info(const meters::Family& family, std::vector<const meters::Family*>& families);
  TrackedFamily& track(const meters::Family& family, std::vector<promql::SeriesRow>& released);
  meters::SeriesIdentity identity_of(const meters::Family& family) const;
  SenderTimes& sender_of(const meters::Origin& origin);
  void forget_silent();

  WindowStore& store_;
  const WindowOptions& options_;
  // By name and label table: families of one sender may share a table, as those that are made from spans do.
  std::map<std::pair<std::uint64_t, std::string>, std::unique_ptr<TrackedFamily>> families_;
  std::unordered_map<std::string, std::unique_ptr<SenderTimes>> senders_;
  std::unordered_map<const meters::Resource*, TargetInfo> targets_;
  std::vector<promql::SeriesRow> forgotten_;  // they end unless the next Snapshot has them
  std::uint64_t sequence_ = 0;
  std::uint32_t last_id_ = Strip::kNoOwner;
};

}  // namespace tocsin::rules
