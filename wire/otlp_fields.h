// SPDX-License-Identifier: Apache-2.0
// Field numbers of opentelemetry-proto 1.11 (and of google.rpc.Status), by message: the one place where decoders and
// encoders look them up.
//
//   using otlp::NumberDataPoint;
//   if (reader.field() == NumberDataPoint::kStartTimeUnixNano) ...
//
// Threads: constants.
#pragma once

#include <cstdint>

namespace tocsin::wire::otlp {

using Field = std::uint32_t;

struct ExportRequest { static constexpr Field kResources = 1; };  // ExportMetrics-, ExportTraceServiceRequest
struct ExportResponse { static constexpr Field kPartialSuccess = 1; };
struct PartialSuccess { static constexpr Field kRejected = 1, kErrorMessage = 2; };
struct RpcStatus { static constexpr Field kCode = 1, kMessage = 2, kDetails = 3; };
struct RpcAny { static constexpr Field kTypeUrl = 1, kValue = 2; };
struct RetryInfo { static constexpr Field kRetryDelay = 1; };
struct Duration { static constexpr Field kSeconds = 1, kNanos = 2; };

// ResourceMetrics and ResourceSpans; ScopeMetrics and ScopeSpans: the same shape.
struct ResourceItems { static constexpr Field kResource = 1, kScopes = 2, kSchemaUrl = 3; };
struct ScopeItems { static constexpr Field kScope = 1, kItems = 2, kSchemaUrl = 3; };
struct Resource { static constexpr Field kAttributes = 1, kDroppedAttributesCount = 2, kEntityRefs = 3; };
struct EntityRef { static constexpr Field kSchemaUrl = 1, kType = 2, kIdKeys = 3, kDescriptionKeys = 4; };
struct Scope { static constexpr Field kName = 1, kVersion = 2, kAttributes = 3, kDroppedAttributesCount = 4; };

struct KeyValue { static constexpr Field kKey = 1, kValue = 2; };
struct AnyValue {
  static constexpr Field kString = 1, kBool = 2, kInt = 3, kDouble = 4, kArray = 5, kMap = 6, kBytes = 7;
};
struct ArrayValue { static constexpr Field kValues = 1; };
struct KeyValueList { static constexpr Field kValues = 1; };

struct Metric {
  static constexpr Field kName = 1, kDescription = 2, kUnit = 3, kGauge = 5, kSum = 7, kHistogram = 9,
                         kExponentialHistogram = 10, kSummary = 11, kMetadata = 12;
};
struct Points { static constexpr Field kDataPoints = 1; };  // Gauge, Sum, Histogram, ExponentialHistogram, Summary
struct Sum { static constexpr Field kTemporality = 2, kMonotonic = 3; };
struct Histogram { static constexpr Field kTemporality = 2; };  // ExponentialHistogram too

enum class Temporality : std::uint8_t { Unspecified = 0, Delta = 1, Cumulative = 2 };
inline constexpr std::uint32_t kFlagNoRecordedValue = 1;

struct NumberDataPoint {
  static constexpr Field kStartTimeUnixNano = 2, kTimeUnixNano = 3, kAsDouble = 4, kExemplars = 5, kAsInt = 6,
                         kAttributes = 7, kFlags = 8;
};
struct HistogramDataPoint {
  static constexpr Field kStartTimeUnixNano = 2, kTimeUnixNano = 3, kCount = 4, kSum = 5, kBucketCounts = 6,
                         kExplicitBounds = 7, kExemplars = 8, kAttributes = 9, kFlags = 10, kMin = 11, kMax = 12;
};
struct ExponentialHistogramDataPoint {
  static constexpr Field kAttributes = 1, kStartTimeUnixNano = 2, kTimeUnixNano = 3, kCount = 4, kSum = 5, kScale = 6,
                         kZeroCount = 7, kPositive = 8, kNegative = 9, kFlags = 10, kExemplars = 11, kMin = 12,
                         kMax = 13, kZeroThreshold = 14;
};
struct Buckets { static constexpr Field kOffset = 1, kBucketCounts = 2; };
struct SummaryDataPoint {
  static constexpr Field kStartTimeUnixNano = 2, kTimeUnixNano = 3, kCount = 4, kSum = 5, kQuantileValues = 6,
                         kAttributes = 7, kFlags = 8;
};
struct ValueAtQuantile { static constexpr Field kQuantile = 1, kValue = 2; };
struct Exemplar {
  static constexpr Field kTimeUnixNano = 2, kAsDouble = 3, kSpanId = 4, kTraceId = 5, kAsInt = 6,
                         kFilteredAttributes = 7;
};

struct Span {
  static constexpr Field kTraceId = 1, kSpanId = 2, kTraceState = 3, kParentSpanId = 4, kName = 5, kKind = 6,
                         kStartTimeUnixNano = 7, kEndTimeUnixNano = 8, kAttributes = 9, kDroppedAttributesCount = 10,
                         kEvents = 11, kDroppedEventsCount = 12, kLinks = 13, kDroppedLinksCount = 14, kStatus = 15,
                         kFlags = 16;
};
struct SpanEvent { static constexpr Field kTimeUnixNano = 1, kName = 2, kAttributes = 3, kDroppedAttributesCount = 4; };
struct SpanLink {
  static constexpr Field kTraceId = 1, kSpanId = 2, kTraceState = 3, kAttributes = 4, kDroppedAttributesCount = 5,
                         kFlags = 6;
};
struct SpanStatus { static constexpr Field kMessage = 2, kCode = 3; };

}  // namespace tocsin::wire::otlp
