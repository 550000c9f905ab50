// SPDX-License-Identifier: Apache-2.0
// OtlpRequest: an ExportMetricsServiceRequest, written by hand for tests.
//
//   OtlpRequest request;
//   request.resource({{"service.name", "shop"}}).scope("lib");
//   request.sum("requests", true, Temporality::Cumulative).number({.attributes = {{"func", "a"}}, .time = 2, .integer = 7});
//   decode_otlp_metrics(request.bytes(), points);
//
// Threads: one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meters/attributes.h"
#include "wire/otlp_attributes.h"
#include "wire/otlp_fields.h"
#include "wire/protobuf.h"

namespace tocsin::agent {

namespace otlp = wire::otlp;

struct TestExemplar {
  double value = 0;
  std::uint64_t time = 0;
  std::string trace_id = {}, span_id = {};
  meters::Attributes attributes = {};
};

struct TestPoint {
  meters::Attributes attributes = {};
  std::uint64_t start = 0, time = 0;
  std::optional<std::int64_t> integer = {};
  std::optional<double> number = {};
  std::uint32_t flags = 0;
  std::vector<TestExemplar> exemplars = {};
};

struct TestHistogram {
  meters::Attributes attributes = {};
  std::uint64_t start = 0, time = 0;
  std::vector<double> bounds = {};
  std::vector<std::uint64_t> counts = {};
  std::optional<double> sum = {}, min = {}, max = {};
  std::optional<std::uint64_t> count = {};  // that of the counts when not given
  std::uint32_t flags = 0;
  std::vector<TestExemplar> exemplars = {};
};

struct TestExponential {
  meters::Attributes attributes = {};
  std::uint64_t start = 0, time = 0;
  std::int32_t scale = 0;
  std::uint64_t zero_count = 0;
  std::int32_t positive_offset = 0;
  std::vector<std::uint64_t> positive = {};
  std::int32_t negative_offset = 0;
  std::vector<std::uint64_t> negative = {};
  std::optional<double> sum = {}, min = {}, max = {};
  double zero_threshold = 0;
};

struct TestSummary {
  meters::Attributes attributes = {};
  std::uint64_t start = 0, time = 0;
  std::uint64_t count = 0;
  double sum = 0;
  std::vector<std::pair<double, double>> quantiles = {};
};

class OtlpRequest {
 public:
  OtlpRequest& resource(const meters::Attributes& attributes) {
    end_resource();
    resource_open_ = true;
    std::string message;
    wire::ProtobufWriter writer(message);
    for (const auto& attribute : attributes) wire::append_attribute(writer, otlp::Resource::kAttributes, attribute);
    wire::ProtobufWriter(resource_).bytes(otlp::ResourceItems::kResource, message);
    return *this;
  }
  OtlpRequest& scope(std::string_view name, std::string_view version = {}) {
    end_scope();
    scope_open_ = true;
    std::string message;
    wire::ProtobufWriter writer(message);
    writer.bytes(otlp::Scope::kName, name);
    if (!version.empty()) writer.bytes(otlp::Scope::kVersion, version);
    wire::ProtobufWriter(scope_).bytes(otlp::ScopeItems::kScope, message);
    return *this;
  }
  OtlpRequest& gauge(std::string_view name, std::string_view unit = {}) { return metric(name, unit, otlp::Metric::kGauge); }
  OtlpRequest& sum(std::string_view name, bool monotonic, otlp::Temporality temporality, std::string_view unit = {}) {
    metric(name, unit, otlp::Metric::kSum);
    wire::ProtobufWriter writer(data_);
    writer.varint(otlp::Sum::kTemporality, static_cast<std::uint64_t>(temporality));
    if (monotonic) writer.varint(otlp::Sum::kMonotonic, 1);
    return *this;
  }
  OtlpRequest& histogram(std::string_view name, otlp::Temporality temporality, std::string_view unit = {}) {
    metric(name, unit, otlp::Metric::kHistogram);
    wire::ProtobufWriter(data_).varint(otlp::Histogram::kTemporality, static_cast<std::uint64_t>(temporality));
    return *this;
  }
  OtlpRequest& exponential(std::string_view name, otlp::Temporality temporality) {
    metric(name, {}, otlp::Metric::kExponentialHistogram);
    wire::ProtobufWriter(data_).varint(otlp::Histogram::kTemporality, static_cast<std::uint64_t>(temporality));
    return *this;
  }
  OtlpRequest& summary(std::string_view name) { return metric(name, {}, otlp::Metric::kSummary); }

