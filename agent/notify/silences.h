// SPDX-License-Identifier: Apache-2.0
// Silences: all of them, kept in the store, given to the notifier whenever one comes or ends by hand.
//
//   Silences silences(store, clock, [&](auto active) { notifier.set_silences(std::move(active)); });
//   auto id = silences.put({*Matcher::make("job", MatchType::Equal, "shop")},
//                          {.starts_at = now, .ends_at = now + 2h, .author = "ann", .comment = "moving house"});
//   silences.expire(*id);
//
// One that is over is shown for five days, then forgotten.
// Threads: thread-safe. Costs: one commit a change.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "meters/base/clock.h"
#include "rules/state_store.h"

namespace tocsin::agent {

class Silences {
 public:
  using Changed = std::function<void(std::vector<rules::Silence>)>;

  Silences(rules::StateStore& store, const Clock& clock, Changed changed)
      : store_(store), clock_(clock), changed_(std::move(changed)) {}

  // Takes up what the store holds.
  Result<void> load();

  // A new one, or with the id of one that is not over the same with other words. Errors: Input; Environment, when it
  // could not be stored: then it is not in force.
  Result<std::string> put(std::vector<rules::promql::Matcher> matchers, rules::SilenceFacts facts);
  // Ends it now. False where there is none, or it is over.
  Result<bool> expire(const std::string& id);

  // Where the store has put its database aside since: stores all once more. Called now and then.
  void keep();

  std::vector<rules::Silence> all() const;  // newest first
  std::optional<rules::Silence> find(const std::string& id) const;

 private:
  void publish(std::vector<rules::Silence> all);

  // Fixed after construction.
  rules::StateStore& store_;
  const Clock& clock_;
  const Changed changed_;

  std::mutex writing_;  // held over a change and its way to the store; before mutex_
  mutable std::mutex mutex_;
  std::vector<rules::Silence> all_;  // guarded by mutex_
  std::uint64_t generation_ = 0;     // guarded by mutex_; of the store
};

}  // namespace tocsin::agent
