// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus_protobuf.h"

#include "exporters/src/block_writer.h"
#include "exporters/src/exposition_plan.h"
#include "exporters/src/protobuf_metric.h"
#include "wire/protobuf.h"

namespace tocsin::exporters {

namespace {

// enum MetricType and the fields of MetricFamily in metrics.proto.
constexpr std::uint32_t kName = 1, kHelp = 2, kType = 3, kUnit = 5;
enum class MetricType : std::uint8_t { Counter = 0, Gauge = 1, Summary = 2, Untyped = 3, Histogram = 4 };

MetricType metric_type(SampleType type) noexcept {
  switch (type) {
    case SampleType::Counter:
      return MetricType::Counter;
    case SampleType::Gauge:
    case SampleType::Info:
      return MetricType::Gauge;
    case SampleType::Histogram:
      return MetricType::Histogram;
    case SampleType::Summary:
      return MetricType::Summary;
    case SampleType::Unknown:
      break;
  }
  return MetricType::Untyped;
}

class Encoder {
 public:
  Encoder(const ExpositionOptions& options, BlockWriter& writer, ExpositionReport& report)
      : options_(options), writer_(writer), report_(report) {}

  void encode(const ExposedFamily& exposed) {
    buffer_.clear();
    wire::ProtobufWriter header(buffer_);
    header.bytes(kName, exposed.name);
    if (!exposed.help.empty()) header.bytes(kHelp, exposed.help);
    header.varint(kType, static_cast<std::uint64_t>(metric_type(exposed.type)));
    if (!exposed.unit.empty()) header.bytes(kUnit, exposed.unit);
    const std::string fields = buffer_;

    const std::size_t bytes = measure(exposed);
    if (rows_ == 0) return;
    ++report_.families;
    report_.rows += rows_;
    std::string length;
    wire::ProtobufWriter(length).raw_varint(bytes);
    writer_.put(length);
    if (whole_) return writer_.put(buffer_);
    writer_.put(fields);
    write_rows(exposed);
  }

 private:
  // The message's size. A small one is in buffer_ afterwards, whole.
  std::size_t measure(const ExposedFamily& exposed) {
    std::size_t bytes = 0;
    rows_ = 0;
    whole_ = true;
    RowGuard guard(exposed, options_, report_);
    for (const ExposedMember& member : exposed.members)
      for_each_row(exposed, member, guard.hidden_rows(member), [&](ProtobufMetrics& metrics, meters::Row row) {
        metrics.append(buffer_, row);
        ++rows_;
        if (buffer_.size() < BlockWriter::kBlockBytes) return;
        bytes += buffer_.size();
        buffer_.clear();
        whole_ = false;
      });
    return bytes + buffer_.size();
  }

  void write_rows(const ExposedFamily& exposed) {
    ExpositionReport counted_before;
    RowGuard guard(exposed, options_, counted_before);
    for (const ExposedMember& member : exposed.members)
      for_each_row(exposed, member, guard.hidden_rows(member), [&](ProtobufMetrics& metrics, meters::Row row) {
        buffer_.clear();
        metrics.append(buffer_, row);
        writer_.put(buffer_);
      });
  }

  template <class Visit>
  void for_each_row(const ExposedFamily& exposed, const ExposedMember& member, const std::vector<bool>& hidden,
                    const Visit& visit) {
    ProtobufMetrics metrics(exposed.type, member);
    for (meters::Row row = 0; row < member.family->rows() && !writer_.refused(); ++row)
      if (hidden.empty() || !hidden[row]) visit(metrics, row);
  }

  const ExpositionOptions& options_;
  BlockWriter& writer_;
  ExpositionReport& report_;
  std::string buffer_;
  std::uint64_t rows_ = 0;
  bool whole_ = true;
};

}  // namespace

ExpositionReport encode_protobuf(const meters::Snapshot& snapshot, const ExpositionOptions& options,
                                 const BlockSink& sink) {
  ExpositionReport report;
  BlockWriter writer(sink);
  Encoder encoder(options, writer, report);
  const ExpositionPlan plan = plan_exposition(snapshot, options, report);
  for (const ExposedFamily& exposed : plan.families) {
    if (writer.refused()) break;
    encoder.encode(exposed);
  }
  writer.flush();
  report.bytes = writer.bytes();
  report.complete = !writer.refused();
  return report;
}

}  // namespace tocsin::exporters
