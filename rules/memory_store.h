// SPDX-License-Identifier: Apache-2.0
// MemoryStore: a StateStore that forgets when the process ends: for tests, and where there is no place to write.
//
//   MemoryStore store;
//   store.commit({.alerts = changed});
//
// Threads: thread-safe. Costs: what it holds.
#pragma once

#include <map>
#include <mutex>

#include "rules/state_store.h"

namespace tocsin::rules {

// Changes merged into one: the latest word on each alert, row and record. What MemoryStore holds, and what a store that
// could not write keeps for its next commit.
struct MergedChange {
  struct Alert {
    AlertKey key;
    AlertState state;
    bool over = false;
  };
  void add(const StateChange& change);
  StateChange change() const;
  bool empty() const noexcept { return alerts.empty() && outbox.empty() && told.empty() && done.empty() && rules_gone.empty() && counts.empty(); }

  std::map<std::string, Alert> alerts;
  std::map<std::string, OutboxRow> outbox;
  std::map<std::pair<std::string, std::string>, ToldRecord> told;
  std::map<std::string, bool> done, rules_gone;
  std::map<std::pair<std::string, CountLabels>, KeptCounts> counts;
};

class MemoryStore final : public StateStore {
 public:
  Result<void> commit(const StateChange& change) override;
  Result<std::vector<AlertState>> alerts() const override;
  Result<std::vector<OutboxRow>> outbox() const override;
  Result<std::vector<ToldRecord>> told() const override;
  Result<std::vector<KeptCounts>> counts() const override;
  Result<void> put_silence(const Silence& silence) override;
  Result<void> forget_silence(const std::string& id) override;
  Result<std::vector<Silence>> silences() const override;
  Result<void> put_fact(const std::string& name, const std::string& text) override;
  Result<std::string> fact(const std::string& name) const override;

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  MergedChange held_;
  std::map<std::string, Silence> silences_;
  std::map<std::string, std::string> facts_;
};

}  // namespace tocsin::rules
