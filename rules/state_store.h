// SPDX-License-Identifier: Apache-2.0
// StateStore: what must outlive the process: alert states, what is to be told, what was told, silences, counts.
//
//   auto states = store.alerts();                       // at start, before the first evaluation
//   Result<void> kept = store.commit({.alerts = changed, .over = keys, .outbox = rows});   // once a tick
//
// A commit is whole or not at all, and durable when it returns. When it fails the agent goes on: alerts are told all the
// same, the failure is counted and shown, and the store writes what failed with the next commit.
// Threads: thread-safe. Costs: one fsync a commit (milliseconds), none for an empty one.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "meters/base/result.h"
#include "rules/alert_state.h"
#include "rules/outbox.h"
#include "rules/silence.h"

namespace tocsin::rules {

struct AlertKey {
  std::string rule;
  AlertLabels labels;
  bool operator==(const AlertKey&) const = default;
};

// Counts of a service level objective: of one group of it, or of the objective itself (no labels).
using CountLabels = std::vector<std::pair<std::string, std::string>>;  // by name
struct KeptCounts {
  std::string objective;
  CountLabels labels;
  std::string counted;  // what they are of; with another one they are of no use
  std::string state;    // bytes; empty: forgotten
  bool operator==(const KeptCounts&) const = default;
};

struct StateChange {
  std::vector<AlertState> alerts = {};         // written; replace those of the same rule and labels
  std::vector<AlertKey> over = {};             // forgotten
  std::vector<OutboxRow> outbox = {};          // written; replace those of the same key
  std::vector<ToldRecord> told = {};           // written; replace those of the same key and receiver
  std::vector<std::string> done = {};          // outbox keys that everybody knows of: forgotten with their records
  std::vector<std::string> rules_gone = {};    // rules whose every alert is forgotten
  std::vector<KeptCounts> counts = {};         // written; replace those of the same objective and labels

  bool empty() const noexcept {
    return alerts.empty() && over.empty() && outbox.empty() && told.empty() && done.empty() && rules_gone.empty() &&
           counts.empty();
  }
};

class StateStore {
 public:
  virtual ~StateStore() = default;

  // Changes when what was stored is lost while running (a database that turned out corrupt): write everything again.
  virtual std::uint64_t generation() const { return 0; }

  // Errors: Environment (the disk is full, the database does not answer).
  virtual Result<void> commit(const StateChange& change) = 0;

  virtual Result<std::vector<AlertState>> alerts() const = 0;
  virtual Result<std::vector<OutboxRow>> outbox() const = 0;
  virtual Result<std::vector<ToldRecord>> told() const = 0;
  virtual Result<std::vector<KeptCounts>> counts() const = 0;

  // Replaces the one of the same id.
  virtual Result<void> put_silence(const Silence& silence) = 0;
  virtual Result<void> forget_silence(const std::string& id) = 0;
  virtual Result<std::vector<Silence>> silences() const = 0;

  // Small facts by name, such as when the agent was last alive. Empty where never written.
  virtual Result<void> put_fact(const std::string& name, const std::string& text) = 0;
  virtual Result<std::string> fact(const std::string& name) const = 0;
};

}  // namespace tocsin::rules
