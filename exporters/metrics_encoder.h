// SPDX-License-Identifier: Apache-2.0
// MetricsEncoder: a Snapshot as requests to one destination, split by size, in whatever format that reads: what a
// destination's queue asks of otlp_encode.h and remote_write.h.
//
//   encoder.load({snapshot, previous});
//   while (auto request = encoder.next(SIZE_MAX)) if (send(request->body)) encoder.acknowledge(*request);
//
// A received series is sent when its time has moved since `previous`; one that ended is told as ended, once.
// Threads: one. Costs one request in memory, and what the format must remember (state_bytes()).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "meters/snapshot.h"

namespace tocsin::exporters {

// A family that has ended rows, and the time of its Snapshot.
struct EndedFamily {
  std::shared_ptr<const meters::Family> family;
  Time time;
};

// What is to be sent: everything in `snapshot` that is not already in `previous`.
struct ExportLoad {
  std::shared_ptr<const meters::Snapshot> snapshot;
  std::shared_ptr<const meters::Snapshot> previous{};  // null: everything
  std::vector<EndedFamily> ended{};                    // of Snapshots that were left out in between
};

// An estimate of what keeping the Snapshot costs, label texts apart (they are shared).
std::size_t bytes_of(const meters::Snapshot& snapshot) noexcept;
void append_ended(const meters::Snapshot& snapshot, std::vector<EndedFamily>& out);

// A place in the order in which a load is encoded.
struct ExportCursor {
  std::uint32_t family = 0;  // in the encoder's order
  meters::Row row = 0;
  auto operator<=>(const ExportCursor&) const = default;
};

struct ExportRequest {
  std::string body;
  std::uint64_t points = 0;
  ExportCursor begin, end;  // the rows it covers, unchanged ones of a delta included
};

class MetricsEncoder {
 public:
  virtual ~MetricsEncoder() = default;

  // Loads that wait may become one, since each tells what changed since the last that arrived.
  virtual bool merges() const noexcept { return false; }
  // Points that next() makes of this load, where loads do not merge.
  virtual std::uint64_t points_of(const ExportLoad& load) const = 0;

  // Begins a new one. Requests of the one before must not be acknowledged any more.
  virtual void load(ExportLoad load) = 0;
  // The next request, of max_bytes or less; nothing at the end of the load.
  virtual std::optional<ExportRequest> next(std::size_t max_bytes) = 0;
  // The same points in at least two requests. Empty when there is only one point.
  virtual std::vector<ExportRequest> halve(const ExportRequest& request) = 0;
  // The destination has these.
  virtual void acknowledge(const ExportRequest& request) = 0;
  // Goes on where `before`, of the same kind, ended, which is of no use any more. Requires: nothing was loaded yet.
  virtual void continue_from(MetricsEncoder& before) = 0;
  virtual std::size_t state_bytes() const noexcept = 0;
};

}  // namespace tocsin::exporters
