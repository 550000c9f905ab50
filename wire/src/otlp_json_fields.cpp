// SPDX-License-Identifier: Apache-2.0
#include "wire/src/otlp_json_fields.h"

#include <array>

#include "wire/otlp_fields.h"

namespace tocsin::wire::otlp_json {

namespace {

using M = Message;
using T = Type;

// Rows of one message are neighbours, in the order of Message.
constexpr FieldRow kFields[] = {
    {M::MetricsRequest, "resourceMetrics", otlp::ExportRequest::kResources, T::Message, true, M::ResourceMetrics},
    {M::TraceRequest, "resourceSpans", otlp::ExportRequest::kResources, T::Message, true, M::ResourceSpans},
    {M::MetricsResponse, "partialSuccess", otlp::ExportResponse::kPartialSuccess, T::Message, false, M::MetricsPartial},
    {M::TraceResponse, "partialSuccess", otlp::ExportResponse::kPartialSuccess, T::Message, false, M::TracePartial},
    {M::RpcStatus, "code", otlp::RpcStatus::kCode, T::Enum},
    {M::RpcStatus, "message", otlp::RpcStatus::kMessage, T::String},
    {M::MetricsPartial, "rejectedDataPoints", otlp::PartialSuccess::kRejected, T::Int64},
    {M::MetricsPartial, "errorMessage", otlp::PartialSuccess::kErrorMessage, T::String},
    {M::TracePartial, "rejectedSpans", otlp::PartialSuccess::kRejected, T::Int64},
    {M::TracePartial, "errorMessage", otlp::PartialSuccess::kErrorMessage, T::String},

    {M::ResourceMetrics, "resource", otlp::ResourceItems::kResource, T::Message, false, M::Resource},
    {M::ResourceMetrics, "scopeMetrics", otlp::ResourceItems::kScopes, T::Message, true, M::ScopeMetrics},
    {M::ResourceMetrics, "schemaUrl", otlp::ResourceItems::kSchemaUrl, T::String},
    {M::ScopeMetrics, "scope", otlp::ScopeItems::kScope, T::Message, false, M::Scope},
    {M::ScopeMetrics, "metrics", otlp::ScopeItems::kItems, T::Message, true, M::Metric},
    {M::ScopeMetrics, "schemaUrl", otlp::ScopeItems::kSchemaUrl, T::String},
    {M::ResourceSpans, "resource", otlp::ResourceItems::kResource, T::Message, false, M::Resource},
    {M::ResourceSpans, "scopeSpans", otlp::ResourceItems::kScopes, T::Message, true, M::ScopeSpans},
    {M::ResourceSpans, "schemaUrl", otlp::ResourceItems::kSchemaUrl, T::String},
    {M::ScopeSpans, "scope", otlp::ScopeItems::kScope, T::Message, false, M::Scope},
    {M::ScopeSpans, "spans", otlp::ScopeItems::kItems, T::Message, true, M::Span},
    {M::ScopeSpans, "schemaUrl", otlp::ScopeItems::kSchemaUrl, T::String},
    {M::Resource, "attributes", otlp::Resource::kAttributes, T::Message, true, M::KeyValue},
    {M::Resource, "droppedAttributesCount", otlp::Resource::kDroppedAttributesCount, T::Uint32},
    {M::Resource, "entityRefs", otlp::Resource::kEntityRefs, T::Message, true, M::EntityRef},
    {M::EntityRef, "schemaUrl", otlp::EntityRef::kSchemaUrl, T::String},
    {M::EntityRef, "type", otlp::EntityRef::kType, T::String},
    {M::EntityRef, "idKeys", otlp::EntityRef::kIdKeys, T::String, true},
    {M::EntityRef, "descriptionKeys", otlp::EntityRef::kDescriptionKeys, T::String, true},
    {M::Scope, "name", otlp::Scope::kName, T::String},
    {M::Scope, "version", otlp::Scope::kVersion, T::String},
    {M::Scope, "attributes", otlp::Scope::kAttributes, T::Message, true, M::KeyValue},
    {M::Scope, "droppedAttributesCount", otlp::Scope::kDroppedAttributesCount, T::Uint32},

    {M::KeyValue, "key", otlp::KeyValue::kKey, T::String},
    {M::KeyValue, "value", otlp::KeyValue::kValue, T::Message, false, M::AnyValue},
    {M::AnyValue, "stringValue", otlp::AnyValue::kString, T::String},
    {M::AnyValue, "boolValue", otlp::AnyValue::kBool, T::Bool},
    {M::AnyValue, "intValue", otlp::AnyValue::kInt, T::Int64},
    {M::AnyValue, "doubleValue", otlp::AnyValue::kDouble, T::Double},
    {M::AnyValue, "arrayValue", otlp::AnyValue::kArray, T::Message, false, M::ArrayValue},
    {M::AnyValue, "kvlistValue", otlp::AnyValue::kMap, T::Message, false, M::MapValue},
    {M::AnyValue, "bytesValue", otlp::AnyValue::kBytes, T::Base64},
    {M::ArrayValue, "values", otlp::ArrayValue::kValues, T::Message, true, M::AnyValue},
    {M::MapValue, "values", otlp::KeyValueList::kValues, T::Message, true, M::KeyValue},

    {M::Metric, "name", otlp::Metric::kName, T::String},
    {M::Metric, "description", otlp::Metric::kDescription, T::String},
    {M::Metric, "unit", otlp::Metric::kUnit, T::String},
    {M::Metric, "gauge", otlp::Metric::kGauge, T::Message, false, M::Gauge},
    {M::Metric, "sum", otlp::Metric::kSum, T::Message, false, M::Sum},
    {M::Metric, "histogram", otlp::Metric::kHistogram, T::Message, false, M::Histogram},
    {M::Metric, "exponentialHistogram", otlp::Metric::kExponentialHistogram, T::Message, false,
     M::ExponentialHistogram},
    {M::Metric, "summary", otlp::Metric::kSummary, T::Message, false, M::Summary},
    {M::Metric, "metadata", otlp::Metric::kMetadata, T::Message, true, M::KeyValue},
    {M::Gauge, "dataPoints", otlp::Points::kDataPoints, T::Message, true, M::NumberPoint},
    {M::Sum, "dataPoints", otlp::Points::kDataPoints, T::Message, true, M::NumberPoint},
    {M::Sum, "aggregationTemporality", otlp::Sum::kTemporality, T::Enum},
    {M::Sum, "isMonotonic", otlp::Sum::kMonotonic, T::Bool},
    {M::Histogram, "dataPoints", otlp::Points::kDataPoints, T::Message, true, M::HistogramPoint},
    {M::Histogram, "aggregationTemporality", otlp::Histogram::kTemporality, T::Enum},
    {M::ExponentialHistogram, "dataPoints", otlp::Points::kDataPoints, T::Message, true, M::ExponentialPoint},
    {M::ExponentialHistogram, "aggregationTemporality", otlp::Histogram::kTemporality, T::Enum},
    {M::Summary, "dataPoints", otlp::Points::kDataPoints, T::Message, true, M::SummaryPoint},

    {M::NumberPoint, "attributes", otlp::NumberDataPoint::kAttributes, T::Message, true, M::KeyValue},
    {M::NumberPoint, "startTimeUnixNano", otlp::NumberDataPoint::kStartTimeUnixNano, T::Fixed64},
    {M::NumberPoint, "timeUnixNano", otlp::NumberDataPoint::kTimeUnixNano, T::Fixed64},
    {M::NumberPoint, "asDouble", otlp::NumberDataPoint::kAsDouble, T::Double},
    {M::NumberPoint, "asInt", otlp::NumberDataPoint::kAsInt, T::Sfixed64},
    {M::NumberPoint, "exemplars", otlp::NumberDataPoint::kExemplars, T::Message, true, M::Exemplar},
    {M::NumberPoint, "flags", otlp::NumberDataPoint::kFlags, T::Uint32},
    {M::HistogramPoint, "attributes", otlp::HistogramDataPoint::kAttributes, T::Message, true, M::KeyValue},
    {M::HistogramPoint, "startTimeUnixNano", otlp::HistogramDataPoint::kStartTimeUnixNano, T::Fixed64},
    {M::HistogramPoint, "timeUnixNano", otlp::HistogramDataPoint::kTimeUnixNano, T::Fixed64},
    {M::HistogramPoint, "count", otlp::HistogramDataPoint::kCount, T::Fixed64},
    {M::HistogramPoint, "sum", otlp::HistogramDataPoint::kSum, T::Double},
    {M::HistogramPoint, "bucketCounts", otlp::HistogramDataPoint::kBucketCounts, T::Fixed64, true},
    {M::HistogramPoint, "explicitBounds", otlp::HistogramDataPoint::kExplicitBounds, T::Double, true},
    {M::HistogramPoint, "exemplars", otlp::HistogramDataPoint::kExemplars, T::Message, true, M::Exemplar},
    {M::HistogramPoint, "flags", otlp::HistogramDataPoint::kFlags, T::Uint32},
    {M::HistogramPoint, "min", otlp::HistogramDataPoint::kMin, T::Double},
    {M::HistogramPoint, "max", otlp::HistogramDataPoint::kMax, T::Double},
    {M::ExponentialPoint, "attributes", otlp::ExponentialHistogramDataPoint::kAttributes, T::Message, true,
     M::KeyValue},
    {M::ExponentialPoint, "startTimeUnixNano", otlp::ExponentialHistogramDataPoint::kStartTimeUnixNano, T::Fixed64},
    {M::ExponentialPoint, "timeUnixNano", otlp::ExponentialHistogramDataPoint::kTimeUnixNano, T::Fixed64},
    {M::ExponentialPoint, "count", otlp::ExponentialHistogramDataPoint::kCount, T::Fixed64},
    {M::ExponentialPoint, "sum", otlp::ExponentialHistogramDataPoint::kSum, T::Double},
    {M::ExponentialPoint, "scale", otlp::ExponentialHistogramDataPoint::kScale, T::Sint32},
    {M::ExponentialPoint, "zeroCount", otlp::ExponentialHistogramDataPoint::kZeroCount, T::Fixed64},
    {M::ExponentialPoint, "positive", otlp::ExponentialHistogramDataPoint::kPositive, T::Message, false, M::Buckets},
    {M::ExponentialPoint, "negative", otlp::ExponentialHistogramDataPoint::kNegative, T::Message, false, M::Buckets},
    {M::ExponentialPoint, "flags", otlp::ExponentialHistogramDataPoint::kFlags, T::Uint32},
    {M::ExponentialPoint, "exemplars", otlp::ExponentialHistogramDataPoint::kExemplars, T::Message, true, M::Exemplar},
    {M::ExponentialPoint, "min", otlp::ExponentialHistogramDataPoint::kMin, T::Double},
    {M::ExponentialPoint, "max", otlp::ExponentialHistogramDataPoint::kMax, T::Double},
    {M::ExponentialPoint, "zeroThreshold", otlp::ExponentialHistogramDataPoint::kZeroThreshold, T::Double},
    {M::Buckets, "offset", otlp::Buckets::kOffset, T::Sint32},
    {M::Buckets, "bucketCounts", otlp::Buckets::kBucketCounts, T::Uint64, true},
    {M::SummaryPoint, "attributes", otlp::SummaryDataPoint::kAttributes, T::Message, true, M::KeyValue},
    {M::SummaryPoint, "startTimeUnixNano", otlp::SummaryDataPoint::kStartTimeUnixNano, T::Fixed64},
    {M::SummaryPoint, "timeUnixNano", otlp::SummaryDataPoint::kTimeUnixNano, T::Fixed64},
    {M::SummaryPoint, "count", otlp::SummaryDataPoint::kCount, T::Fixed64},
    {M::SummaryPoint, "sum", otlp::SummaryDataPoint::kSum, T::Double},
    {M::SummaryPoint, "quantileValues", otlp::SummaryDataPoint::kQuantileValues, T::Message, true, M::Quantile},
    {M::SummaryPoint, "flags", otlp::SummaryDataPoint::kFlags, T::Uint32},
    {M::Quantile, "quantile", otlp::ValueAtQuantile::kQuantile, T::Double},
    {M::Quantile, "value", otlp::ValueAtQuantile::kValue, T::Double},
    {M::Exemplar, "filteredAttributes", otlp::Exemplar::kFilteredAttributes, T::Message, true, M::KeyValue},
    {M::Exemplar, "timeUnixNano", otlp::Exemplar::kTimeUnixNano, T::Fixed64},
    {M::Exemplar, "asDouble", otlp::Exemplar::kAsDouble, T::Double},
    {M::Exemplar, "asInt", otlp::Exemplar::kAsInt, T::Sfixed64},
    {M::Exemplar, "spanId", otlp::Exemplar::kSpanId, T::Hex},
    {M::Exemplar, "traceId", otlp::Exemplar::kTraceId, T::Hex},

    {M::Span, "traceId", otlp::Span::kTraceId, T::Hex},
    {M::Span, "spanId", otlp::Span::kSpanId, T::Hex},
    {M::Span, "traceState", otlp::Span::kTraceState, T::String},
    {M::Span, "parentSpanId", otlp::Span::kParentSpanId, T::Hex},
    {M::Span, "flags", otlp::Span::kFlags, T::Fixed32},
    {M::Span, "name", otlp::Span::kName, T::String},
    {M::Span, "kind", otlp::Span::kKind, T::Enum},
    {M::Span, "startTimeUnixNano", otlp::Span::kStartTimeUnixNano, T::Fixed64},
    {M::Span, "endTimeUnixNano", otlp::Span::kEndTimeUnixNano, T::Fixed64},
    {M::Span, "attributes", otlp::Span::kAttributes, T::Message, true, M::KeyValue},
    {M::Span, "droppedAttributesCount", otlp::Span::kDroppedAttributesCount, T::Uint32},
    {M::Span, "events", otlp::Span::kEvents, T::Message, true, M::Event},
    {M::Span, "droppedEventsCount", otlp::Span::kDroppedEventsCount, T::Uint32},
    {M::Span, "links", otlp::Span::kLinks, T::Message, true, M::Link},
    {M::Span, "droppedLinksCount", otlp::Span::kDroppedLinksCount, T::Uint32},
    {M::Span, "status", otlp::Span::kStatus, T::Message, false, M::SpanStatus},
    {M::Event, "timeUnixNano", otlp::SpanEvent::kTimeUnixNano, T::Fixed64},
    {M::Event, "name", otlp::SpanEvent::kName, T::String},
    {M::Event, "attributes", otlp::SpanEvent::kAttributes, T::Message, true, M::KeyValue},
    {M::Event, "droppedAttributesCount", otlp::SpanEvent::kDroppedAttributesCount, T::Uint32},
    {M::Link, "traceId", otlp::SpanLink::kTraceId, T::Hex},
    {M::Link, "spanId", otlp::SpanLink::kSpanId, T::Hex},
    {M::Link, "traceState", otlp::SpanLink::kTraceState, T::String},
    {M::Link, "attributes", otlp::SpanLink::kAttributes, T::Message, true, M::KeyValue},
    {M::Link, "droppedAttributesCount", otlp::SpanLink::kDroppedAttributesCount, T::Uint32},
    {M::Link, "flags", otlp::SpanLink::kFlags, T::Fixed32},
    {M::SpanStatus, "message", otlp::SpanStatus::kMessage, T::String},
    {M::SpanStatus, "code", otlp::SpanStatus::kCode, T::Enum},
};

constexpr std::size_t kMessages = static_cast<std::size_t>(M::Count);
constexpr std::size_t kRows = std::size(kFields);

// Where each message's rows begin; one more for the end.
constexpr std::array<std::size_t, kMessages + 1> first_rows() {
  std::array<std::size_t, kMessages + 1> first{};
  std::size_t row = 0;
  for (std::size_t message = 0; message < kMessages; ++message) {
    first[message] = row;
    while (row < kRows && static_cast<std::size_t>(kFields[row].owner) == message) ++row;
  }
  first[kMessages] = row;
  return first;
}
constexpr auto kFirst = first_rows();
static_assert(kFirst[kMessages] == kRows, "rows stand in the order of Message");

}  // namespace

std::span<const FieldRow> fields_of(Message message) noexcept {
  const auto index = static_cast<std::size_t>(message);
  return {kFields + kFirst[index], kFirst[index + 1] - kFirst[index]};
}

const FieldRow* find_field(Message message, std::string_view name) noexcept {
  for (const FieldRow& row : fields_of(message))
    if (row.name == name) return &row;
  return nullptr;
}

const FieldRow* find_field(Message message, std::uint32_t number) noexcept {
  for (const FieldRow& row : fields_of(message))
    if (row.number == number) return &row;
  return nullptr;
}

Message root_of(OtlpMessage kind) noexcept {
  switch (kind) {
    case OtlpMessage::MetricsRequest: return Message::MetricsRequest;
    case OtlpMessage::TraceRequest: return Message::TraceRequest;
    case OtlpMessage::MetricsResponse: return Message::MetricsResponse;
    case OtlpMessage::TraceResponse: return Message::TraceResponse;
    case OtlpMessage::Status: break;
  }
  return Message::RpcStatus;
}

WireType wire_type(Type type) noexcept {
  switch (type) {
    case Type::Message:
    case Type::String:
    case Type::Base64:
    case Type::Hex: return WireType::Length;
    case Type::Bool:
    case Type::Enum:
    case Type::Int64:
    case Type::Uint32:
    case Type::Uint64:
    case Type::Sint32: return WireType::Varint;
    case Type::Fixed32: return WireType::Fixed32;
    case Type::Double:
    case Type::Fixed64:
    case Type::Sfixed64: break;
  }
  return WireType::Fixed64;
}

}  // namespace tocsin::wire::otlp_json
