// SPDX-License-Identifier: Apache-2.0
// From counts to series; what a window holds is in slo_measure.cpp.
#include "agent/slo/slo_engine.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "agent/slo/src/slo_samples.h"
#include "rules/promql/parse.h"

namespace tocsin::agent {

namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;

SloSeries::Labels with(const std::string& slo, const rules::CountLabels& group, std::initializer_list<std::pair<std::string, std::string>> more = {}) {
  SloSeries::Labels labels{{"slo", slo}};
  labels.insert(labels.end(), group.begin(), group.end());
  labels.insert(labels.end(), more.begin(), more.end());
  return labels;
}

}  // namespace

std::string_view to_text(SloPhase phase) noexcept {
  constexpr std::array<std::string_view, 4> kTexts{"counting", "idle", "absent", "starting"};
  return kTexts[static_cast<std::size_t>(phase)];
}

SloEngine::SloEngine(Parts parts, rules::SloCountsOptions options) : parts_(parts), counts_(std::move(options)) {}

void SloEngine::apply(const std::vector<SloConfig>& configs) {
  KnownMeters known;
  known.add_shipped();
  std::vector<rules::Slo> slos;
  std::map<std::string, std::string> hints;
  for (const SloConfig& config : configs) {
    slos.push_back(config.slo);
    for (const TomlFault& fault : check_slo(config, known)) {
      std::string& hint = hints[config.slo.name];
      hint += (hint.empty() ? "" : "; ") + fault.message;
    }
  }
  const std::lock_guard lock(mutex_);
  for (const std::string& name : counts_.configure(slos)) parts_.log.warning("slo counts begin anew: it counts something else now", {{"slo", name}});
  slos_ = std::move(slos), hints_ = std::move(hints);
  if (slos_.empty() || restored_) return;
  restored_ = true;
  restore(parts_.clock.now());
}

// Requires: mutex_ is held.
void SloEngine::restore(Time now) {
  const auto kept = parts_.store.counts();
  if (!kept) return parts_.log.error("slo counts not read: they begin anew", {{"reason", kept.error().message}});
  if (const std::size_t bad = counts_.restore(*kept, now); bad > 0) parts_.log.error("slo counts could not be read: they begin anew", {{"rows", std::to_string(bad)}});
  to_seed_ = counts_.take(now);
}

// What was kept goes on in the history where the last checkpoint was older than it.
void SloEngine::seed(const rules::CountChange& counts, Time now) {
  const auto view = parts_.storage.view();
  recorded_.begin();
  for (const rules::ObjectiveCounts& objective : counts.objectives) {
    const std::int64_t kept_ms = objective.kept_ns / kNsPerMs;
    const GroupRows rows = rows_of(*view, objective.name, to_unix_ns(now) / kNsPerMs);
    for (const rules::CountGroup& group : objective.groups) {
      const auto found = rows.find(group.labels);
      const Rows at = found == rows.end() ? Rows{} : found->second;
      const std::int64_t since_ms = group.since_ns / kNsPerMs;
      std::array<double, 2> seen{};
      for (const bool bad : {false, true}) {
        const auto last = (bad ? at.has_bad : at.has_good) ? last_sample(*view, bad ? at.bad : at.good, std::numeric_limits<std::int64_t>::min(), to_unix_ns(now) / kNsPerMs, block_) : std::nullopt;
        const double value = bad ? group.bad : group.good;
        if (last) seen[bad ? 1 : 0] = last->value;
        if (last && last->time_ms >= kept_ms) continue;
        const auto labels = with(objective.name, group.labels, {{"result", bad ? "bad" : "good"}});
        if (!last) recorded_.set("slo_events_total", labels, since_ms, 0, since_ms);
        if (kept_ms > since_ms) recorded_.set("slo_events_total", labels, kept_ms, value, since_ms);
      }
      counts_.raise(objective.name, group.labels, seen[0], seen[1]);
    }
  }
  parts_.storage.append(recorded_.end(to_unix_ns(now) / kNsPerMs));
}

