// SPDX-License-Identifier: Apache-2.0
// LatestSamples: the latest point of each series of a Batch, for the intake: so that what was scraped or written remotely
// is on /metrics and exported too. Buckets, counts and sums whose family is described become histograms and summaries again.
//
//   LatestSamples latest(Via::Scrape);               // one a BatchBuilder: it remembers rows
//   intake.apply(latest.points(builder.batch()));    // valid until the next call
//
// `job` and `instance` are the sender, other labels the series. A stale sample ends its series; so does a family that
// comes to be described otherwise. Names stay as they were sent (see Intake). Exemplars go along, those of buckets to their
// histogram.
// Threads: one. Costs about 100 ns a sample; per series its label texts and about 150 bytes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/metric_points.h"
#include "rules/batch.h"

namespace tocsin::agent {

class LatestSamples {
 public:
  explicit LatestSamples(meters::Via via) { points_.via = via; }

  const MetricPoints& points(const rules::Batch& batch);

 private:
  enum class Role : std::uint8_t { Unknown, Number, Bucket, Count, Sum, Quantile, Native, Created };

  struct Row {
    Role role = Role::Unknown;
    std::uint32_t sender = 0;
    std::uint32_t group = 0;  // of a part of a histogram or summary
    double bound = 0;
    std::string attributes;   // KeyValue fields; of a group's parts without le and quantile
    RawHash hash;
  };
  struct FamilyRows {
    std::uint64_t table_id = 0;
    std::shared_ptr<const meters::Descriptor> descriptor;
    std::vector<Row> rows;
  };
  // A histogram or summary put together again.
  struct Group {
    std::uint32_t sender = 0;
    std::shared_ptr<const meters::Descriptor> descriptor;
    std::string attributes;
    RawHash hash;
    std::map<double, double> parts;  // bound to cumulative count, or quantile to value
    double count = 0, sum = meters::kNoValueSent;
    std::int64_t time_ms = 0, start_ms = 0;
    bool touched = false, ended = false;
  };
  // What is to be told, in the order of sender and meter.
  struct Told {
    std::uint32_t sender, meter;
    std::uint32_t sample;  // or group
    Role role;             // Count: a group
    bool operator<(const Told& other) const noexcept {
      return sender != other.sender ? sender < other.sender : meter < other.meter;
    }
  };

  void forget_changed(const rules::Batch& batch);
  void settle(const rules::Batch& batch, std::uint32_t family, meters::Row at, Row& row);
  void take(const rules::Batch& batch, std::uint32_t sample);
  void take_part(const rules::Batch& batch, std::uint32_t sample, const Row& row);
  void tell(const rules::Batch& batch);
  void tell_number(const rules::Batch& batch, std::uint32_t sample);
  void tell_native_end(const rules::Batch& batch, std::uint32_t sample);
  void tell_native(const rules::Batch& batch, std::uint32_t sample);
  void tell_custom(const rules::Batch& batch, std::uint32_t sample);
  void tell_histogram(const rules::Batch& batch, std::uint32_t group);
  void tell_summary(const Group& group);
  void open_metric(std::string_view name, const meters::Descriptor* descriptor, Shape shape);
  void close_metric();
  void open_sender(std::uint32_t sender);
  void close_sender();
  void find_exemplars(const rules::Batch& batch);
  void tell_exemplars(const rules::Batch& batch, std::uint64_t of);  // of the point that was added last
  static std::uint64_t row_key(std::uint32_t family, meters::Row row) noexcept { return std::uint64_t{family} << 32 | row; }
  static std::uint64_t group_key(std::uint32_t group) noexcept { return std::uint64_t{1} << 63 | group; }
  std::uint32_t sender(std::string_view job, std::string_view instance);
  std::uint32_t meter(std::string_view name);
  Row& row_of(const rules::Batch& batch, std::uint32_t sample) {
    return families_[batch.family[sample]].rows[batch.row[sample]];
  }

  MetricPoints points_;
  MetricPoints::Metric metric_;
  std::vector<FamilyRows> families_;  // as the Batch's
  std::deque<std::string> senders_;  // Resource messages; points have views of them
  std::optional<std::uint32_t> open_;  // the sender that is being told
  std::unordered_map<std::string, std::uint32_t> sender_of_, group_of_, meter_of_;
  std::vector<Group> groups_;
  std::vector<std::uint32_t> touched_;
  std::vector<Told> told_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> exemplars_;  // of the Batch, by row_key() or group_key()
};

}  // namespace tocsin::agent
