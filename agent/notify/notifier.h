// SPDX-License-Identifier: Apache-2.0
// Notifier: tells everybody who is configured of every alert, at least once, over restarts of either side.
//
//   Notifier notifier(store, log, clock);
//   notifier.apply(config.notify, config.external_url);
//   notifier.start();                        // takes up what the store holds: nothing is forgotten
//   store.commit({.outbox = rows});
//   notifier.take(rows);                     // after they are durable; rows replace those of the same key
//   notifier.stop(5s);                       // sends what is due, as far as the time goes
//
// A receiver that does not answer is tried again with growing waits; what it is owed stays in the outbox, is counted and
// shown. What will never be delivered (refused, too late, too much) is given up by name and reason.
// Threads: thread-safe; one thread "notify" plans, one "notify-http" sends. Costs: about 1 us a row at each planning, which
// happens when something is due.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/log.h"
#include "agent/notify/receiver_config.h"
#include "meters/base/clock.h"
#include "rules/state_store.h"
#include "wire/delivery.h"

namespace tocsin::agent {

struct ReceiverState {
  std::string name = {}, kind = {}, url = {};  // kind: "alertmanager", "webhook", "heartbeat"
  wire::LedgerCounts tellings = {};  // an alert's beginning and its end are one each; repeats are not counted here
  std::map<std::string, std::uint64_t> dropped = {};  // of the tellings: refused, queue_full, retry_timeout, silenced, other
  std::uint64_t requests = 0, failed_requests = 0;
  std::uint64_t alerts = 0;                // alerts in accepted requests, repeats included
  Time since = {};                         // configured since then: what ended before is none of its business
  std::optional<Time> oldest_owed = {};    // since when the one who waits longest waits
  std::optional<Time> last_success = {}, failing_since = {};
  std::string last_error = {};             // empty: the last request was accepted, with all its words
};

struct NotifierState {
  std::vector<ReceiverState> receivers;
  std::size_t rows = 0;   // in the outbox
  std::size_t ended = 0;  // of them, ended but not known to everybody
};

class Notifier {
 public:
  // Whether the agent as a whole does its work: without it no heartbeat goes out.
  using Alive = std::function<bool()>;

  Notifier(rules::StateStore& store, Log& log, const Clock& clock, Alive alive = [] { return true; });
  ~Notifier();  // stops at once
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // Also on a reload: a receiver that did not change keeps its state.
  void apply(const NotifyConfig& config, const std::string& external_url);
  // Rows that match one of these are not told while it lasts.
  void set_silences(std::vector<rules::Silence> silences);

  Result<void> start();
  void take(std::vector<rules::OutboxRow> rows);
  // Ends every firing row whose rule is none of these, with a reason: what fired under a rule that is gone must not fire
  // for ever. For after a start, when the rules are loaded.
  void end_others(const std::vector<std::string>& rules, const std::string& reason);
  // Safe twice and without start.
  void stop(std::chrono::nanoseconds deadline);

  NotifierState state() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace tocsin::agent
