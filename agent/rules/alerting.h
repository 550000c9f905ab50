// SPDX-License-Identifier: Apache-2.0
// Alerting: rules, what of them outlives the process, and who is told: the three parts, made when something needs them.
//
//   Alerting alerting(window, intake, log, clock, [&] { return ready(); });
//   alerting.start(config);
//   alerting.tick(snapshot);          // after each tick's Snapshot reached the window
//   alerting.apply(config);           // on a reload
//   alerting.stop(5s);
//
// Without rule files, objectives and receivers there is nothing: no thread, no database.
// Threads: start, apply and stop by one owner; the rest is thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/api/router.h"
#include "agent/config.h"
#include "agent/intake.h"
#include "agent/notify/notifier.h"
#include "agent/notify/silences.h"
#include "agent/rules/rule_engine.h"
#include "agent/slo/slo_engine.h"
#include "agent/store/store.h"

namespace tocsin::agent {

struct AlertingState {
  RuleEngineState rules;
  NotifierState receivers;
  std::optional<StoreStats> store;  // none: states are only in memory
  std::string store_fault;          // why, where they should be kept
  SloStates slos;
};

// What outlives the process, as it is written.
struct AlertingRecords {
  std::vector<rules::OutboxRow> outbox;
  std::vector<rules::ToldRecord> told;
  std::vector<rules::Silence> silences;
};

class Alerting {
 public:
  Alerting(rules::Window& window, Intake& intake, Log& log, const Clock& clock, Notifier::Alive alive);
  ~Alerting();
  Alerting(const Alerting&) = delete;
  Alerting& operator=(const Alerting&) = delete;

  void start(const Config& config) { apply(config); }
  void apply(const Config& config);
  void tick(const meters::Snapshot& snapshot);
  void stop(std::chrono::nanoseconds deadline);

  // The tick that rules need: the shortest interval of a group, at most this.
  std::chrono::nanoseconds tick_interval(std::chrono::nanoseconds configured) const;
  AlertingState state() const;
  AlertingRecords records() const;
  std::vector<std::string> faults() const;  // why the agent is not ready, one sentence each
  bool progresses() const;                  // rules are evaluated; true where there are none

  // /api/v2/silences and /api/v2/silence/*, as Alertmanager serves them; /api/v1/status/notify.
  void add_routes(Router& router);

 private:
  struct Parts;
  static bool needed(const Config& config);

  // Fixed after construction.
  rules::Window& window_;
  Intake& intake_;  // what rules write is on /metrics and exported too
  Log& log_;
  const Clock& clock_;
  const Notifier::Alive alive_;

  std::unique_ptr<Parts> owned_;
  std::atomic<Parts*> parts_{nullptr};  // owned_, once it is whole: read by other threads
};

}  // namespace tocsin::agent
