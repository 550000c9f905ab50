// SPDX-License-Identifier: Apache-2.0
// One series as a message io.prometheus.client.Metric (github.com/prometheus/client_model, metrics.proto).
#pragma once

#include <string>
#include <vector>

#include "exporters/src/exposition_plan.h"
#include "meters/series_identity.h"
#include "meters/snapshot.h"

namespace tocsin::exporters {

class ProtobufMetrics {
 public:
  // Both must outlive this.
  ProtobufMetrics(SampleType type, const ExposedMember& member);

  // Appends the row as field `metric` of a MetricFamily. Rows are asked for in ascending order.
  void append(std::string& out, meters::Row row);

 private:
  void append_labels(std::string& out, meters::Row row);
  void append_scalar(std::string& out, const meters::Scalars& points, meters::Row row);
  void append_histogram(std::string& out, const meters::Histograms& points, meters::Row row);
  void append_classic_buckets(std::string& out, const meters::Histograms& points, meters::Row row, std::uint64_t count);
  void append_native_exemplars(std::string& out, meters::Row row, std::uint64_t count);
  void append_summary(std::string& out, const meters::Summaries& points, meters::Row row);
  void append_start(std::string& out, std::uint32_t field, meters::Row row) const;
  void append_exemplar(std::string& out, std::uint32_t field, const meters::Exemplar& exemplar);
  // The row's exemplar of the bucket, or null; asked for in ascending order.
  const meters::Exemplar* exemplar(meters::Row row, std::uint32_t bucket) noexcept;

  const SampleType type_;
  const ExposedMember& member_;
  const meters::Family& family_;
  std::string constants_;             // encoded label fields
  std::vector<std::string> columns_;  // encoded name field of each column's label
  std::size_t next_exemplar_ = 0;
  meters::LabelPairs pairs_;
  std::string metric_, value_, part_, labels_;
};

}  // namespace tocsin::exporters
