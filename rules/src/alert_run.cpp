// SPDX-License-Identifier: Apache-2.0
// Alerting rules: from an expression's result to states, series and what is told.
#include <algorithm>

#include "rules/promql/histogram_text.h"
#include "rules/promql/parse.h"
#include "rules/src/missing_data.h"
#include "rules/src/rule_run.h"

namespace tocsin::rules {
namespace {

constexpr auto kSettling = std::chrono::minutes(2);
constexpr auto kEarly = std::chrono::seconds(30);

std::int64_t to_ms(Time time) noexcept { return to_unix_ns(time) / 1'000'000; }

void set_label(AlertLabels& labels, std::string_view name, std::string value) {
  const auto at = std::ranges::lower_bound(labels, name, {}, [](const auto& label) { return std::string_view(label.first); });
  const bool there = at != labels.end() && at->first == name;
  if (value.empty()) {
    if (there) labels.erase(at);
  } else if (there) {
    at->second = std::move(value);
  } else {
    labels.emplace(at, name, std::move(value));
  }
}

AlertLabels owned(promql::Labels labels) {
  AlertLabels out;
  out.reserve(labels.size());
  for (const promql::Label& label : labels) out.emplace_back(label.name, label.value);
  return out;
}

bool is_active(const AlertState& state) noexcept { return state.phase != AlertPhase::Resolved; }

}  // namespace

std::vector<AlertState> Group::Run::active() const {
  std::vector<AlertState> out;
  for (const auto& [labels, tracked] : alerts_) {
    if (is_active(tracked.state)) out.push_back(tracked.state);
  }
  return out;
}

std::size_t Group::Run::missing() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(alerts_, [](const auto& entry) {
    return is_active(entry.second.state) && entry.second.state.missing_since != Time{};
  }));
}

void Group::Run::restore(AlertState state, Time last_present) {
  AlertLabels labels = state.labels;
  alerts_.insert_or_assign(std::move(labels), Tracked{std::move(state), last_present});
}

void Group::Run::clock_set(std::chrono::nanoseconds step, Time now) {
  unsettled_since_ = now;
  for (auto& [labels, tracked] : alerts_) {
    AlertState& state = tracked.state;
    if (!is_active(state)) continue;
    // Not fired_at: by it receivers know the episode.
    for (Time* time : {&state.active_at, &state.keep_firing_since, &state.missing_since, &state.last_sent_at, &tracked.last_present}) {
      if (*time != Time{}) *time += step;
    }
    unsaved_ = true;
  }
}

templates::Environment Group::Run::environment(const RunContext& context) const {
  templates::Environment out;
  out.external_url = options_->external_url;
  out.now = context.now;
  out.query = [this, &context](const std::string& text) -> Result<std::vector<templates::QuerySample>> {
    auto expr = promql::parse(text);
    if (!expr) return expr.error();
    auto answer = query(**expr, context, context.now);
    if (!answer) return answer.error();
    std::vector<templates::QuerySample> samples;
    for (const promql::Sample& sample : std::get<promql::Vector>(answer->value)) {
      samples.push_back({owned(sample.labels), sample.point.value});
    }
    return samples;
  };
  return out;
}

std::string Group::Run::words(std::string_view what, const Templates::value_type& entry, const templates::AlertFacts& facts,
                              const templates::Environment& environment) {
  bool failed = false;
  std::string text = entry.second.expand(facts, environment, &failed);
  if (failed) status_.template_error = std::string(what) + ' ' + entry.first + ": " + text;
  return text;
}

AlertState Group::Run::sighting(const promql::Sample& sample, const templates::Environment& environment) {
  const AlertLabels result = owned(sample.labels);
  templates::AlertFacts facts{result, options_->external_labels, sample.point.value};
  if (sample.point.histogram) facts.value_text = promql::to_string(*sample.point.histogram);
  AlertState seen;
  seen.rule = key_;
  seen.value = sample.point.value;
  seen.labels = result;
  set_label(seen.labels, "__name__", {});
  for (const auto& entry : labels_) set_label(seen.labels, entry.first, words("label", entry, facts, environment));
  set_label(seen.labels, "alertname", rule().name);
  for (const auto& entry : annotations_) set_label(seen.annotations, entry.first, words("annotation", entry, facts, environment));
  return seen;
}

Result<std::map<AlertLabels, AlertState>> Group::Run::sightings(const promql::Vector& result, const RunContext& context) {
  const templates::Environment environment = this->environment(context);
  std::map<AlertLabels, AlertState> out;
  for (const promql::Sample& sample : result) {
    AlertState seen = sighting(sample, environment);
    AlertLabels labels = seen.labels;
    if (!out.emplace(std::move(labels), std::move(seen)).second) {
      return Error{Fault::Input, "vector contains metrics with the same labelset after applying alert labels"};
    }
  }
  return out;
}