void SloEngine::publish(Time now) {
  std::optional<rules::CountChange> restored;
  {
    const std::lock_guard lock(mutex_);
    restored = std::exchange(to_seed_, std::nullopt);
  }
  if (restored) seed(*restored, now);
  const std::uint64_t generation = parts_.store.generation();
  rules::CountChange change = counts_.take(now, generation != generation_);
  generation_ = generation;
  const std::int64_t time_ms = change.time_ns / kNsPerMs;
  // A store that fails keeps it for its next commit and says so; rules must see what happens all the same.
  if (!change.kept.empty()) (void)parts_.store.commit({.counts = std::move(change.kept)});
  if (time_ms == 0 || time_ms == published_ms_) return;
  published_ms_ = time_ms;
  show_counts(change, time_ms);
  SloStates states = measure(change, time_ms);
  show_states(states, time_ms);
  const std::lock_guard lock(mutex_);
  states_ = std::move(states);
}

void SloEngine::show_counts(const rules::CountChange& change, std::int64_t time_ms) {
  recorded_.begin();
  for (const rules::ObjectiveCounts& objective : change.objectives)
    for (const rules::CountGroup& group : objective.groups) {
      if (group.held || group.sources == 0) continue;
      const std::int64_t since_ms = group.since_ns / kNsPerMs;
      for (const bool bad : {false, true}) {
        const auto labels = with(objective.name, group.labels, {{"result", bad ? "bad" : "good"}});
        // So that its first increment is one.
        if (!recorded_.knows("slo_events_total", labels) && since_ms < time_ms) recorded_.set("slo_events_total", labels, since_ms, 0, since_ms);
        recorded_.set("slo_events_total", labels, time_ms, bad ? group.bad : group.good, since_ms);
      }
    }
  parts_.storage.append(recorded_.end(time_ms));
}

void SloEngine::show_states(const SloStates& states, std::int64_t time_ms) {
  shown_.begin();
  const auto show = [&](const char* name, const SloSeries::Labels& labels, double value) { shown_.set(name, labels, time_ms, value); };
  for (const SloState& state : states) {
    const std::string& slo = state.slo.name;
    show("slo_target_ratio", with(slo, {}), state.slo.target);
    show("slo_period_seconds", with(slo, {}), std::chrono::duration<double>(state.slo.period).count());
    if (state.groups.empty()) show("slo_sources", with(slo, {}), 0);
    for (const SloGroupState& group : state.groups) {
      show("slo_sources", with(slo, group.labels), static_cast<double>(group.sources));
      show("slo_error_budget_left_ratio", with(slo, group.labels), group.budget_left);
      show("slo_period_events", with(slo, group.labels, {{"result", "good"}}), group.period.total - group.period.bad);
      show("slo_period_events", with(slo, group.labels, {{"result", "bad"}}), group.period.bad);
      if (group.phase == SloPhase::Absent || group.phase == SloPhase::Starting) continue;
      for (const SloWindowState& window : group.windows)
        show("slo_burn_rate", with(slo, group.labels, {{"window", rules::promql::duration_text(window.window.count())}}), window.burn_rate);
    }
  }
  parts_.storage.append(shown_.end(time_ms));
}

SloStates SloEngine::states() const {
  const std::lock_guard lock(mutex_);
  SloStates states = states_;
  // Those that no tick has seen yet, and none that are gone.
  std::erase_if(states, [&](const SloState& state) {
    return std::ranges::none_of(slos_, [&](const rules::Slo& slo) { return slo.name == state.slo.name; });
  });
  for (const rules::Slo& slo : slos_)
    if (std::ranges::none_of(states, [&](const SloState& state) { return state.slo.name == slo.name; })) states.push_back({slo, {}, {}, {}, {}});
  for (SloState& state : states)
    if (const auto hint = hints_.find(state.slo.name); hint != hints_.end() && state.groups.empty()) state.hint = hint->second;
  return states;
}

}  // namespace tocsin::agent
