// SPDX-License-Identifier: Apache-2.0
// Group: the rules of a group, evaluated together: in order, later rules on what earlier ones wrote. Ends in a StateChange:
// what must be committed, and after that told.
//
//   auto group = Group::make(definition, options);
//   (*group)->restore(states, down, last_evaluation);       // once, before the first evaluation
//   CycleOutcome cycle = (*group)->evaluate(now, storage);  // at each tick that is due
//   store.commit(cycle.change);
//   notifier.take(cycle.change.outbox);
//
// Threads: evaluate, take_over and retire by one thread at a time (different groups at once); status() on any.
// Costs: that of its expressions; templates about 2 us an alert; nothing for a rule that gives nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/clock.h"
#include "meters/base/result.h"
#include "rules/alert.h"
#include "rules/promql/evaluate.h"
#include "rules/rule_file.h"
#include "rules/rule_storage.h"
#include "rules/state_store.h"

namespace tocsin::rules {

struct GroupOptions {
  std::string path = {};  // of the rule file
  std::chrono::nanoseconds default_interval = std::chrono::seconds(15);
  std::chrono::milliseconds default_query_offset{0};
  std::chrono::milliseconds lookback = std::chrono::minutes(5);
  std::chrono::nanoseconds resend_delay = std::chrono::minutes(1);
  std::chrono::nanoseconds missing_bound = std::chrono::hours(1);
  // How far back samples of a name go (of no name: most names); a rule that looks back further is not evaluated. None: any.
  std::function<std::chrono::nanoseconds(std::string_view name)> kept = {};
  promql::EvaluationLimits limits{};
  AlertLabels external_labels = {};  // of templates; receivers add them when they tell
  std::string external_url = {};     // of links; no slash at the end
  std::function<OnMissingData(const RuleGroup& group, const Rule& rule)> on_missing = {};  // none: as Prometheus
  // Whether what its rules record is for rules and queries here only, not for /metrics. None: nothing is.
  std::function<bool(const RuleGroup& group)> internal = {};
  // When the process started. Until two intervals later nothing new fires, and for two minutes an alert whose data is not
  // yet there again is held. Time{}: no such care.
  Time started_at = {};
  const Clock* clock = nullptr;  // for durations; null: the system's
};

enum class RuleHealth : std::uint8_t { Unknown, Ok, Error };

struct RuleStatus {
  std::string key;
  RuleHealth health = RuleHealth::Unknown;
  std::string last_error;
  std::string template_error;  // the last that a label or annotation could not be expanded; its alert fires all the same
  Time last_evaluation = {};
  std::chrono::nanoseconds duration{0};
  std::vector<AlertState> alerts;  // pending and firing
  std::uint64_t samples = 0;       // that the expression gave
  std::vector<promql::Annotation> annotations;
  promql::Coverage coverage;
  OnMissingData on_missing = OnMissingData::Prometheus;  // in force for it
};

struct GroupStatus {
  std::shared_ptr<const RuleGroup> group;
  std::string path;
  std::chrono::nanoseconds interval{0};
  std::shared_ptr<const GroupOptions> options;
  Time last_evaluation = {};
  std::chrono::nanoseconds duration{0};
  std::vector<RuleStatus> rules;  // as in the group

  std::chrono::milliseconds query_offset() const noexcept {
    return group->query_offset.value_or(options->default_query_offset);
  }
};

struct CycleOutcome {
  StateChange change;
  std::size_t evaluated = 0, failed = 0;     // rules
  std::uint64_t samples = 0, discarded = 0;  // written by rules, and of these not taken by the storage
  std::size_t missing = 0;                   // alerts whose data has ended
  std::vector<std::string> errors;           // "file: group: rule: why", for the log
  std::vector<std::string> template_errors;  // the same of words that could not be expanded
};

class Group {
 public:
  // Errors: Input, a template that cannot be parsed.
  static Result<std::unique_ptr<Group>> make(RuleGroup definition, GroupOptions options);
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  const RuleGroup& definition() const noexcept { return *definition_; }
  std::chrono::nanoseconds interval() const noexcept;

  // States of all groups, of which it takes its own; `down`: how long no rule was evaluated that should have been. Returns
  // those of its own that are too old to go on: to be forgotten.
  std::vector<AlertKey> restore(std::span<const AlertState> states, std::chrono::nanoseconds down, Time last_evaluation);
  // `view`: what is read until its own rules write something; none: the storage's newest.
  CycleOutcome evaluate(Time now, RuleStorage& storage, const std::stop_token& stop = {},
                        std::shared_ptr<const promql::SeriesReader> view = nullptr);
  // What was stored is gone: the next evaluation gives every state once more.
  void forget_saved();
  // The wall clock was set, by so much beyond the time that went by, and is now at `now`: ages stay what they were, and until the
  // history holds samples of the new time it is as after a start.
  void clock_set(std::chrono::nanoseconds step, Time now);
  // Whether a rule of this group may select what a rule of the other writes.
  bool reads_what(const Group& other) const;

  // After a reload: states and series of the rules that are in both, by name and labels; the others' end with the next
  // evaluation. `previous` is of no use afterwards.
  void take_over(Group& previous);
  // The group is gone: its series end, its firing alerts are told so.
  CycleOutcome retire(Time now, RuleStorage& storage);

  std::shared_ptr<const GroupStatus> status() const;

 private:
  class Run;  // of one rule
  Group(std::shared_ptr<const RuleGroup> definition, std::shared_ptr<const GroupOptions> options);
  void publish(Time now, std::chrono::nanoseconds duration);

  const std::shared_ptr<const RuleGroup> definition_;
  const std::shared_ptr<const GroupOptions> options_;
  std::vector<std::unique_ptr<Run>> runs_;  // as in the definition
  std::vector<std::unique_ptr<Run>> gone_;  // of rules that a reload took away, until they are retired
  mutable std::mutex mutex_;
  std::shared_ptr<const GroupStatus> status_;  // guarded by mutex_
};

}  // namespace tocsin::rules