AlertTiming Group::Run::timing(const RunContext& context) const {
  AlertTiming out;
  out.hold = rule().hold;
  out.keep_firing_for = rule().keep_firing_for;
  out.resend_delay = options_->resend_delay;
  out.missing_bound = options_->missing_bound;
  out.on_missing = on_missing_;
  const auto settles = std::min<std::chrono::nanoseconds>(2 * context.interval, kSettling);
  out.may_fire_anew = unsettled_since_ == Time{} || context.now >= unsettled_since_ + settles;
  return out;
}

// Of an alert that the expression no longer gives.
Sight Group::Run::sight_of(const Tracked& tracked, const RunContext& context) const {
  if (!is_active(tracked.state)) return Sight::Absent;
  GoneContext gone;
  gone.reader = context.reader;
  gone.now_ms = time_ms(context.now);
  gone.last_present_ms = time_ms(tracked.last_present);
  gone.lookback_ms = options_->lookback.count();
  gone.settling = unsettled_since_ != Time{} && context.now < unsettled_since_ + kSettling && tracked.last_present < unsettled_since_;
  gone.early = context.now < unsettled_since_ + kEarly;
  if (on_missing_ == OnMissingData::Prometheus && !gone.settling) return Sight::Absent;
  return why_gone(uses_, tracked.state.labels, gone);
}

std::vector<Group::Run::Moved> Group::Run::advance_all(const std::map<AlertLabels, AlertState>& seen,
                                                       const RunContext& context) const {
  const AlertTiming timing = this->timing(context);
  std::vector<Moved> out;
  for (const auto& [labels, state] : seen) {
    const auto known = alerts_.find(labels);
    const AlertState* before = known == alerts_.end() ? nullptr : &known->second.state;
    out.push_back({labels, advance(before, {Sight::Present, &state}, timing, context.now), context.now});
  }
  for (const auto& [labels, tracked] : alerts_) {
    if (seen.contains(labels)) continue;
    const Sighting gone{sight_of(tracked, context), nullptr};
    out.push_back({labels, advance(&tracked.state, gone, timing, context.now), tracked.last_present});
  }
  return out;
}

// Over the limit Prometheus drops all alerts untold. Here pending ones go, but what fires was told and is not taken back.
Result<void> Group::Run::check_limit(const std::vector<Moved>& moved, CycleOutcome& out) {
  const auto active = std::ranges::count_if(moved, [](const Moved& one) { return one.next.state && is_active(*one.next.state); });
  if (group_->limit == 0 || static_cast<std::size_t>(active) <= group_->limit) return {};
  std::erase_if(alerts_, [&](const auto& entry) {
    if (entry.second.state.phase != AlertPhase::Pending) return false;
    out.change.over.push_back({key_, entry.first});
    return true;
  });
  return Error{Fault::TooLarge, "exceeded limit of " + std::to_string(group_->limit) + " with " + std::to_string(active) + " alerts"};
}

void Group::Run::tell(const AlertState& state, std::string reason, const RunContext& context, CycleOutcome& out) const {
  const auto valid_for = 4 * std::max(options_->resend_delay, context.interval);
  out.change.outbox.push_back(outbox_row(state, generator_url_, context.now, valid_for, std::move(reason)));
}

void Group::Run::write_alert(const AlertState& state, std::int64_t time_ms) {
  std::vector<RuleSeries::Label> labels;
  for (const auto& [name, value] : state.labels) {
    if (name != "alertstate") labels.emplace_back(name, value);
  }
  series_.add("ALERTS_FOR_STATE", labels, time_ms, static_cast<double>(to_ms(state.active_at) / 1'000));
  labels.emplace_back("alertstate", to_text(state.phase));
  series_.add("ALERTS", labels, time_ms, 1);
}

void Group::Run::keep(std::vector<Moved> moved, const RunContext& context, CycleOutcome& out) {
  const std::int64_t at = time_ms(context.now);
  for (Moved& one : moved) {
    if (one.next.tell) tell(*one.next.tell, std::move(one.next.end_reason), context, out);
    if (!one.next.state) {
      if (alerts_.erase(one.labels) > 0) out.change.over.push_back({key_, std::move(one.labels)});
      continue;
    }
    if (one.next.changed || unsaved_) out.change.alerts.push_back(*one.next.state);
    if (is_active(*one.next.state)) write_alert(*one.next.state, at);
    alerts_.insert_or_assign(std::move(one.labels), Tracked{*std::move(one.next.state), one.last_present});
  }
  unsaved_ = false;
}

Result<void> Group::Run::alert(const RunContext& context, CycleOutcome& out) {
  auto answer = query(*rule().expr, context, context.now - query_offset());
  if (!answer) return answer.error();
  const auto& vector = std::get<promql::Vector>(answer->value);
  status_.template_error.clear();
  const auto seen = sightings(vector, context);
  if (!status_.template_error.empty()) out.template_errors.push_back(described(status_.template_error));
  if (!seen) return seen.error();
  std::vector<Moved> moved = advance_all(*seen, context);
  if (auto limited = check_limit(moved, out); !limited) return limited;
  series_.begin();
  keep(std::move(moved), context, out);
  status_.samples = vector.size();
  status_.annotations = std::move(answer->annotations);
  status_.coverage = std::move(answer->coverage);
  return {};
}

}  // namespace tocsin::rules
