// SPDX-License-Identifier: Apache-2.0
// RuleEngine: evaluates the rules of files at each tick, commits what changed, and hands on what is to be told.
//
//   RuleEngine engine({window, storage, store, log, clock, tell, end_others});
//   engine.start(options);            // states of the last run are taken up; then its thread waits for ticks
//   engine.tick(now);                 // never waits; a group that is still under way from before misses its turn, counted
//   engine.apply(options);            // also a changed file by itself: as a difference, what did not change keeps its state
//   engine.stop();
//
// Threads: thread-safe; its thread "rules" hands groups to a few threads "rules-0" and so on, and alone commits and tells. A slow
// group holds up none but those that read what it writes, and these until their next turn only. A reload waits until no group
// is under way. Costs: that of the rules; a stat a rule file every five seconds.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/log.h"
#include "agent/rules/rule_files.h"
#include "agent/rules/rules_config.h"
#include "rules/group.h"
#include "rules/window.h"

namespace tocsin::agent {

class GroupPool;

struct RuleEngineOptions {
  RulesConfig rules;
  std::string folder;        // of the configuration file
  std::string external_url;
  std::chrono::nanoseconds tick = std::chrono::seconds(15);
  std::chrono::nanoseconds resend_delay = std::chrono::minutes(1);
  std::map<std::string, std::string> external_labels;
  std::map<std::string, std::string> made;  // rule files that no file holds, by name: those of [[slo]]
  bool operator==(const RuleEngineOptions&) const = default;
};

struct RuleFileState {
  std::string path;
  std::vector<rules::FileFault> faults, warnings;
};

struct RuleEngineState {
  std::vector<std::shared_ptr<const rules::GroupStatus>> groups;  // by file and place in it
  std::vector<RuleFileState> files;
  std::vector<std::string> unmatched;  // patterns of rules.files that no file matches
  std::uint64_t cycles = 0, skipped_ticks = 0, missed_evaluations = 0;
  std::uint64_t evaluations = 0, failures = 0, samples = 0, discarded = 0;
  std::uint64_t commit_failures = 0;
  std::size_t missing = 0;  // alerts whose data has ended, in the last cycle of their group
  std::chrono::nanoseconds last_cycle{0};
};

class RuleEngine {
 public:
  struct Parts {
    rules::Window& window;
    rules::RuleStorage& storage;  // upon that window
    rules::StateStore& store;
    Log& log;
    const Clock& clock;
    std::function<void(std::vector<rules::OutboxRow>)> tell;
    std::function<void(const std::vector<std::string>& rules, const std::string& reason)> end_others;
    std::function<void(Time)> before = {};  // at each tick, ahead of the rules that are due
  };

  explicit RuleEngine(Parts parts);
  ~RuleEngine();
  RuleEngine(const RuleEngine&) = delete;
  RuleEngine& operator=(const RuleEngine&) = delete;

  void start(RuleEngineOptions options);
  void apply(RuleEngineOptions options);
  void tick(Time now);
  // Lets the evaluation under way end at its next rule. Safe twice and without start.
  void stop();

  // Rules are evaluated: of groups that are due one has been done in the last three of its intervals, or the last minute.
  bool progresses() const;
  // The shortest interval of a group; none where there are no groups.
  std::optional<std::chrono::nanoseconds> shortest_interval() const;
  RuleEngineState state() const;
  // Evaluates what is due now, one group after the other on the calling thread: for tests, after stop().
  void evaluate_due(Time now, Monotonic at);

 private:
  // Due, but after others of the same tick.
  struct Waiting {
    Time now;
    std::set<std::size_t> on;  // places in entries_
  };
  struct Entry {
    std::string path;
    std::uint64_t version = 0;
    std::unique_ptr<rules::Group> group;
    Monotonic due{};
    std::size_t missing = 0;
    std::vector<std::size_t> after;  // earlier ones that it must not run beside
    std::optional<Waiting> waiting;
    bool running = false;
    bool save_anew = false;  // what was stored of it is gone
    std::uint64_t cycle = 0;
    std::chrono::nanoseconds clock_step{0};  // by which the wall clock was set since its last evaluation
  };
  struct Finished {
    std::size_t place;
    Time now;
    rules::CycleOutcome outcome;
  };
  struct OpenCycle {
    Monotonic begin;
    std::size_t groups = 0;  // not yet done
  };

  void run(const std::stop_token& stop);
  void look_for_changes(std::optional<RuleEngineOptions> wanted);
  void order_groups();
  void notice_clock(Time now, Monotonic at);
  static bool is_due(const Entry& entry, Monotonic at);
  void dispatch(Time now, Monotonic at);
  void evaluate(std::size_t place, Time now, std::shared_ptr<const rules::promql::SeriesReader> view);
  bool settle_finished();
  void leave_cycle(const Entry& entry);
  bool idle() const;
  bool load(const RuleEngineOptions& options, bool anew, bool at_once);
  void rebuild(bool anew);
  Entry make_entry(const std::string& path, const LoadedRules& loaded, std::size_t index, std::vector<Entry>& old);
  rules::GroupOptions group_options(const std::string& path) const;
  void restore();
  bool is_unreadable(const rules::AlertState& state) const;
  void adopt_unreadable(rules::StateChange& change);
  void save_all_anew();
  void tell_faults() const;
  void settle(rules::CycleOutcome& outcome, rules::StateChange& change);
  void commit(rules::StateChange change);
  void remember_time(Time now);
  void publish();

  // Fixed after construction.
  const Parts parts_;
  const Time started_at_;

  // The thread's own once it runs; start()'s before.
  RuleEngineOptions options_;
  RuleFiles files_;
  std::vector<Entry> entries_;  // stands still while a group is under way
  // Names that rules record, or objectives: read by groups under way, changed while there is none.
  std::shared_ptr<std::set<std::string, std::less<>>> recorded_ = std::make_shared<std::set<std::string, std::less<>>>();
  Monotonic files_seen_{};
  std::optional<RuleEngineOptions> reload_;  // asked for, until no group is under way
  bool reload_waits_ = false;
  std::optional<std::pair<Time, Monotonic>> last_tick_;
  std::map<std::uint64_t, OpenCycle> open_cycles_;
  std::uint64_t cycles_begun_ = 0;
  std::uint64_t generation_ = 0;  // of the store, when states were stored last
  // Of files that could not be read when the process began: their alerts go on when they can, and are kept until then.
  std::vector<rules::AlertState> unreadable_;
  Time unreadable_since_{};  // when rules were evaluated last, before this process

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  // Guarded by mutex_.
  std::optional<std::pair<Time, Monotonic>> ticked_;
  std::optional<RuleEngineOptions> wanted_;
  RuleEngineState state_;
  std::vector<Finished> finished_;
  Monotonic settled_at_{};  // when a group was done last, or was first due
  bool rebuilt_ = true;     // other groups than before, and no tick since

  std::unique_ptr<GroupPool> pool_;  // these last: they use all above
  std::jthread thread_;
};

}  // namespace tocsin::agent
