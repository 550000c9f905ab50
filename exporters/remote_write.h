// SPDX-License-Identifier: Apache-2.0
// Remote write 1.0: Snapshots as Prometheus itself would send them after a scrape, for a destination's queue (destination.h). A target
// of its own: only what uses this links snappy.
//
//   auto transport = make_remote_write_transport(options);      // options.endpoint: the whole URL
//   auto destination = Destination::make(options, *std::move(transport), clock, make_remote_write_encoder({}));
//
// Series carry the names and labels of /metrics; those of this process job and instance of its resource, too. Samples have
// their own times, and are told only where the destination has nothing as new; a series that ended gets a staleness marker; a counter
// or histogram that began after the first export gets a zero before it; exemplars, target_info, and metadata once a minute.
// Specification: prometheus.io/docs/specs/prw/remote_write_spec.
// Threads: as MetricsEncoder and Transport say. Costs about 1 us and 56 bytes a series.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exporters/metrics_encoder.h"
#include "exporters/destination.h"

namespace tocsin::exporters {

struct RemoteWriteOptions {
  std::vector<std::pair<std::string, std::string>> labels{};  // on every series that has no such label
  bool scope_labels = true, target_info = true;
  OtlpHistograms histograms = OtlpHistograms::Explicit;  // of those that have both kinds of buckets
  std::size_t max_bytes = std::size_t{2} << 20;  // of a message, before compression
  std::uint64_t max_points = 5'000;              // rows of a message: a histogram is one
};

std::unique_ptr<MetricsEncoder> make_remote_write_encoder(RemoteWriteOptions options);

// 429 and 5xx are tried again, other refusals never. Errors: Configuration: no URL, a header that the protocol sets.
Result<std::unique_ptr<Transport>> make_remote_write_transport(const DestinationOptions& options);

}  // namespace tocsin::exporters
