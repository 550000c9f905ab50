// SPDX-License-Identifier: Apache-2.0
#include "agent/notify/src/lane.h"

#include <algorithm>
#include <utility>

#include "agent/url_toml.h"

namespace tocsin::agent {
namespace {

using rules::ToldRecord;

// A receiver that comes back hears of everything within seconds. Giving up is decided alert by alert, not here.
constexpr wire::BackoffOptions kBackoff{.initial = std::chrono::milliseconds{500},
                                        .longest = std::chrono::seconds{15},
                                        .factor = 2,
                                        .give_up_after = std::chrono::hours{24 * 3'650},
                                        .longest_asked_for = std::chrono::minutes{5}};

// In the account, and by the word that is counted and shown.
std::pair<wire::DropReason, const char*> drop_reason(const std::string& reason) {
  if (reason.starts_with("refused")) return {wire::DropReason::Refused, "refused"};
  if (reason == "queue_full") return {wire::DropReason::QueueFull, "queue_full"};
  if (reason == "retry_timeout") return {wire::DropReason::RetryTimeout, "retry_timeout"};
  return {wire::DropReason::Rejected, reason == "silenced" ? "silenced" : "other"};
}

}  // namespace

Lane::Lane(std::unique_ptr<Receiver> receiver, Time since, std::uint64_t seed)
    : receiver_(std::move(receiver)), since_(since), backoff_(kBackoff, seed) {}

const ToldRecord* Lane::find(const std::string& key) const {
  const auto found = told_.find(key);
  return found == told_.end() ? nullptr : &found->second;
}

void Lane::account(const OutboxEntry& entry) {
  if (entry.row.ended() && entry.row.ends_at < since_ && find(entry.row.key) == nullptr) {
    told_[entry.row.key] = {.key = entry.row.key, .receiver = receiver_->name(), .gave_up_at = since_, .reason = "not configured then"};
    return;
  }
  const std::size_t now = owes(entry);
  if (now == 0 && !owed_.contains(entry.row.key)) return;
  std::size_t& before = owed_[entry.row.key];
  if (now > before) ledger_.offer(now - before);
  before = std::max(before, now);
}

void Lane::forget(const std::string& key) {
  if (const auto found = owed_.find(key); found != owed_.end()) {
    if (found->second > 0) {
      ledger_.drop(found->second, wire::DropReason::Rejected);
      dropped_["other"] += found->second;
    }
    owed_.erase(found);
  }
  told_.erase(key);
}

// The record stands; what it says was told or given up leaves the queue.
void Lane::settle(const ToldRecord& record) {
  const bool gave_up = record.gave_up_at != Time{};
  std::size_t& held = owed_[record.key];
  const ToldRecord* before = find(record.key);
  std::size_t done = 0;
  if (gave_up) {
    done = held;
  } else {
    const bool firing = record.firing_at != Time{} && (before == nullptr || before->firing_at == Time{});
    const bool resolved = record.resolved_at != Time{} && (before == nullptr || before->resolved_at == Time{});
    // One that is told only when it is over has heard both at once.
    done = std::min<std::size_t>(held, (firing ? 1 : 0) + (resolved ? 1 : 0));
    if (resolved) done = held;
  }
  held -= done;
  if (done > 0) {
    ledger_.begin(done);
    if (gave_up) {
      const auto [reason, word] = drop_reason(record.reason);
      ledger_.finish(0, done, reason);
      dropped_[word] += done;
    } else {
      ledger_.finish(done);
    }
  }
  told_[record.key] = record;
}

const Sending* Lane::plan(const OutboxEntries& rows, Time now, Monotonic monotonic, Time& wake, std::vector<ToldRecord>& changed) {
  if (busy()) return nullptr;
  std::vector<ToldRecord> settled;
  Time mine = kNever;
  auto sending = receiver_->next(rows, told_, now, mine, settled);
  for (ToldRecord& record : settled) {
    settle(record);
    changed.push_back(std::move(record));
  }
  if (sending && backoff_.not_before() > monotonic) {
    mine = std::min(mine, now + (backoff_.not_before() - monotonic));
    sending.reset();
  }
  wake = std::min(wake, mine);
  if (!sending) return nullptr;
  ++requests_;
  if (first_attempt_ == Monotonic{}) first_attempt_ = monotonic;
  sending_ = std::move(sending);
  return &*sending_;
}

void Lane::answered(const Outcome& outcome, Time now, Monotonic monotonic, std::vector<ToldRecord>& changed) {
  const Sending sent = *std::exchange(sending_, std::nullopt);
  std::vector<ToldRecord> refused = receiver_->answered(sent, outcome.answer, outcome.why, now);
  if (outcome.answer == Answer::Accepted) {
    alerts_ += sent.records.size();
    for (const ToldRecord& record : sent.records) {
      const ToldRecord* before = find(record.key);
      if (before != nullptr && *before == record) continue;  // a repeat
      settle(record);
      changed.push_back(record);
    }
    last_success_ = now;
    failing_since_.reset();
    last_error_ = sent.fault.empty() ? "" : "text: " + sent.fault;
  } else {
    ++failed_;
    last_error_ = outcome.why;
    if (!failing_since_) failing_since_ = now;
  }
  for (ToldRecord& record : refused) {
    settle(record);
    changed.push_back(std::move(record));
  }
  if (outcome.answer == Answer::Later) {
    (void)backoff_.again(first_attempt_, monotonic, outcome.retry_after);
  } else {
    backoff_.succeeded();
    first_attempt_ = {};
  }
}

std::size_t Lane::owes(const OutboxEntry& entry) const {
  return receiver_->takes(entry.row) ? owed(entry, find(entry.row.key)) : 0;
}

bool Lane::finished(const OutboxEntry& entry, Time now) const {
  if (!receiver_->takes(entry.row)) return entry.row.ended();
  return receiver_->finished(entry, find(entry.row.key), now);
}

ToldRecord Lane::give_up(const OutboxEntry& entry, Time now, const char* reason) {
  const ToldRecord* before = find(entry.row.key);
  ToldRecord record = before != nullptr ? *before : ToldRecord{.key = entry.row.key, .receiver = receiver_->name()};
  record.gave_up_at = now;
  record.reason = reason;
  settle(record);
  return record;
}

ReceiverState Lane::state(const OutboxEntries& rows) const {
  ReceiverState state;
  state.name = receiver_->name();
  state.kind = receiver_->kind();
  state.url = shown_url(receiver_->url());
  state.since = since_;
  state.tellings = ledger_.counts();
  state.dropped = dropped_;
  state.requests = requests_, state.failed_requests = failed_, state.alerts = alerts_;
  state.last_success = last_success_, state.failing_since = failing_since_;
  state.last_error = last_error_;
  for (const auto& [key, entry] : rows) {
    if (entry.silenced || owes(entry) == 0) continue;
    const ToldRecord* record = find(key);
    const Time since = entry.row.ended() && record != nullptr && record->firing_at != Time{} ? entry.row.ends_at : entry.row.starts_at;
    if (!state.oldest_owed || since < *state.oldest_owed) state.oldest_owed = since;
  }
  return state;
}

}  // namespace tocsin::agent
