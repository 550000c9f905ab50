// SPDX-License-Identifier: Apache-2.0
#include "rules/memory_store.h"

#include <utility>

namespace tocsin::rules {

void MergedChange::add(const StateChange& change) {
  for (const std::string& rule : change.rules_gone) {
    std::erase_if(alerts, [&](const auto& entry) { return entry.second.key.rule == rule; });
    rules_gone[rule] = true;
  }
  for (const AlertState& state : change.alerts) {
    alerts[episode_key(state.rule, state.labels, {})] = {{state.rule, state.labels}, state, false};
  }
  for (const AlertKey& key : change.over) alerts[episode_key(key.rule, key.labels, {})] = {key, {}, true};
  for (const OutboxRow& row : change.outbox) {
    done.erase(row.key);
    outbox[row.key] = row;
  }
  for (const ToldRecord& record : change.told) told[{record.key, record.receiver}] = record;
  for (const std::string& key : change.done) {
    outbox.erase(key);
    told.erase(told.lower_bound({key, ""}), told.lower_bound({key + '\0', ""}));
    done[key] = true;
  }
  for (const KeptCounts& one : change.counts) counts.insert_or_assign({one.objective, one.labels}, one);
}

StateChange MergedChange::change() const {
  StateChange out;
  for (const auto& [key, alert] : alerts) {
    if (alert.over) out.over.push_back(alert.key);
    else out.alerts.push_back(alert.state);
  }
  for (const auto& [key, row] : outbox) out.outbox.push_back(row);
  for (const auto& [key, record] : told) out.told.push_back(record);
  for (const auto& [key, yes] : done) out.done.push_back(key);
  for (const auto& [rule, yes] : rules_gone) out.rules_gone.push_back(rule);
  for (const auto& [key, one] : counts) out.counts.push_back(one);
  return out;
}

Result<void> MemoryStore::commit(const StateChange& change) {
  const std::lock_guard lock(mutex_);
  held_.add(change);
  std::erase_if(held_.alerts, [](const auto& entry) { return entry.second.over; });
  std::erase_if(held_.counts, [](const auto& entry) { return entry.second.state.empty(); });
  held_.done.clear();
  held_.rules_gone.clear();
  return {};
}

Result<std::vector<AlertState>> MemoryStore::alerts() const {
  const std::lock_guard lock(mutex_);
  return held_.change().alerts;
}
Result<std::vector<OutboxRow>> MemoryStore::outbox() const {
  const std::lock_guard lock(mutex_);
  return held_.change().outbox;
}
Result<std::vector<ToldRecord>> MemoryStore::told() const {
  const std::lock_guard lock(mutex_);
  return held_.change().told;
}
Result<std::vector<KeptCounts>> MemoryStore::counts() const {
  const std::lock_guard lock(mutex_);
  return held_.change().counts;
}

Result<void> MemoryStore::put_silence(const Silence& silence) {
  const std::lock_guard lock(mutex_);
  silences_.insert_or_assign(silence.facts().id, silence);
  return {};
}
Result<void> MemoryStore::forget_silence(const std::string& id) {
  const std::lock_guard lock(mutex_);
  silences_.erase(id);
  return {};
}
Result<std::vector<Silence>> MemoryStore::silences() const {
  const std::lock_guard lock(mutex_);
  std::vector<Silence> out;
  for (const auto& [id, silence] : silences_) out.push_back(silence);
  return out;
}

Result<void> MemoryStore::put_fact(const std::string& name, const std::string& text) {
  const std::lock_guard lock(mutex_);
  facts_[name] = text;
  return {};
}
Result<std::string> MemoryStore::fact(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = facts_.find(name);
  return found == facts_.end() ? std::string() : found->second;
}

}  // namespace tocsin::rules
