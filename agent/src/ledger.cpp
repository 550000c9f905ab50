// SPDX-License-Identifier: Apache-2.0
#include "agent/ledger.h"

namespace tocsin::agent {

namespace {

void add(std::map<std::string, std::uint64_t, std::less<>>& counts, std::string_view key, std::uint64_t by) {
  const auto found = counts.find(key);
  if (found != counts.end()) {
    found->second += by;
  } else {
    counts.emplace(key, by);
  }
}

}  // namespace

std::uint64_t Ledger::Account::rejected_sum() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [reason, number] : items.rejected) sum += number;
  return sum;
}

std::uint64_t Ledger::Totals::rejected_sum() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [reason, number] : rejected) sum += number;
  return sum;
}

void Ledger::expect(std::string_view reason) {
  const std::lock_guard lock(mutex_);
  add(totals_.rejected, reason, 0);
}

void Ledger::record(const Entry& entry, std::string_view words) {
  const std::lock_guard lock(mutex_);
  ++totals_.requests;
  totals_.accepted += entry.accepted;
  totals_.received += entry.accepted;
  for (const auto& [reason, number] : entry.rejected) {
    totals_.received += number;
    add(totals_.rejected, reason, number);
  }
  if (!words.empty()) totals_.last_rejection = words;
}

void Ledger::record_failed_request(std::string_view reason, std::string_view words) {
  const std::lock_guard lock(mutex_);
  ++totals_.requests;
  add(totals_.failed_requests, reason, 1);
  totals_.last_rejection = words;
}

Ledger::Totals Ledger::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace tocsin::agent