  OtlpRequest& point(const TestPoint& point) {
    using Field = otlp::NumberDataPoint;
    std::string message;
    wire::ProtobufWriter writer(message);
    if (point.start != 0) writer.fixed64(Field::kStartTimeUnixNano, point.start);
    if (point.time != 0) writer.fixed64(Field::kTimeUnixNano, point.time);
    if (point.number) writer.fixed_double(Field::kAsDouble, *point.number);
    for (const TestExemplar& exemplar : point.exemplars) append(writer, Field::kExemplars, exemplar);
    if (point.integer) writer.fixed64(Field::kAsInt, static_cast<std::uint64_t>(*point.integer));
    for (const auto& attribute : point.attributes) wire::append_attribute(writer, Field::kAttributes, attribute);
    if (point.flags != 0) writer.varint(Field::kFlags, point.flags);
    return raw_point(message);
  }
  OtlpRequest& point(const TestHistogram& point) {
    using Field = otlp::HistogramDataPoint;
    std::string message;
    wire::ProtobufWriter writer(message);
    if (point.start != 0) writer.fixed64(Field::kStartTimeUnixNano, point.start);
    if (point.time != 0) writer.fixed64(Field::kTimeUnixNano, point.time);
    std::uint64_t count = 0;
    for (const std::uint64_t bucket : point.counts) count += bucket;
    writer.fixed64(Field::kCount, point.count.value_or(count));
    if (point.sum) writer.fixed_double(Field::kSum, *point.sum);
    writer.length(Field::kBucketCounts, point.counts.size() * 8);
    for (const std::uint64_t bucket : point.counts) writer.raw(bucket);
    writer.length(Field::kExplicitBounds, point.bounds.size() * 8);
    for (const double bound : point.bounds) writer.raw(bound);
    for (const TestExemplar& exemplar : point.exemplars) append(writer, Field::kExemplars, exemplar);
    for (const auto& attribute : point.attributes) wire::append_attribute(writer, Field::kAttributes, attribute);
    if (point.flags != 0) writer.varint(Field::kFlags, point.flags);
    if (point.min) writer.fixed_double(Field::kMin, *point.min);
    if (point.max) writer.fixed_double(Field::kMax, *point.max);
    return raw_point(message);
  }
  OtlpRequest& point(const TestExponential& point) {
    using Field = otlp::ExponentialHistogramDataPoint;
    std::string message;
    wire::ProtobufWriter writer(message);
    std::uint64_t count = point.zero_count;
    for (const std::uint64_t bucket : point.positive) count += bucket;
    for (const std::uint64_t bucket : point.negative) count += bucket;
    for (const auto& attribute : point.attributes) wire::append_attribute(writer, Field::kAttributes, attribute);
    if (point.start != 0) writer.fixed64(Field::kStartTimeUnixNano, point.start);
    if (point.time != 0) writer.fixed64(Field::kTimeUnixNano, point.time);
    writer.fixed64(Field::kCount, count);
    if (point.sum) writer.fixed_double(Field::kSum, *point.sum);
    writer.signed_varint(Field::kScale, point.scale);
    writer.fixed64(Field::kZeroCount, point.zero_count);
    append_buckets(writer, Field::kPositive, point.positive_offset, point.positive);
    append_buckets(writer, Field::kNegative, point.negative_offset, point.negative);
    if (point.min) writer.fixed_double(Field::kMin, *point.min);
    if (point.max) writer.fixed_double(Field::kMax, *point.max);
    if (point.zero_threshold != 0) writer.fixed_double(Field::kZeroThreshold, point.zero_threshold);
    return raw_point(message);
  }
  OtlpRequest& point(const TestSummary& point) {
    using Field = otlp::SummaryDataPoint;
    std::string message;
    wire::ProtobufWriter writer(message);
    if (point.start != 0) writer.fixed64(Field::kStartTimeUnixNano, point.start);
    if (point.time != 0) writer.fixed64(Field::kTimeUnixNano, point.time);
    writer.fixed64(Field::kCount, point.count);
    writer.fixed_double(Field::kSum, point.sum);
    for (const auto& [quantile, value] : point.quantiles) {
      const auto mark = writer.begin(Field::kQuantileValues);
      writer.fixed_double(otlp::ValueAtQuantile::kQuantile, quantile);
      writer.fixed_double(otlp::ValueAtQuantile::kValue, value);
      writer.end(mark);
    }
    for (const auto& attribute : point.attributes) wire::append_attribute(writer, Field::kAttributes, attribute);
    return raw_point(message);
  }
  // A data point message as it is.
  OtlpRequest& raw_point(std::string_view message) {
    wire::ProtobufWriter(data_).bytes(otlp::Points::kDataPoints, message);
    return *this;
  }

