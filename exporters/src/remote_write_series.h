// SPDX-License-Identifier: Apache-2.0
// A row of a family as the series of a WriteRequest.
// Threads: one.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporters/remote_write.h"
#include "exporters/src/otlp_plan.h"
#include "meters/series_identity.h"
#include "wire/remote_write_writer.h"

namespace tocsin::exporters {

// What a destination has of each series: receivers refuse a whole request for one sample that is not newer. 56 bytes a series.
class RemoteWriteMemory {
 public:
  struct Told {
    std::int64_t last_ms = 0, exemplar_ms = 0;
    bool ended = false;
  };

  // The first Snapshot that was sent: of what began before it, somebody else may have told.
  void began(std::int64_t ns) noexcept {
    if (since_ns_ == 0) since_ns_ = ns;
  }
  const Told* find(std::uint64_t series) const;
  void tell(std::uint64_t series, const Told& told);
  // A series that is not found, with this start, was never told.
  bool is_new(std::int64_t start_ns) const noexcept { return since_ns_ != 0 && start_ns > since_ns_; }
  std::size_t bytes() const noexcept { return told_.size() * 56; }

 private:
  static constexpr std::size_t kMostEnded = 200'000;  // beyond it those that ended first are forgotten
  static constexpr std::int64_t kOverMs = 86'400'000;  // not told for so long: its end did not arrive
  bool is_over(const Told& told) const noexcept { return told.ended || told.last_ms < newest_ms_ - kOverMs; }
  void forget();

  std::int64_t since_ns_ = 0;  // or the last end that was forgotten
  std::int64_t newest_ms_ = 0;
  std::size_t ended_ = 0, kept_ = 0;  // kept_: after the last time that some were forgotten
  std::unordered_map<std::uint64_t, Told> told_;
};

// What rows of a family have in common. The family and the options must outlive it.
class RemoteWriteFamily {
 public:
  RemoteWriteFamily(const PlannedFamily& planned, const RemoteWriteOptions& options);

  // The row's series, whatever their `le` or `quantile`.
  std::uint64_t series(meters::Row row);
  // What the destination does not have of it; nothing where that is newer. `before_ns`: of the Snapshot before.
  void append(wire::WriteRequestWriter& writer, meters::Row row, std::int64_t before_ns, const RemoteWriteMemory& memory);
  // It has it now.
  void tell(meters::Row row, RemoteWriteMemory& memory);

 private:
  using Label = wire::WriteRequestWriter::Label;
  // The samples' times, and whether they are staleness markers.
  struct Frame {
    std::int64_t time_ms = 0, zero_ms = 0;  // 0: nothing to be told; no zero
    std::int64_t exemplars_after_ms = 0;
    bool ended = false;
  };

  // Requires: labels_ are the row's.
  Frame frame(meters::Row row, std::int64_t before_ns, const RemoteWriteMemory& memory) const;
  std::uint64_t hash() const;
  void read_labels(meters::Row row);
  void begin(wire::WriteRequestWriter& writer, std::string_view name, const Label* more = nullptr);
  void values(wire::WriteRequestWriter& writer, double value, const Frame& frame);
  void sum_and_count(wire::WriteRequestWriter& writer, double sum, std::uint64_t count, const Frame& frame);
  void scalar(wire::WriteRequestWriter& writer, const meters::Scalars& points, meters::Row row, const Frame& frame);
  void classic(wire::WriteRequestWriter& writer, const meters::Histograms& points, meters::Row row, const Frame& frame);
  void native(wire::WriteRequestWriter& writer, const meters::Histograms& points, meters::Row row, const Frame& frame);
  void summary(wire::WriteRequestWriter& writer, const meters::Summaries& points, meters::Row row, const Frame& frame);
  std::span<const meters::Exemplar> exemplars_of(meters::Row row) const;
  // Of one bucket, or of all of them in the order of their times.
  void exemplars(wire::WriteRequestWriter& writer, meters::Row row, std::optional<std::uint32_t> bucket, const Frame& frame) const;

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
