// SPDX-License-Identifier: Apache-2.0
// SloEngine: the objectives of the configuration at work: counts events at each tick, keeps the counts, and shows them as
// series that rules and the page read: slo_events_total and what follows from it.
//
//   SloEngine slos({window, storage, store, log, clock}, {.own_job = "tocsin"});
//   slos.apply(config);                 // also on a reload: what is counted the same way goes on
//   slos.count(snapshot);               // at each tick; cheap
//   slos.publish(now);                  // after it, ahead of the rules: counts are durable before anybody sees them
//   SloStates states = slos.states();
//
// A window's events are the difference of two samples of the history: exact to the sample, nothing is extrapolated.
// Threads: apply and count by their owners; publish by the rules' thread, or when that has ended; states on any.
// Costs: SloCounts' at the tick; publishing about 10 us a group and a commit where anything changed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/log.h"
#include "agent/slo/slo_config.h"
#include "agent/slo/slo_series.h"
#include "meters/base/clock.h"
#include "meters/snapshot.h"
#include "rules/rule_storage.h"
#include "rules/slo_counts.h"
#include "rules/state_store.h"
#include "rules/window.h"

namespace tocsin::agent {

struct SloEvents {
  double total = 0, bad = 0;
  double ratio() const noexcept { return total > 0 ? bad / total : 0; }  // idle: nothing was bad
};

// Starting: it was down, and its series are not all there again. Idle: no event in the period. Absent: no series, no data.
enum class SloPhase : std::uint8_t { Counting, Idle, Absent, Starting };
std::string_view to_text(SloPhase phase) noexcept;

struct SloWindowState {
  std::chrono::milliseconds window{0};
  SloEvents events;
  double burn_rate = 0;
};

struct SloGroupState {
  rules::CountLabels labels;
  SloPhase phase = SloPhase::Counting;
  std::size_t sources = 0;
  SloEvents period;
  Time since = {};           // of what `period` has: the period's begin, or when counting began in it
  double budget_left = 1;    // share; below 0: overdrawn
  std::vector<SloWindowState> windows;
};

struct SloState {
  rules::Slo slo;
  Time since = {};          // when counting began; Time{}: not yet
  std::string unusable;     // why series that are selected are not counted; empty: none
  std::string hint;         // where nothing was ever counted: what may be meant
  std::vector<SloGroupState> groups;
};
using SloStates = std::vector<SloState>;

class SloEngine {
 public:
  struct Parts {
    rules::Window& window;
    rules::RuleStorage& storage;  // upon that window
    rules::StateStore& store;
    Log& log;
    const Clock& clock;
  };
  SloEngine(Parts parts, rules::SloCountsOptions options);

  void apply(const std::vector<SloConfig>& slos);
  void count(const meters::Snapshot& snapshot) { counts_.count(snapshot); }
  void publish(Time now);
  SloStates states() const;

 private:
  // What stood in the history at the begin of a window.
  struct Baseline {
    std::int64_t read_ms = 0;   // when it was looked up
    std::int64_t since_ms = 0;  // what is counted from it is of this time on
    double good = 0, bad = 0;
  };
  // Where a group's counts lie in the history.
  struct Rows {
    rules::promql::SeriesRow good = 0, bad = 0;
    bool has_good = false, has_bad = false;
  };
  using GroupRows = std::map<rules::CountLabels, Rows>;

  void restore(Time now);
  void seed(const rules::CountChange& counts, Time now);
  void show_counts(const rules::CountChange& change, std::int64_t time_ms);
  void show_states(const SloStates& states, std::int64_t time_ms);
  SloStates measure(const rules::CountChange& change, std::int64_t time_ms);
  GroupRows rows_of(const rules::promql::SeriesReader& view, const std::string& objective, std::int64_t time_ms) const;
  const Baseline& baseline(const rules::promql::SeriesReader& view, const rules::Slo& slo, const rules::CountGroup& group,
                           const Rows& rows, std::chrono::milliseconds window, std::int64_t time_ms);

  // Fixed after construction.
  const Parts parts_;

  rules::SloCounts counts_;  // own synchronisation

  // Of whoever publishes.
  SloSeries recorded_{true}, shown_{false};
  std::map<std::pair<std::int64_t, std::pair<std::string, rules::CountLabels>>, Baseline> baselines_;  // by window and group
  rules::promql::Block block_;
  std::int64_t published_ms_ = 0;
  std::uint64_t generation_ = 0;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<rules::Slo> slos_;
  std::map<std::string, std::string> hints_;  // by objective
  SloStates states_;
  bool restored_ = false;
  std::optional<rules::CountChange> to_seed_;  // what was restored, until the history has it
};

}  // namespace tocsin::agent