  std::string bytes() {
    end_resource();
    return out_;
  }

 private:
  OtlpRequest& metric(std::string_view name, std::string_view unit, otlp::Field member) {
    end_metric();
    member_ = member;
    wire::ProtobufWriter writer(metric_);
    writer.bytes(otlp::Metric::kName, name);
    if (!unit.empty()) writer.bytes(otlp::Metric::kUnit, unit);
    return *this;
  }
  static void append(wire::ProtobufWriter& writer, otlp::Field field, const TestExemplar& exemplar) {
    const auto mark = writer.begin(field);
    writer.fixed64(otlp::Exemplar::kTimeUnixNano, exemplar.time);
    writer.fixed_double(otlp::Exemplar::kAsDouble, exemplar.value);
    writer.bytes(otlp::Exemplar::kSpanId, exemplar.span_id);
    writer.bytes(otlp::Exemplar::kTraceId, exemplar.trace_id);
    for (const auto& attribute : exemplar.attributes)
      wire::append_attribute(writer, otlp::Exemplar::kFilteredAttributes, attribute);
    writer.end(mark);
  }
  static void append_buckets(wire::ProtobufWriter& writer, otlp::Field field, std::int32_t offset,
                             const std::vector<std::uint64_t>& counts) {
    const auto mark = writer.begin(field);
    writer.signed_varint(otlp::Buckets::kOffset, offset);
    const auto packed = writer.begin(otlp::Buckets::kBucketCounts);
    for (const std::uint64_t count : counts) writer.raw_varint(count);
    writer.end(packed);
    writer.end(mark);
  }
  void end_metric() {
    if (member_ == 0) return;
    wire::ProtobufWriter(metric_).bytes(member_, data_);
    wire::ProtobufWriter(scope_).bytes(otlp::ScopeItems::kItems, metric_);
    scope_open_ = true;
    member_ = 0;
    metric_.clear();
    data_.clear();
  }
  void end_scope() {
    end_metric();
    if (!scope_open_) return;
    wire::ProtobufWriter(resource_).bytes(otlp::ResourceItems::kScopes, scope_);
    resource_open_ = true;
    scope_open_ = false;
    scope_.clear();
  }
  void end_resource() {
    end_scope();
    if (!resource_open_) return;
    wire::ProtobufWriter(out_).bytes(otlp::ExportRequest::kResources, resource_);
    resource_open_ = false;
    resource_.clear();
  }

  std::string out_, resource_, scope_, metric_, data_;
  bool resource_open_ = false, scope_open_ = false;
  otlp::Field member_ = 0;
};

}  // namespace tocsin::agent
