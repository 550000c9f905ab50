// SPDX-License-Identifier: Apache-2.0
// A row of a family as the series of a WriteRequest.
// Threads: one.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "exporters/remote_write.h"
#include "exporters/src/otlp_plan.h"
#include "meters/series_identity.h"
#include "wire/remote_write_writer.h"

namespace tocsin::exporters {

// What a destination was told, as far as a zero at a series' start depends on it: none may be older than what is there.
class RemoteWriteMemory {
 public:
  // The first Snapshot that was sent. Whoever began later was told by nobody else.
  void began(std::int64_t ns) noexcept {
    if (first_ns_ == 0) first_ns_ = ns;
  }
  void ended(std::uint64_t series);
  // It has not been told before.
  bool is_new(std::uint64_t series, std::int64_t start_ns) const;
  std::size_t bytes() const noexcept { return ended_.size() * 24; }

 private:
  static constexpr std::size_t kMostEnded = 200'000;  // beyond it no series counts as new any more

  std::int64_t first_ns_ = 0;
  bool remembers_ = true;
  std::unordered_set<std::uint64_t> ended_;
};

// What rows of a family have in common. The family and the options must outlive it.
class RemoteWriteFamily {
 public:
  RemoteWriteFamily(const PlannedFamily& planned, const RemoteWriteOptions& options);

  // `after_ns`: of the Snapshot before; only later exemplars are told.
  void append(wire::WriteRequestWriter& writer, meters::Row row, std::int64_t after_ns, RemoteWriteMemory& memory);

 private:
  using Label = wire::WriteRequestWriter::Label;
  // The samples' times, and whether they are staleness markers.
  struct Frame {
    std::int64_t time_ms = 0, zero_ms = 0;  // 0: no zero
    std::int64_t after_ns = 0;              // of exemplars
    bool ended = false;
  };

  Frame frame(meters::Row row, std::int64_t after_ns, RemoteWriteMemory& memory) const;
  std::uint64_t series_hash() const;
  void read_labels(meters::Row row);
  void begin(wire::WriteRequestWriter& writer, std::string_view name, const Label* more = nullptr);
  void values(wire::WriteRequestWriter& writer, double value, const Frame& frame);
  void scalar(wire::WriteRequestWriter& writer, const meters::Scalars& points, meters::Row row, const Frame& frame);
  void classic(wire::WriteRequestWriter& writer, const meters::Histograms& points, meters::Row row, const Frame& frame);
  void native(wire::WriteRequestWriter& writer, const meters::Histograms& points, meters::Row row, const Frame& frame);
  void summary(wire::WriteRequestWriter& writer, const meters::Summaries& points, meters::Row row, const Frame& frame);
  void exemplars(wire::WriteRequestWriter& writer, meters::Row row, std::uint32_t bucket, const Frame& frame) const;

  const PlannedFamily planned_;
  const meters::Family& family_;
  const RemoteWriteOptions& options_;
  const std::string name_, bucket_, sum_, count_;
  meters::SeriesIdentity identity_;
  std::vector<std::string> bounds_;  // le of each bucket
  std::vector<Label> labels_, series_;
  meters::LabelPairs merged_;
};

}  // namespace tocsin::exporters
