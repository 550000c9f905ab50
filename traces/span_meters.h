// SPDX-License-Identifier: Apache-2.0
// SpanMeters: spans become the request meters: server_request_total and server_request_time_microseconds from SERVER and
// CONSUMER spans, the rely_ ones from CLIENT and PRODUCER spans; spans of other kinds are accepted and make none.
//
//   SpanMeters span_meters(clock, options);
//   SpanMeters::Applied applied = span_meters.apply(batch);   // each request: counts, latencies, exemplars
//   span_meters.tick();                                       // before each tick's Snapshot: ends what is silent or idle
//   span_meters.collect(builder);                             // a Source
//   span_meters.sinks_saw();                                  // after it: what has ended is dropped
//
// A span counts when it arrives, however old it is: the totals are cumulative. One that is sent twice counts twice (OTLP
// delivers at least once), one that its SDK sampled away not at all. The series of a func begin at zero with status="ok",
// ret="0". Over the limits an overflow series keeps totals, job and server_name right; funcs that are span names, and
// peers that are addresses, become "(other)" beyond a bound of their own. See docs/decisions/0050-spans-as-requests.md.
// Threads: thread-safe; apply() holds one mutex for a batch, collect() for a sender at a time.
// Costs 25 to 60 ns a span; about 1.5 KiB a series.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "meters/base/clock.h"
#include "meters/flow.h"
#include "meters/request_convention.h"
#include "traces/span.h"

namespace tocsin::traces {

struct SpanMetersOptions {
  bool service_namespace = false;     // server_name "namespace/name" instead of "name"
  std::string dc_attribute = {};      // a resource attribute that goes before the standard ones for dc
  std::string server_host_attribute = {};  // "host.name" where the label is wanted; none when empty
  std::string app_id_attribute = {};  // of the resource; of the span it is the decoder's to find
  std::vector<std::string> promoted = {};  // as for identify()
  meters::NameStrategy names = meters::NameStrategy::UnderscoreEscapingWithSuffixes;  // likewise
  std::uint32_t max_label_sets = 2000;  // a sender and meter
  std::uint32_t max_names = 1000, max_addresses = 200;  // a sender and side: funcs from span names, peers from addresses
  std::uint32_t max_senders = 10'000;
  std::uint32_t max_series = 200'000;  // in all, apart from overflow series
  std::chrono::nanoseconds silent_after = std::chrono::minutes(5);
  std::chrono::nanoseconds idle_after = std::chrono::hours(1);
  std::chrono::nanoseconds future_tolerance = std::chrono::minutes(5);
};

enum class SpanReject : std::uint8_t {
  InvalidIds,        // a trace or span id missing, all zero or of a wrong length
  MissingTime,       // no start or no end
  NegativeDuration,  // ends before it starts
  Future,            // ends further ahead of our clock than the tolerance
  TooManySenders,
};
inline constexpr std::size_t kSpanRejects = 5;
std::string_view to_text(SpanReject reason) noexcept;  // "invalid_ids", ...

// received = accepted + rejected; accepted = server + rely + other_kinds + suppressed.
struct SpanLedger {
  std::uint64_t received = 0, accepted = 0;
  std::array<std::uint64_t, kSpanRejects> rejected{};  // by SpanReject
  std::uint64_t server = 0, rely = 0;                  // counted in the meters of that side
  std::uint64_t other_kinds = 0;                       // INTERNAL and unspecified: no requests
  std::uint64_t suppressed = 0;                        // their sender sends the meter itself
  std::uint64_t overflowed = 0;                        // of server and rely, in an overflow series
};

class SpanMeters final : public meters::Source {
 public:
  // Whether a sender sends this meter itself, so that spans must not count it again. Called without a lock held, by
  // apply() for a new sender, by tick() and collect() for all.
  // The sender by job, instance and promoted labels.
  using SendsItself = std::function<bool(const meters::Resource& sender, std::string_view meter)>;

  struct Applied {
    std::uint64_t accepted = 0, rejected = 0;
    std::array<std::uint64_t, kSpanRejects> rejected_by{};  // by SpanReject
    std::string reason;  // for the sender, where something was rejected: "2 not measured: the span ends in the future"
  };

  struct Stats {
    std::uint32_t senders = 0, suppressed_senders = 0, series = 0;
  };

  SpanMeters(const Clock& clock, SpanMetersOptions options, SendsItself sends_itself = {});
  ~SpanMeters() override;

  // From now on: labels and limits. No count is lost: what spans were counted in under other labels ends when it is idle.
  void configure(SpanMetersOptions options);

  // Counts a decoded batch, whole or not at all as far as a sender is concerned: a Snapshot shows all of its spans of
  // one resource or none.
  Applied apply(const SpanBatch& batch);

  // Ends the series of senders that have been silent, and idle ones.
  void tick();
  // Every sink of the tick has taken a Snapshot that was collected after tick(): what ended by then is dropped.
  void sinks_saw();

  void collect(meters::SnapshotBuilder& builder) override;

  SpanLedger ledger() const;
  Stats stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::traces
