// SPDX-License-Identifier: Apache-2.0
// advance: what one evaluation makes of one alert. A pure function: state, what was seen, time; out come the state to keep
// and what to tell. As Prometheus 3.15 does it, and beyond it where data ended and after a restart.
//
//   Advanced next = advance(&state, {Sight::Present, &seen}, timing, now);
//   if (next.state) keep(*next.state); else forget(state);
//   if (next.tell) outbox(*next.tell, next.end_reason);
//
// Threads: pure. Costs a copy of the state.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "rules/alert_state.h"

namespace tocsin::rules {

enum class Sight : std::uint8_t {
  Present,  // the expression gave it
  Absent,   // the expression was evaluated and did not
  Missing,  // it did not, and a series that contributed to it has ended
  Unknown,  // it did not, but the history does not reach back far enough since the start to tell
  Failed,   // the rule could not be evaluated
};

// What becomes of an alert whose data ended.
enum class OnMissingData : std::uint8_t {
  Prometheus,  // as if its condition were over
  Hold,        // pending waits, firing goes on for a bounded time, then ends with that reason
  Alert,       // as if its condition held
};

struct AlertTiming {
  std::chrono::nanoseconds hold{0};  // `for`
  std::chrono::nanoseconds keep_firing_for{0};
  std::chrono::nanoseconds resend_delay = std::chrono::minutes(1);
  std::chrono::nanoseconds resolved_retention = std::chrono::minutes(15);  // how long an end is told again
  std::chrono::nanoseconds missing_bound = std::chrono::hours(1);
  OnMissingData on_missing = OnMissingData::Prometheus;
  bool may_fire_anew = true;  // false for a moment after the start: what was not pending before only becomes pending
};

struct Sighting {
  Sight sight = Sight::Absent;
  const AlertState* seen = nullptr;  // Present: rule, labels, annotations and value
};

struct Advanced {
  std::optional<AlertState> state;  // none: there is no such alert
  bool changed = false;             // in a way that must outlive the process
  std::optional<AlertState> tell;   // Firing or Resolved
  std::string end_reason = {};      // of a Resolved that is not simply over
};

// Requires: `seen` is set where present.
Advanced advance(const AlertState* before, const Sighting& sighting, const AlertTiming& timing, Time now);

// A state as the first evaluation after a restart must find it: time in which nobody looked does not count as pending or as
// kept firing. None: a pending alert after more than an hour begins anew.
std::optional<AlertState> after_restart(AlertState state, std::chrono::nanoseconds down);

}  // namespace tocsin::rules
