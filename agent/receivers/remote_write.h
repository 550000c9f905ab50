// SPDX-License-Identifier: Apache-2.0
// RemoteWriteReceiver: POST /api/v1/write, remote write 1.0: samples at their own times, as a Prometheus sends them.
//
//   RemoteWriteReceiver receiver(window, intake, {}, clock);
//   router.change("/api/v1/write", [&](auto& request, auto& responder) { receiver.serve(request, responder); });
//
// Answers 204 where every sample was taken. Where some were not (out of order, too old, labels that cannot be), the others
// are, and 400 says how many of each and why: the sender must not repeat them. 415 for another format (2.0 too), 413 over
// max_request_bytes, 429 while too much is being worked on.
// Specification: prometheus.io/docs/specs/prw/remote_write_spec.
// Threads: thread-safe; requests are applied one after the other. Costs about 300 ns a sample of a known series.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "agent/ledger.h"
#include "agent/raw_hash.h"
#include "agent/sample_stream.h"
#include "agent/scrape_config.h"
#include "meters/base/clock.h"
#include "wire/http_message.h"
#include "wire/remote_write_codec.h"

namespace tocsin::agent {

class RemoteWriteReceiver {
 public:
  RemoteWriteReceiver(rules::Window& window, Intake& intake, const RemoteWriteConfig& config, const Clock& clock);

  // While it serves, as on a reload.
  void configure(const RemoteWriteConfig& config);
  void serve(const wire::HttpRequest& request, wire::HttpResponder& responder);

  const Ledger& ledger() const noexcept { return ledger_; }  // of samples, native histograms among them

 private:
  struct HashOf {
    std::size_t operator()(const RawHash& hash) const noexcept { return hash.low; }
  };
  struct Taken {
    Ledger::Entry entry;
    std::string words;  // empty: everything was taken
  };

  Result<Taken> accept(const wire::HttpRequest& request);
  Taken apply(const wire::WriteRequest& request);
  rules::BatchBuilder::Place place(const wire::WriteRequest& request, const wire::WriteSeries& series);
  void describe(std::string_view name);
  void keep(const wire::WriteMetadata& metadata);
  void forget_old(Monotonic now);

  // Fixed after construction.
  const Clock& clock_;

  Ledger ledger_{"remote_write"};  // own synchronisation
  std::atomic<std::size_t> in_flight_{0};
  std::atomic<bool> enabled_;
  std::atomic<std::size_t> max_request_bytes_;

  static constexpr std::size_t kManyPlaces = 200'000, kMostPlaces = 8 * kManyPlaces;

  std::mutex mutex_;
  // Guarded by mutex_.
  SampleStream stream_;
  std::unordered_map<RawHash, rules::BatchBuilder::Place, HashOf> places_;
  std::unordered_map<std::string, std::shared_ptr<const meters::Descriptor>> metadata_;  // by family
  std::unordered_set<std::string> names_;  // of samples that have a place
  Monotonic forgot_{};
  std::size_t most_places_ = kManyPlaces;
};

}  // namespace tocsin::agent
