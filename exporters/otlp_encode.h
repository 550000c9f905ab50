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

#include "exporters/metrics_encoder.h"
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

class OtlpEncoder final : public MetricsEncoder {
 public:
  explicit OtlpEncoder(OtlpEncodeOptions options);
  ~OtlpEncoder() override;
  OtlpEncoder(OtlpEncoder&&) noexcept;
  OtlpEncoder& operator=(OtlpEncoder&&) noexcept;

  bool merges() const noexcept override;  // deltas
  std::uint64_t points_of(const ExportLoad& load) const override;  // of cumulative ones
  void load(ExportLoad load) override;
  std::optional<ExportRequest> next(std::size_t max_bytes = SIZE_MAX) override;
  std::vector<ExportRequest> halve(const ExportRequest& request) override;
  // Deltas begin where those of `before` ended.
  void continue_from(MetricsEncoder& before) override;
  // The next deltas begin here.
  void acknowledge(const ExportRequest& request) override;

  std::size_t state_bytes() const noexcept override;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::exporters
