// SPDX-License-Identifier: Apache-2.0
// The field table of OTLP/JSON: what a name in a message means, for reader and writer alike. A new field is one row.
// Threads: constants. A look-up compares at most 16 short names.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wire/otlp_json.h"
#include "wire/protobuf.h"

namespace tocsin::wire::otlp_json {

enum class Message : std::uint8_t {
  MetricsRequest, TraceRequest, MetricsResponse, TraceResponse, RpcStatus,
  MetricsPartial, TracePartial,
  ResourceMetrics, ScopeMetrics, ResourceSpans, ScopeSpans, Resource, EntityRef, Scope,
  KeyValue, AnyValue, ArrayValue, MapValue,
  Metric, Gauge, Sum, Histogram, ExponentialHistogram, Summary,
  NumberPoint, HistogramPoint, ExponentialPoint, Buckets, SummaryPoint, Quantile, Exemplar,
  Span, Event, Link, SpanStatus,
  Count,
};

// The protobuf type, and with it the JSON form.
enum class Type : std::uint8_t {
  Message, String, Base64, Hex, Bool, Double, Enum,
  Int64, Uint32, Uint64, Sint32,  // varints
  Fixed32, Fixed64, Sfixed64,
};

struct FieldRow {
  Message owner;
  std::string_view name;
  std::uint32_t number;
  Type type;
  bool repeated = false;
  Message nested = Message::Count;  // for Type::Message
};

std::span<const FieldRow> fields_of(Message message) noexcept;
// Null where the message has no such field.
const FieldRow* find_field(Message message, std::string_view name) noexcept;
const FieldRow* find_field(Message message, std::uint32_t number) noexcept;

Message root_of(OtlpMessage kind) noexcept;

// How one value lies on the wire; a packed array is Length.
WireType wire_type(Type type) noexcept;
// Repeated numbers are packed, repeated messages and texts are not.
inline bool packs(Type type) noexcept { return wire_type(type) != WireType::Length; }

}  // namespace tocsin::wire::otlp_json
