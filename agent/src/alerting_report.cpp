// SPDX-License-Identifier: Apache-2.0
#include "agent/alerting_report.h"

#include <algorithm>
#include <utility>

#include "meters/generated/tocsin.h"

namespace tocsin::agent {
namespace {

using meters::Observer;

struct Meter {
  const meters::DeclaredMeter& declared;
  void (*observe)(const AlertingState&, Observer&);
};

StoreStats of(const AlertingState& state) { return state.store.value_or(StoreStats{}); }
double seconds(Time time) { return static_cast<double>(to_unix_ns(time)) / 1e9; }

// One figure of each receiver.
template <class Figure>
void each(const AlertingState& state, Observer& observer, Figure figure) {
  for (const ReceiverState& one : state.receivers.receivers) observer.observe({one.name}, static_cast<double>(figure(one)));
}

void dropped(const AlertingState& state, Observer& observer) {
  for (const ReceiverState& one : state.receivers.receivers) {
    for (const auto& [reason, count] : one.dropped) observer.observe({one.name, reason}, static_cast<double>(count));
  }
}

void oldest(const AlertingState& state, Observer& observer) {
  for (const ReceiverState& one : state.receivers.receivers) {
    if (one.oldest_owed) observer.observe({one.name}, seconds(*one.oldest_owed));
  }
}

void last_success(const AlertingState& state, Observer& observer) {
  for (const ReceiverState& one : state.receivers.receivers) {
    if (one.last_success) observer.observe({one.name}, seconds(*one.last_success));
  }
}

using State = AlertingState;
using One = ReceiverState;

void alerts(const State& state, Observer& observer) {
  double pending = 0, firing = 0;
  for (const auto& group : state.rules.groups) {
    for (const rules::RuleStatus& rule : group->rules) {
      for (const rules::AlertState& alert : rule.alerts) ++(alert.phase == rules::AlertPhase::Pending ? pending : firing);
    }
  }
  observer.observe({"pending"}, pending);
  observer.observe({"firing"}, firing);
}

void file_faults(const State& state, Observer& observer) {
  std::size_t faults = 0;
  for (const RuleFileState& file : state.rules.files) faults += file.faults.size();
  observer.observe({}, static_cast<double>(faults));
}

// A rule that reads nothing at all: a name that no meter has, or that nobody sends.
void matching_nothing(const State& state, Observer& observer) {
  for (const auto& group : state.rules.groups) {
    for (std::size_t i = 0; i < group->rules.size() && i < group->group->rules.size(); ++i) {
      const auto& selectors = group->rules[i].coverage.selectors;
      const bool nothing = !selectors.empty() && std::all_of(selectors.begin(), selectors.end(), [](const auto& one) { return one.series == 0; });
      if (nothing) observer.observe({group->group->name, group->group->rules[i].name}, 1);
    }
  }
}

// One figure of the rules.
template <auto Member>
void figure(const State& state, Observer& observer) {
  observer.observe({}, static_cast<double>(state.rules.*Member));
}

const std::vector<Meter>& rule_meters() {
  using Rules = RuleEngineState;
  static const std::vector<Meter> meters{
      {meters::kTocsinRuleEvaluationsTotal, figure<&Rules::evaluations>},
      {meters::kTocsinRuleFailuresTotal, figure<&Rules::failures>},
      {meters::kTocsinRuleMissedEvaluationsTotal, figure<&Rules::missed_evaluations>},
      {meters::kTocsinRuleSkippedTicksTotal, figure<&Rules::skipped_ticks>},
      {meters::kTocsinRuleSamplesTotal, figure<&Rules::samples>},
      {meters::kTocsinRuleDiscardedSamplesTotal, figure<&Rules::discarded>},
      {meters::kTocsinRuleCycleDurationSeconds,
       [](const State& s, Observer& o) { o.observe({}, std::chrono::duration<double>(s.rules.last_cycle).count()); }},
      {meters::kTocsinRuleGroups, [](const State& s, Observer& o) { o.observe({}, static_cast<double>(s.rules.groups.size())); }},
      {meters::kTocsinRuleFileFaults, file_faults},
      {meters::kTocsinRuleMatchesNothing, matching_nothing},
      {meters::kTocsinAlerts, alerts},
      {meters::kTocsinAlertMissingData, figure<&Rules::missing>},
  };
  return meters;
}

const std::vector<Meter>& all_meters() {
  static const std::vector<Meter> meters{
      {meters::kTocsinNotifyOfferedTotal, [](const State& s, Observer& o) { each(s, o, [](const One& x) { return x.tellings.offered; }); }},
      {meters::kTocsinNotifySentTotal, [](const State& s, Observer& o) { each(s, o, [](const One& x) { return x.tellings.sent; }); }},
      {meters::kTocsinNotifyQueued, [](const State& s, Observer& o) { each(s, o, [](const One& x) { return x.tellings.queued; }); }},
      {meters::kTocsinNotifyInFlight, [](const State& s, Observer& o) { each(s, o, [](const One& x) { return x.tellings.in_flight; }); }},
      {meters::kTocsinNotifyDroppedTotal, dropped},
      {meters::kTocsinNotifyRequestsTotal, [](const State& s, Observer& o) { each(s, o, [](const One& x) { return x.requests; }); }},
      {meters::kTocsinNotifyFailedRequestsTotal,
       [](const State& s, Observer& o) { each(s, o, [](const One& x) { return x.failed_requests; }); }},
      {meters::kTocsinNotifyAlertsTotal, [](const State& s, Observer& o) { each(s, o, [](const One& x) { return x.alerts; }); }},
      {meters::kTocsinNotifyOldestWaitingTimestampSeconds, oldest},
      {meters::kTocsinNotifyLastSuccessTimestampSeconds, last_success},
      {meters::kTocsinNotifyOutboxAlerts, [](const State& s, Observer& o) { o.observe({}, static_cast<double>(s.receivers.rows)); }},
      {meters::kTocsinStoreCommitsTotal, [](const State& s, Observer& o) { o.observe({}, static_cast<double>(of(s).commits)); }},
      {meters::kTocsinStoreFailedCommitsTotal,
       [](const State& s, Observer& o) { o.observe({}, static_cast<double>(of(s).failed_commits)); }},
      {meters::kTocsinStoreWaitingRows, [](const State& s, Observer& o) { o.observe({}, static_cast<double>(of(s).waiting_rows)); }},
      {meters::kTocsinStoreFileBytes, [](const State& s, Observer& o) { o.observe({}, static_cast<double>(of(s).bytes)); }},
      {meters::kTocsinStorePutAsideTotal, [](const State& s, Observer& o) { o.observe({}, static_cast<double>(of(s).put_aside)); }},
  };
  return meters;
}

}  // namespace

Result<void> AlertingReport::start(meters::Registry& registry, std::function<AlertingState()> state) {
  state_ = std::move(state);
  for (const auto* group : {&rule_meters(), &all_meters()}) {
    for (const Meter& meter : *group) {
      auto observation = meters::observe(registry, meter.declared, [this, observe = meter.observe](Observer& observer) {
        observe(reading_.get(observer, state_).state, observer);
      });
      if (!observation) return observation.error();
      observations_.push_back(*std::move(observation));
    }
  }
  return {};
}

}  // namespace tocsin::agent
