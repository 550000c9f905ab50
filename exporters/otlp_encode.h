// SPDX-License-Identifier: Apache-2.0
// A Snapshot as OTLP metrics requests (ExportMetricsServiceRequest, protobuf), split by size, for one destination.
//
//   OtlpEncoder encoder({.temporality = OtlpTemporality::Delta});
//   encoder.load({snapshot, previous});
//   while (auto request = encoder.next()) if (send(request->body)) encoder.acknowledge(*request);
//
// Names, units and attribute types are the original ones, not Prometheus'. A received series is sent when its time has
// moved since `previous`; one that ended is sent once more with the flag "no recorded value". Deltas are computed
// against what was acknowledged: what was not, for whatever reason, is part of the next one.
// Threads: one. Costs about 100 ns a number point; besides one request in memory, for deltas the last acknowledged value
// of each series (state_bytes()). Resources with equal attributes become one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "meters/snapshot.h"

namespace tocsin::exporters {

// OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE. Up-down counters are cumulative in all three; summaries have none.
enum class OtlpTemporality : std::uint8_t {
  Cumulative,
  Delta,      // counters and histograms
  LowMemory,  // the same, but counters that come to us as totals (observed meters, OTLP, scrapes) stay cumulative
};

// For histograms that have both kinds of buckets; one that has a single kind is sent as that.
enum class OtlpHistograms : std::uint8_t { Explicit, Exponential };

struct OtlpEncodeOptions {
  OtlpTemporality temporality = OtlpTemporality::Cumulative;
  OtlpHistograms histograms = OtlpHistograms::Explicit;
  meters::Attributes resource_attributes{};        // added to each resource that has no such key; normalized
  std::size_t max_bytes = std::size_t{2} << 20;  // of a request, but for a single point that is larger
  std::uint64_t max_points = 10'000;             // of a request
};

// A family that has ended rows, and the time of its Snapshot.
struct OtlpEnded {
  std::shared_ptr<const meters::Family> family;
  Time time;
};

// What is to be sent: everything in `snapshot` that is not already in `previous`.
struct OtlpLoad {
  std::shared_ptr<const meters::Snapshot> snapshot;
  std::shared_ptr<const meters::Snapshot> previous{};  // null: everything
  std::vector<OtlpEnded> ended{};                      // of Snapshots that were left out in between
};

// Points that an encoder with cumulative temporality makes of this load.
std::uint64_t cumulative_points(const OtlpLoad& load);
// An estimate of what keeping the Snapshot costs, label texts apart (they are shared).
std::size_t bytes_of(const meters::Snapshot& snapshot) noexcept;
void append_ended(const meters::Snapshot& snapshot, std::vector<OtlpEnded>& out);

// A place in the order in which a load is encoded.
struct OtlpCursor {
  std::uint32_t family = 0;  // in the encoder's order
  meters::Row row = 0;
  auto operator<=>(const OtlpCursor&) const = default;
};

struct OtlpRequest {
  std::string body;
  std::uint64_t points = 0;
  OtlpCursor begin, end;  // the rows it covers, unchanged ones of a delta included
};

class OtlpEncoder {
 public:
  explicit OtlpEncoder(OtlpEncodeOptions options);
  ~OtlpEncoder();
  OtlpEncoder(OtlpEncoder&&) noexcept;
  OtlpEncoder& operator=(OtlpEncoder&&) noexcept;

  // Begins a new one. Requests of the one before must not be acknowledged any more.
  void load(OtlpLoad load);
  // The next request, of max_bytes or less; nothing at the end of the load.
  std::optional<OtlpRequest> next(std::size_t max_bytes = SIZE_MAX);
  // The same points in two requests. Empty when there is only one point.
  std::vector<OtlpRequest> halve(const OtlpRequest& request);
  // Deltas begin where those of `before` ended, which is of no use any more. Requires: nothing was loaded yet.
  void continue_from(OtlpEncoder& before);
  // The destination has these: the next deltas begin here.
  void acknowledge(const OtlpRequest& request);

  std::size_t state_bytes() const noexcept;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::exporters
