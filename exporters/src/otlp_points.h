// SPDX-License-Identifier: Apache-2.0
// Data points of OTLP, one at a time, appended to a request.
// Threads: one. Costs: no allocation but the request's growth; labels that were arrays or maps are parsed each time.
#pragma once

#include <cstdint>
#include <string>

#include "exporters/otlp_encode.h"
#include "exporters/src/otlp_delta.h"
#include "exporters/src/otlp_plan.h"
#include "wire/protobuf.h"

namespace tocsin::exporters {

// Which of Metric's members a family becomes.
enum class OtlpShape : std::uint8_t { Gauge, Sum, Histogram, Exponential, Summary };
OtlpShape shape_of(const meters::Family& family, OtlpHistograms wanted) noexcept;

// A label as KeyValue, with the type that the attribute had.
void append_label(wire::ProtobufWriter& writer, std::uint32_t field, std::string_view name, std::string_view text,
                  meters::LabelType type);

class OtlpPointWriter {
 public:
  explicit OtlpPointWriter(std::string& out) : writer_(out) {}

  // One point of a row as it stands; for an ended row the flag "no recorded value" instead of a value.
  void cumulative(const PlannedFamily& planned, OtlpShape shape, meters::Row row);
  void delta(const PlannedFamily& planned, meters::Row row, const ScalarDelta& delta);
  void delta(const PlannedFamily& planned, OtlpShape shape, meters::Row row, const HistogramDelta& delta);

 private:
  struct Fields;
  struct Frame {
    std::int64_t start_ns, time_ns;
    std::int64_t exemplars_after_ns;
  };
  static const Fields& fields_of(OtlpShape shape);
  wire::ProtobufWriter::Mark begin(const PlannedFamily& planned, const Fields& fields, meters::Row row, Frame frame);
  void exemplars(const meters::Family& family, const Fields& fields, meters::Row row, std::int64_t after_ns);
  void explicit_buckets(const meters::Histograms& points, const std::uint64_t* counts, double sum);
  void native_buckets(const meters::NativeHistogram& native, double sum);
  void range(std::uint32_t field, std::int32_t offset, const std::vector<std::uint64_t>& counts);
  void extremes(const meters::Histograms& points, meters::Row row, const Fields& fields);
  void number(const meters::Scalars& points, std::uint64_t bits);
  void summary(const meters::Summaries& points, meters::Row row);

  wire::ProtobufWriter writer_;
};

}  // namespace tocsin::exporters
