// SPDX-License-Identifier: Apache-2.0
// Lane: one receiver with all that is known of its delivery: what it was told, its account, when to try again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "agent/notify/notifier.h"
#include "agent/notify/src/http_target.h"
#include "agent/notify/src/receiver.h"
#include "wire/delivery.h"

namespace tocsin::agent {

// Threads: the notify thread only.
class Lane {
 public:
  Lane(std::unique_ptr<Receiver> receiver, Time since, std::uint64_t seed);

  // The same receiver with another configuration: what it was told stays.
  void replace(std::unique_ptr<Receiver> receiver) { receiver_ = std::move(receiver); }
  const Receiver& receiver() const noexcept { return *receiver_; }
  ToldRecords& told() noexcept { return told_; }
  const ToldRecords& told() const noexcept { return told_; }
  Time since() const noexcept { return since_; }
  bool busy() const noexcept { return sending_.has_value(); }

  // Takes note of what a new or changed row means to this receiver.
  void account(const OutboxEntry& entry);
  void forget(const std::string& key);

  // What to send now; busy until answered.
  const Sending* plan(const OutboxEntries& rows, Time now, Monotonic monotonic, Time& wake, std::vector<rules::ToldRecord>& changed);
  void answered(const Outcome& outcome, Time now, Monotonic monotonic, std::vector<rules::ToldRecord>& changed);
  void hurry() noexcept { backoff_.hurry(); }

  bool finished(const OutboxEntry& entry, Time now) const;
  // Tellings of this row that it still owes.
  std::size_t owes(const OutboxEntry& entry) const;
  ReceiverState state(const OutboxEntries& rows) const;
  // Given up for a reason of ours.
  rules::ToldRecord give_up(const OutboxEntry& entry, Time now, const char* reason);

 private:
  const rules::ToldRecord* find(const std::string& key) const;
  void settle(const rules::ToldRecord& record);

  std::unique_ptr<Receiver> receiver_;
  Time since_;  // alerts that ended before are none of its business
  ToldRecords told_;
  std::map<std::string, std::size_t> owed_;  // by key: tellings in the ledger's queue
  wire::Ledger ledger_;
  wire::Backoff backoff_;
  std::optional<Sending> sending_;
  std::uint64_t in_flight_ = 0;
  Monotonic first_attempt_{};
  std::uint64_t requests_ = 0, failed_ = 0, alerts_ = 0;
  std::optional<Time> last_success_, failing_since_;
  std::map<std::string, std::uint64_t> dropped_;  // by reason
  std::string last_error_;
};

}  // namespace tocsin::agent
