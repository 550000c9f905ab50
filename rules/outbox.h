// SPDX-License-Identifier: Apache-2.0
// Outbox: what is to be told. A row is one episode of an alert, from when it fires to when it ends; it is written again
// under the same key when its words change or it ends, and what each receiver was told stands beside it.
//
//   OutboxRow row = outbox_row(state, generator_url, now, valid_for);   // at each "tell" of advance()
//   store.commit({.outbox = {row}});                                    // first durable,
//   notifier.take({row});                                               // then told
//
// A row goes once it has ended and every receiver knows, or gave up: nothing that fired is forgotten untold.
// Threads: values. Costs: one row for each firing alert and each end not yet told.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/alert_state.h"

namespace tocsin::rules {

struct OutboxRow {
  std::string key = {};  // of the episode: rule, labels and the instant it fired
  std::string rule = {};
  AlertLabels labels = {}, annotations = {};
  std::string generator_url = {};
  double value = 0;
  Time starts_at = {};
  Time ends_at = {};                      // Time{} while it fires
  std::string end_reason = {};            // empty: the condition is over; else why it was ended, in words
  Time updated_at = {};                   // when the rule last said so
  std::chrono::nanoseconds valid_for{0};  // firing: a receiver may take it for over when it hears nothing this long

  bool ended() const noexcept { return ends_at != Time{}; }
  bool operator==(const OutboxRow&) const = default;
};

// What one receiver knows of an episode.
struct ToldRecord {
  std::string key = {};       // of the row
  std::string receiver = {};  // its configured name
  Time firing_at = {};        // it accepted "firing"; Time{}: never
  Time resolved_at = {};      // it accepted "resolved"
  Time gave_up_at = {};       // it will not be told; `reason` says why
  std::string reason = {};

  bool operator==(const ToldRecord&) const = default;
};

// Requires: the state is Firing or Resolved. `valid_for` is 4 * max(resend delay, interval of the group).
OutboxRow outbox_row(const AlertState& state, std::string generator_url, Time now, std::chrono::nanoseconds valid_for,
                     std::string end_reason = {});

std::string episode_key(std::string_view rule, const AlertLabels& labels, Time starts_at);

}  // namespace tocsin::rules
