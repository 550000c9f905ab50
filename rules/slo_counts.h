// SPDX-License-Identifier: Apache-2.0
// SloCounts: how many events each objective had and how many were bad, counted from Snapshots: totals that only grow, over
// restarts of senders and of this process.
//
//   SloCounts counts({.own_job = "tocsin"});
//   counts.configure(slos);                       // again on a reload: what is counted the same way goes on
//   counts.restore(kept, now);                    // of the last run, once, before the first count()
//   counts.count(*snapshot);                      // at each tick; whoever skips one loses nothing but short-lived series
//   CountChange change = counts.take(now);        // commit change.kept, then publish change.groups
//
// Of each series that a selector takes it remembers the last value, so that only what is new is added: increase_of() says
// what that is. A group is the label values of `by`. What was kept is exact to the last take().
// Threads: thread-safe; count() by one thread at a time. Costs: per tick some 10 ns a series that is selected, nothing for
// others; 64 bytes a selected series and objective.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "meters/base/clock.h"
#include "meters/snapshot.h"
#include "rules/slo.h"
#include "rules/state_store.h"

namespace tocsin::rules {

// What a series said.
struct CountPoint {
  std::int64_t start_ns = 0;  // 0: not known
  std::int64_t time_ns = 0;
  double total = 0, bad = 0;
  bool operator==(const CountPoint&) const = default;
};

struct CountIncrease {
  double total = 0, bad = 0;
  bool operator==(const CountIncrease&) const = default;
};

// What of `now` is new. `last`: what the series said when it was looked at before; null: it is new. A total that fell or
// began later than its last value began again. A new series counts whole if it began after counting did, or if its sender
// was there before without it; else nobody knows when it counted what, and it counts from now on.
CountIncrease increase_of(const CountPoint* last, const CountPoint& now, std::int64_t counting_since_ns, bool sender_known);

// Idle: its series are there, and nothing happened in the period. Absent: no series says anything.
struct CountGroup {
  CountLabels labels;
  double good = 0, bad = 0;
  std::int64_t since_ns = 0;
  std::int64_t changed_ns = 0;  // when an event was last counted; 0: never
  std::int64_t seen_ns = 0;     // when a series of it last lived
  std::size_t sources = 0;      // that live
  bool held = false;            // after a restart: until its series are there again, what it shows would be half
};

struct ObjectiveCounts {
  std::string name;
  std::int64_t since_ns = 0;  // when counting began
  std::int64_t kept_ns = 0;   // what was kept last is of this time
  std::vector<CountGroup> groups;
  std::vector<CountLabels> gone;     // groups that are no more: in no later take()
  std::string unusable;              // why series that were selected could not be counted; empty: none was
  std::size_t unusable_series = 0;   // in the last Snapshot
};

struct CountChange {
  std::int64_t time_ns = 0;  // of the Snapshot counted last; 0: none
  std::vector<KeptCounts> kept;
  std::vector<ObjectiveCounts> objectives;  // in the configuration's order
};

struct SloCountsOptions {
  std::string own_job = {}, own_instance = {};  // labels of what this process registered itself
};

class SloCounts {
 public:
  explicit SloCounts(SloCountsOptions options);
  ~SloCounts();
  SloCounts(const SloCounts&) = delete;
  SloCounts& operator=(const SloCounts&) = delete;

  // Gives the names of those that count something else than they did: they begin anew.
  std::vector<std::string> configure(std::vector<Slo> slos);
  // Rows of objectives that are not configured (any more) or count something else are left alone. Gives how many could not
  // be read.
  std::size_t restore(std::span<const KeptCounts> kept, Time now);
  // Totals that were shown before must not fall: whoever was shown more than was kept says so.
  void raise(std::string_view objective, const CountLabels& labels, double good, double bad);
  void count(const meters::Snapshot& snapshot);
  // What changed since the last one, and how all stand. `everything`: as if all had changed.
  CountChange take(Time now, bool everything = false);

 private:
  struct Objective;
  struct Group;
  struct Tracked;
  void count(Objective& objective, const meters::Family& family, std::string_view name, std::uint64_t sender);
  void settle(Objective& objective, Tracked& tracked, const meters::Family& family, std::uint64_t sender);
  Group& group_of(Objective& objective, CountLabels labels);
  std::size_t take_up(Objective& objective);
  void sweep(Objective& objective, Time now);
  void index();

  const SloCountsOptions options_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<std::unique_ptr<Objective>> objectives_;
  std::vector<std::unique_ptr<Objective>> retired_;  // taken out of the configuration; they may come back
  std::vector<KeptCounts> kept_;                     // of the last run, of objectives that are not configured
  std::unordered_map<std::string, std::vector<Objective*>> by_meter_;
  std::unordered_map<std::uint64_t, std::int64_t> senders_;  // and the Snapshot that had them last
  std::int64_t counted_ns_ = 0, previous_ns_ = 0, restored_ns_ = 0;
};

}  // namespace tocsin::rules
