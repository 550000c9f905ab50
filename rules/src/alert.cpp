// SPDX-License-Identifier: Apache-2.0
#include "rules/alert.h"

#include <utility>

namespace tocsin::rules {
namespace {

constexpr auto kOutageTolerance = std::chrono::hours(1);

bool is_set(Time time) noexcept { return time != Time{}; }

// One evaluation of one alert; the state is changed in place.
class Step {
 public:
  Step(AlertState state, const AlertTiming& timing, Time now) : state_(std::move(state)), timing_(timing), now_(now) {}

  Advanced appear(const AlertState& seen);
  Advanced present(const AlertState& seen);
  Advanced not_present(Sight sight);

 private:
  Advanced keep(bool changed) { return finish(changed); }
  Advanced forget() const { return {std::nullopt, true, std::nullopt, {}}; }
  Advanced fire();
  Advanced resolve(std::string reason);
  Advanced finish(bool changed);
  Advanced back_to_pending();
  Advanced firing_without_sight(Sight sight);
  bool due() const noexcept;

  AlertState state_;
  const AlertTiming& timing_;
  Time now_;
};

// Prometheus' needsSending.
bool Step::due() const noexcept {
  if (state_.phase == AlertPhase::Pending) return false;
  if (state_.resolved_at > state_.last_sent_at) return true;
  return state_.last_sent_at + timing_.resend_delay < now_;
}

Advanced Step::finish(bool changed) {
  Advanced out;
  out.changed = changed;
  if (due()) {
    state_.last_sent_at = now_;
    out.changed = true;
    out.tell = state_;
  }
  out.state = std::move(state_);
  return out;
}

Advanced Step::fire() {
  state_.phase = AlertPhase::Firing;
  state_.fired_at = now_;
  state_.last_sent_at = {};
  return finish(true);
}

Advanced Step::resolve(std::string reason) {
  state_.phase = AlertPhase::Resolved;
  state_.resolved_at = now_;
  state_.keep_firing_since = state_.missing_since = {};
  Advanced out = finish(true);
  out.end_reason = std::move(reason);
  return out;
}

// A reload made `for` longer than the alert is old. Who was told that it fires is told that it does not.
Advanced Step::back_to_pending() {
  AlertState told = state_;
  told.phase = AlertPhase::Resolved;
  told.resolved_at = told.last_sent_at = now_;
  state_.phase = AlertPhase::Pending;
  state_.fired_at = state_.last_sent_at = state_.keep_firing_since = {};
  return {std::move(state_), true, std::move(told), "the rule now waits longer before it fires"};
}

Advanced Step::appear(const AlertState& seen) {
  state_ = seen;
  state_.phase = AlertPhase::Pending;
  state_.active_at = now_;
  state_.fired_at = state_.resolved_at = state_.keep_firing_since = state_.missing_since = state_.last_sent_at = {};
  return timing_.hold.count() <= 0 && timing_.may_fire_anew ? fire() : keep(true);
}

Advanced Step::present(const AlertState& seen) {
  if (state_.phase == AlertPhase::Resolved) return appear(seen);
  const bool returned = is_set(state_.keep_firing_since) || is_set(state_.missing_since);
  // Time in which its data was missing is no time in which the condition is known to have held.
  const bool waited = is_set(state_.missing_since) && state_.phase == AlertPhase::Pending && timing_.on_missing == OnMissingData::Hold;
  if (waited) state_.active_at += now_ - state_.missing_since;
  state_.keep_firing_since = state_.missing_since = {};
  state_.annotations = seen.annotations;
  state_.value = seen.value;
  // What has fired after so long has waited long enough, also where a small step back of the clock makes it look younger.
  const bool fired = state_.phase == AlertPhase::Firing && state_.fired_at - state_.active_at >= timing_.hold;
  const bool held = fired || now_ - state_.active_at >= timing_.hold;
  if (state_.phase == AlertPhase::Pending) {
    // What has only just appeared waits for the same as what appears now.
    const bool may = timing_.may_fire_anew || timing_.hold.count() > 0;
    return held && may ? fire() : keep(returned);
  }
  return held ? keep(returned) : back_to_pending();
}

Advanced Step::firing_without_sight(Sight sight) {
  // In keep_firing_for the condition is known to be over; that its data ends as well says nothing new.
  const bool over = sight == Sight::Absent || is_set(state_.keep_firing_since);
  if (over || (sight == Sight::Missing && timing_.on_missing == OnMissingData::Prometheus)) {
    const bool returned = is_set(state_.missing_since);
    state_.missing_since = {};
    if (timing_.keep_firing_for.count() <= 0) return resolve({});
    const bool begins = !is_set(state_.keep_firing_since);
    if (begins) state_.keep_firing_since = now_;
    return now_ - state_.keep_firing_since < timing_.keep_firing_for ? keep(begins || returned) : resolve({});
  }
  if (sight == Sight::Unknown) return keep(false);
  const bool begins = !is_set(state_.missing_since);
  if (begins) state_.missing_since = now_;
  if (timing_.on_missing == OnMissingData::Alert || now_ - state_.missing_since < timing_.missing_bound) return keep(begins);
  return resolve("its data has been missing for too long");
}

Advanced Step::not_present(Sight sight) {
  if (state_.phase == AlertPhase::Firing) return firing_without_sight(sight);
  if (state_.phase == AlertPhase::Resolved) {
    return now_ - state_.resolved_at > timing_.resolved_retention ? forget() : keep(false);
  }
  if (sight == Sight::Absent) return forget();
  if (sight == Sight::Unknown) return keep(false);
  if (timing_.on_missing == OnMissingData::Prometheus) return forget();
  const bool begins = !is_set(state_.missing_since);
  if (begins) state_.missing_since = now_;
  if (timing_.on_missing == OnMissingData::Alert) return now_ - state_.active_at >= timing_.hold ? fire() : keep(begins);
  return now_ - state_.missing_since < timing_.missing_bound ? keep(begins) : forget();
}

}  // namespace

Advanced advance(const AlertState* before, const Sighting& sighting, const AlertTiming& timing, Time now) {
  if (sighting.sight == Sight::Failed) return {before ? std::optional(*before) : std::nullopt, false, std::nullopt, {}};
  if (!before) {
    if (sighting.sight != Sight::Present) return {};
    return Step({}, timing, now).appear(*sighting.seen);
  }
  Step step(*before, timing, now);
  return sighting.sight == Sight::Present ? step.present(*sighting.seen) : step.not_present(sighting.sight);
}

std::optional<AlertState> after_restart(AlertState state, std::chrono::nanoseconds down) {
  if (down.count() <= 0) return state;
  if (state.phase == AlertPhase::Pending) {
    if (down > kOutageTolerance) return std::nullopt;
    state.active_at += down;
    if (is_set(state.missing_since)) state.missing_since += down;
  }
  if (is_set(state.keep_firing_since)) state.keep_firing_since += down;
  return state;
}

}  // namespace tocsin::rules
