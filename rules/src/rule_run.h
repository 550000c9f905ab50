// SPDX-License-Identifier: Apache-2.0
// Group::Run: one rule of a group from evaluation to evaluation: its series, its alerts, how it fared.
//
// Threads: one at a time.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "rules/group.h"
#include "rules/look_back.h"
#include "rules/src/rule_series.h"
#include "rules/template/alert_template.h"

namespace tocsin::rules {

// What a rule's evaluation stands on.
struct RunContext {
  Time now;
  std::chrono::nanoseconds interval{0};
  const promql::SeriesReader* reader = nullptr;
  const std::stop_token* stop = nullptr;
};

class Group::Run {
 public:
  static Result<std::unique_ptr<Run>> make(std::shared_ptr<const RuleGroup> group, std::size_t index, std::string key,
                                           std::shared_ptr<const GroupOptions> options);

  const Rule& rule() const noexcept { return group_->rules[index_]; }
  const std::string& key() const noexcept { return key_; }
  const RuleStatus& status() const noexcept { return status_; }
  std::vector<AlertState> active() const;  // pending and firing
  std::size_t missing() const noexcept;

  void restore(AlertState state, Time last_present);
  void clock_set(std::chrono::nanoseconds step, Time now);
  void forget_saved() noexcept { unsaved_ = true; }
  // Whether the expression may select what rules before it wrote under these names.
  bool may_read(const std::vector<std::string>& names) const;
  // The same of the expression, and of templates that name one of them.
  bool may_select(const std::vector<std::string>& names) const;
  std::vector<std::string> names_written() const;

  void evaluate(const RunContext& context, RuleStorage& storage, CycleOutcome& out);
  void take_over(Run& previous);
  void retire(Time now, RuleStorage& storage, CycleOutcome& out);

 private:
  struct Tracked {
    AlertState state;
    Time last_present;  // the last evaluation that gave it
  };
  using Alerts = std::map<AlertLabels, Tracked>;
  using Templates = std::vector<std::pair<std::string, templates::AlertTemplate>>;

  Run(std::shared_ptr<const RuleGroup> group, std::size_t index, std::string key, std::shared_ptr<const GroupOptions> options);

  Result<promql::Evaluation> query(const promql::Expr& expr, const RunContext& context, Time at) const;
  // Both write into series_. Errors: what Prometheus makes a rule's lastError.
  Result<void> record(const RunContext& context, CycleOutcome& out);
  Result<void> alert(const RunContext& context, CycleOutcome& out);
  Result<std::map<AlertLabels, AlertState>> sightings(const promql::Vector& result, const RunContext& context);
  AlertState sighting(const promql::Sample& sample, const templates::Environment& environment);
  std::string words(std::string_view what, const Templates::value_type& entry, const templates::AlertFacts& facts,
                    const templates::Environment& environment);
  templates::Environment environment(const RunContext& context) const;
  AlertTiming timing(const RunContext& context) const;
  Sight sight_of(const Tracked& tracked, const RunContext& context) const;
  struct Moved {
    AlertLabels labels;
    Advanced next;
    Time last_present;
  };
  std::vector<Moved> advance_all(const std::map<AlertLabels, AlertState>& seen, const RunContext& context) const;
  Result<void> check_limit(const std::vector<Moved>& moved, CycleOutcome& out);
  void keep(std::vector<Moved> moved, const RunContext& context, CycleOutcome& out);
  void tell(const AlertState& state, std::string reason, const RunContext& context, CycleOutcome& out) const;
  void write_alert(const AlertState& state, std::int64_t time_ms);
  std::int64_t time_ms(Time now) const noexcept;
  std::chrono::milliseconds query_offset() const noexcept;
  std::string too_far_back() const;
  std::string described(const std::string& error) const;  // with the file, the group and the rule

  const std::shared_ptr<const RuleGroup> group_;
  const std::size_t index_;
  const std::shared_ptr<const GroupOptions> options_;
  const std::string key_;
  std::vector<SelectorUse> uses_;  // fixed after construction, as the next three
  Templates labels_, annotations_;
  std::string generator_url_;
  OnMissingData on_missing_ = OnMissingData::Prometheus;

  Time unsettled_since_;  // the start, or when the clock was last set
  bool unsaved_ = false;  // states changed otherwise than by an evaluation
  RuleSeries series_;
  Alerts alerts_;
  RuleStatus status_;
};

}  // namespace tocsin::rules
