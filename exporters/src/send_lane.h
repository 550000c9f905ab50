// SPDX-License-Identifier: Apache-2.0
// Lane: the requests of one signal to one destination, in order: what is next, what becomes of it, when to try
// again. Knows no socket and no thread, so that every answer can be played in a test.
// Threads: one, the destination's; ledger() and counters from any.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporters/otlp_encode.h"
#include "exporters/transport.h"
#include "wire/delivery.h"

namespace tocsin::exporters {

class Lane {
 public:
  struct Parcel {
    ExportRequest request;
    std::shared_ptr<const std::string> prepared;  // what goes out; null before the first attempt
    std::optional<Monotonic> first_attempt;
  };

  // `max_bytes`: of a request. The limit falls when the destination says that one was too large, and rises again.
  Lane(Signal signal, std::size_t max_bytes, const wire::BackoffOptions& backoff, std::uint64_t seed)
      : signal_(signal), backoff_(backoff, seed), max_bytes_(max_bytes), limit_(max_bytes) {}
  virtual ~Lane() = default;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  Signal signal() const noexcept { return signal_; }

  // Something waits, be it for its time or for its turn.
  bool has_work() const { return !parcels_.empty() || waiting(); }
  Monotonic not_before() const noexcept { return backoff_.not_before(); }
  void hurry() noexcept { backoff_.hurry(); }

  // Puts the next request into flight; null when there turns out to be none. Requires: none is in flight.
  Parcel* begin(Monotonic now);
  // What became of it. Requires: one is in flight.
  void settle(const wire::Verdict& verdict, Monotonic now);
  // What comes too late is not sent, and is in the ledger all the same.
  void refuse(std::uint64_t items) { ledger_.offer(items), ledger_.drop(items, wire::DropReason::Stopped); }
  // Nothing more will be sent: in flight, formed and waiting are dropped as `Stopped`.
  void abandon();

  const wire::Ledger& ledger() const noexcept { return ledger_; }
  std::uint64_t requests() const noexcept { return requests_; }
  std::uint64_t retries() const noexcept { return retries_; }

 protected:
  // There is more to form; its items are in the ledger as queued, or will be once it is formed.
  virtual bool waiting() const = 0;
  // The next request of about `limit` bytes at most, its items queued; nothing when there is none after all.
  virtual std::optional<ExportRequest> form(std::size_t limit) = 0;
  // The same items in at least two requests; empty when that is not possible.
  virtual std::vector<ExportRequest> halve(const ExportRequest& request) = 0;
  virtual void delivered(const ExportRequest&) {}
  // Drops what waits.
  virtual void abandon_waiting() = 0;

  wire::Ledger ledger_;

 private:
  void finish_front(std::uint64_t sent, std::uint64_t dropped, wire::DropReason reason);
  void accepted(std::uint64_t rejected);
  void too_large();

  const Signal signal_;
  wire::Backoff backoff_;
  std::deque<Parcel> parcels_;  // the first one is in flight, or next
  bool in_flight_ = false;
  const std::size_t max_bytes_;
  std::size_t limit_;
  std::uint32_t accepted_since_limit_ = 0;
  std::atomic<std::uint64_t> requests_ = 0, retries_ = 0;
};

}  // namespace tocsin::exporters
