// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/otlp_metrics.h"

#include "agent/receivers/src/otlp_point_decoder.h"
#include "wire/otlp_attributes.h"
#include "wire/otlp_fields.h"

namespace tocsin::agent {

namespace {

using wire::protobuf_tag;
using wire::ProtobufReader;
using wire::WireType;
namespace otlp = wire::otlp;

Report report_of(std::uint64_t temporality) noexcept {
  if (temporality == static_cast<std::uint64_t>(otlp::Temporality::Delta)) return Report::Delta;
  if (temporality == static_cast<std::uint64_t>(otlp::Temporality::Cumulative)) return Report::Cumulative;
  return Report::Unknown;
}

class Decoder {
 public:
  Decoder(std::string_view body, MetricPoints& points, const OtlpDecodeLimits& limits)
      : reader_(body), points_(points), decode_(points, limits) {}

  Result<void> run() {
    while (reader_.next()) {
      if (reader_.tag() == protobuf_tag(otlp::ExportRequest::kResources, WireType::Length)) {
        read_resource();
      } else {
        reader_.skip();
      }
    }
    if (decode_.over_limit())
      return Error{Fault::TooLarge, "metrics request: more than " + std::to_string(decode_.limits().items) +
                                        " items or " + std::to_string(decode_.limits().words) + " buckets"};
    if (!reader_.ok()) return reader_.error("metrics request");
    return {};
  }

 private:
  static std::uint32_t size_of(const auto& column) noexcept { return static_cast<std::uint32_t>(column.size()); }

  void read_resource() {
    ProtobufReader reader = reader_.message();
    MetricPoints::Resource resource;
    resource.scopes.begin = size_of(points_.scopes);
    while (decode_.room(reader) && reader.next()) switch (reader.tag()) {
        case protobuf_tag(otlp::ResourceItems::kResource, WireType::Length):
          resource.bytes = reader.bytes();
          check_attributes(reader, resource.bytes, otlp::Resource::kAttributes);
          break;
        case protobuf_tag(otlp::ResourceItems::kScopes, WireType::Length): read_scope(reader); break;
        case protobuf_tag(otlp::ResourceItems::kSchemaUrl, WireType::Length): resource.schema_url = reader.bytes(); break;
        default: reader.skip();
      }
    resource.scopes.end = size_of(points_.scopes);
    points_.resources.push_back(resource);
    decode_.count_item();
    reader_.adopt(reader);
  }

  void read_scope(ProtobufReader& outer) {
    ProtobufReader reader = outer.message();
    MetricPoints::Scope scope;
    scope.metrics.begin = size_of(points_.metrics);
    while (decode_.room(reader) && reader.next()) switch (reader.tag()) {
        case protobuf_tag(otlp::ScopeItems::kScope, WireType::Length):
          scope.bytes = reader.bytes();
          check_attributes(reader, scope.bytes, otlp::Scope::kAttributes);
          break;
        case protobuf_tag(otlp::ScopeItems::kItems, WireType::Length): read_metric(reader); break;
        case protobuf_tag(otlp::ScopeItems::kSchemaUrl, WireType::Length): scope.schema_url = reader.bytes(); break;
        default: reader.skip();
      }
    scope.metrics.end = size_of(points_.metrics);
    points_.scopes.push_back(scope);
    decode_.count_item();
    outer.adopt(reader);
  }

  static void check_attributes(ProtobufReader& reader, std::string_view message, otlp::Field field) noexcept {
    if (!wire::attributes_well_formed(message, field)) reader.refuse();
  }

  void read_metric(ProtobufReader& outer) {
    ProtobufReader reader = outer.message();
    MetricPoints::Metric metric;
    metric.exemplars.begin = size_of(points_.exemplars);
    member_ = 0;
    while (decode_.room(reader) && reader.next()) switch (reader.tag()) {
        case protobuf_tag(otlp::Metric::kName, WireType::Length): metric.name = reader.bytes(); break;
        case protobuf_tag(otlp::Metric::kDescription, WireType::Length): metric.description = reader.bytes(); break;
        case protobuf_tag(otlp::Metric::kUnit, WireType::Length): metric.unit = reader.bytes(); break;
        case protobuf_tag(otlp::Metric::kGauge, WireType::Length): read_gauge(reader, metric); break;
        case protobuf_tag(otlp::Metric::kSum, WireType::Length): read_sum(reader, metric); break;
        case protobuf_tag(otlp::Metric::kHistogram, WireType::Length):
          read_histogram(reader, metric, Shape::Histogram);
          break;
        case protobuf_tag(otlp::Metric::kExponentialHistogram, WireType::Length):
          read_histogram(reader, metric, Shape::Exponential);
          break;
        case protobuf_tag(otlp::Metric::kSummary, WireType::Length): read_summary(reader, metric); break;
        default: reader.skip();
      }
    metric.exemplars.end = size_of(points_.exemplars);
    points_.metrics.push_back(metric);
    decode_.count_item();
    outer.adopt(reader);
  }

