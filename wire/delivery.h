// SPDX-License-Identifier: Apache-2.0
// Delivery: what every sender shares: a ledger that always adds up, and when to try again.
//
//   Ledger ledger;                              // offered = sent + queued + in_flight + dropped{reason}, in items:
//   ledger.offer(100);                          // data points, spans, samples
//   ledger.begin(100);
//   ledger.finish(97, 3, DropReason::Rejected);
//   Backoff backoff({}, seed);
//   if (auto at = backoff.again(first, now, reply.retry_after)) ...
//   backoff.succeeded();
//
// Threads: Ledger is thread-safe, and counts() is read under its one lock, so that the equation holds at every read.
// Backoff is a value of one thread. Neither knows a socket.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "meters/base/clock.h"

namespace tocsin::wire {

enum class DropReason : std::uint8_t {
  QueueFull,     // the oldest made room
  Refused,       // the destination said no in a way that must not be repeated
  Rejected,      // the destination took the rest (partial success)
  TooLarge,      // one item is larger than the destination takes
  RetryTimeout,  // it could not be reached for too long
  Stopped,       // still here when the time to stop was over
};
inline constexpr std::size_t kDropReasons = 6;
// "queue_full", "refused", ...: the value of the label `reason`.
std::string_view to_text(DropReason reason) noexcept;

struct LedgerCounts {
  std::uint64_t offered = 0, sent = 0, queued = 0, in_flight = 0;
  std::array<std::uint64_t, kDropReasons> dropped{};  // by DropReason

  std::uint64_t dropped_for(DropReason reason) const noexcept { return dropped[static_cast<std::size_t>(reason)]; }
  std::uint64_t dropped_total() const noexcept;
  bool balanced() const noexcept { return offered == sent + queued + in_flight + dropped_total(); }
};

class Ledger {
 public:
  void offer(std::uint64_t items);  // into the queue
  void begin(std::uint64_t items);  // out of the queue, into flight
  void again(std::uint64_t items);  // out of flight, back into the queue
  // Out of flight for good: `sent` arrived, `dropped` did not.
  void finish(std::uint64_t sent, std::uint64_t dropped = 0, DropReason reason = DropReason::Rejected);
  void drop(std::uint64_t items, DropReason reason);  // out of the queue
  LedgerCounts counts() const;

 private:
  mutable std::mutex mutex_;
  LedgerCounts counts_;  // guarded by mutex_
};

// How the other side took one request.
struct Verdict {
  enum class Kind : std::uint8_t {
    Accepted,
    Retry,     // come back later, after retry_after where it is set
    TooLarge,  // the same in smaller pieces may do
    Refused,   // never again
  };
  Kind kind = Kind::Accepted;
  std::string message;  // why, for a person; with Accepted a warning
  std::optional<std::chrono::nanoseconds> retry_after;
  std::uint64_t rejected = 0;  // items that were not taken though the rest was
};

struct BackoffOptions {
  std::chrono::nanoseconds initial = std::chrono::seconds{1};
  std::chrono::nanoseconds longest = std::chrono::seconds{30};
  double factor = 2;
  std::chrono::nanoseconds give_up_after = std::chrono::minutes{5};  // since the first attempt at an item
  // A Retry-After beyond this is taken as this: a wrong clock elsewhere must not silence us for days.
  std::chrono::nanoseconds longest_asked_for = std::chrono::minutes{15};
};

class Backoff {
 public:
  Backoff(const BackoffOptions& options, std::uint64_t seed) : options_(options), random_(seed) {}

  // After a failed attempt that may be repeated. Nothing: the next attempt would come after give_up_after. In either
  // case not_before() moves: what the destination asked for, or twice the last wait, give or take a half at random.
  std::optional<Monotonic> again(Monotonic first_attempt, Monotonic now,
                                 std::optional<std::chrono::nanoseconds> asked_for);
  void succeeded() noexcept { next_ = {}, not_before_ = {}; }
  // Nothing may be sent earlier. The clock's zero when there is no reason to wait.
  Monotonic not_before() const noexcept { return not_before_; }
  // Forgets a wait of our own making, for a last attempt before stopping; one that was asked for stays.
  void hurry() noexcept;

 private:
  BackoffOptions options_;
  std::minstd_rand random_;
  std::chrono::nanoseconds next_{0};  // the next wait without jitter; 0: initial
  Monotonic not_before_{};
  bool asked_for_ = false;
};

// Retry-After: seconds or an HTTP-date in any of its three forms (RFC 9110, 10.2.3 and 5.6.7). Nothing where it is
// neither; a date that is over is zero.
std::optional<std::chrono::nanoseconds> parse_retry_after(std::string_view text, Time now);

}  // namespace tocsin::wire
