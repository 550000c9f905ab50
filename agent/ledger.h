// SPDX-License-Identifier: Apache-2.0
// Ledger: a receiver's account. At every reading received = accepted + rejected{reason}.
//
//   Ledger ledger("otlp");
//   ledger.record({.accepted = 990, .rejected = {{"late", 10}}});
//   Ledger::Totals totals = ledger.totals();
//
// Items are what the receiver counts: data points, spans, lines. A request that could not be read at all has no known
// number of items: it is counted under `failed_requests`, by reason.
// Threads: thread-safe; one lock, so that a reading is of one moment. Costs a lock a request.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::agent {

class Ledger {
 public:
  struct Entry {
    std::uint64_t accepted = 0;
    std::vector<std::pair<std::string_view, std::uint64_t>> rejected;  // reason and number
  };
  // What became of one request's items, and in words why not all were taken.
  struct Account {
    Entry items;
    std::string words;

    std::uint64_t rejected_sum() const noexcept;
  };
  struct Totals {
    std::uint64_t received = 0, accepted = 0;
    std::map<std::string, std::uint64_t, std::less<>> rejected;
    std::uint64_t requests = 0;  // those that failed included
    std::map<std::string, std::uint64_t, std::less<>> failed_requests;
    std::string last_rejection;  // in words, for the status page

    std::uint64_t rejected_sum() const noexcept;
  };

  explicit Ledger(std::string receiver) : receiver_(std::move(receiver)) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  const std::string& receiver() const noexcept { return receiver_; }

  // A reason that stands at zero from the start.
  void expect(std::string_view reason);
  // One request whose items are all in the entry. `words` says why items were rejected; empty where none was.
  void record(const Entry& entry, std::string_view words = {});
  void record(const Account& account) { record(account.items, account.words); }
  void record_failed_request(std::string_view reason, std::string_view words);

  Totals totals() const;

 private:
  const std::string receiver_;
  mutable std::mutex mutex_;
  Totals totals_;  // guarded by mutex_
};

}  // namespace tocsin::agent