  // Starts a member of the oneof: of two different ones the last counts, the same one twice is merged.
  void begin_data(MetricPoints::Metric& metric, otlp::Field member, Shape shape, meters::Kind kind, Report report) {
    if (member_ == member) return;
    member_ = member;
    metric.points.begin = metric.points.end = decode_.size(shape);
    metric.exemplars.begin = size_of(points_.exemplars);
    metric.shape = shape;
    metric.kind = kind;
    metric.report = report;
  }

  void end_data(ProtobufReader& outer, const ProtobufReader& reader, MetricPoints::Metric& metric) {
    metric.points.end = decode_.size(metric.shape);
    outer.adopt(reader);
  }

  void read_gauge(ProtobufReader& outer, MetricPoints::Metric& metric) {
    ProtobufReader reader = outer.message();
    begin_data(metric, otlp::Metric::kGauge, Shape::Number, meters::Kind::Gauge, Report::Latest);
    while (decode_.room(reader) && reader.next()) {
      if (reader.tag() == protobuf_tag(otlp::Points::kDataPoints, WireType::Length)) {
        decode_.number(reader);
      } else {
        reader.skip();
      }
    }
    end_data(outer, reader, metric);
  }

  void read_sum(ProtobufReader& outer, MetricPoints::Metric& metric) {
    ProtobufReader reader = outer.message();
    begin_data(metric, otlp::Metric::kSum, Shape::Number, meters::Kind::UpDownCounter, Report::Unknown);
    while (decode_.room(reader) && reader.next()) switch (reader.tag()) {
        case protobuf_tag(otlp::Points::kDataPoints, WireType::Length): decode_.number(reader); break;
        case protobuf_tag(otlp::Sum::kTemporality, WireType::Varint): metric.report = report_of(reader.varint()); break;
        case protobuf_tag(otlp::Sum::kMonotonic, WireType::Varint):
          metric.kind = reader.varint() != 0 ? meters::Kind::Counter : meters::Kind::UpDownCounter;
          break;
        default: reader.skip();
      }
    end_data(outer, reader, metric);
  }

  void read_histogram(ProtobufReader& outer, MetricPoints::Metric& metric, Shape shape) {
    ProtobufReader reader = outer.message();
    begin_data(metric, shape == Shape::Histogram ? otlp::Metric::kHistogram : otlp::Metric::kExponentialHistogram, shape,
               meters::Kind::Histogram, Report::Unknown);
    while (decode_.room(reader) && reader.next()) switch (reader.tag()) {
        case protobuf_tag(otlp::Points::kDataPoints, WireType::Length):
          if (shape == Shape::Histogram) {
            decode_.histogram(reader);
          } else {
            decode_.exponential(reader);
          }
          break;
        case protobuf_tag(otlp::Histogram::kTemporality, WireType::Varint):
          metric.report = report_of(reader.varint());
          break;
        default: reader.skip();
      }
    end_data(outer, reader, metric);
  }

  void read_summary(ProtobufReader& outer, MetricPoints::Metric& metric) {
    ProtobufReader reader = outer.message();
    begin_data(metric, otlp::Metric::kSummary, Shape::Summary, meters::Kind::Summary, Report::Latest);
    while (decode_.room(reader) && reader.next()) {
      if (reader.tag() == protobuf_tag(otlp::Points::kDataPoints, WireType::Length)) {
        decode_.summary(reader);
      } else {
        reader.skip();
      }
    }
    end_data(outer, reader, metric);
  }

  ProtobufReader reader_;
  MetricPoints& points_;
  OtlpPointDecoder decode_;
  otlp::Field member_ = 0;  // of the metric being read: the oneof's member
};

}  // namespace

Result<void> decode_otlp_metrics(std::string_view body, MetricPoints& points, const OtlpDecodeLimits& limits) {
  points.clear();
  return Decoder(body, points, limits).run();
}

}  // namespace tocsin::agent
