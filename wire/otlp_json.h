// SPDX-License-Identifier: Apache-2.0
// OTLP/JSON to OTLP/protobuf and back (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"), so that all else
// reads and writes protobuf only.
//
//   Result<std::string> protobuf = json_to_protobuf(body, OtlpMessage::MetricsRequest);
//   Result<std::string> json = protobuf_to_json(answer, OtlpMessage::MetricsResponse);
//
// Reading: names in lowerCamelCase only; trace and span ids in hex of either case, other bytes in base64; enums as
// integers only; 64-bit integers as text or numbers; "NaN", "Infinity", "-Infinity"; null is absent; an unknown name
// is ignored with all that it holds. Writing follows the same rules; ids in lower case.
// Threads: pure. Costs about 5 ns a byte of JSON either way, and no object tree. `details` of google.rpc.Status are not carried.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "meters/attributes.h"
#include "meters/base/result.h"

namespace tocsin::wire {

enum class OtlpMessage : std::uint8_t {
  MetricsRequest,   // ExportMetricsServiceRequest
  TraceRequest,     // ExportTraceServiceRequest
  MetricsResponse,  // ExportMetricsServiceResponse
  TraceResponse,    // ExportTraceServiceResponse
  Status,           // google.rpc.Status
};

// Errors: Fault::Input as "OTLP/JSON: line 3, column 14: traceId: not hexadecimal: \"xyz\""; nesting deeper than 128 is
// one; Fault::TooLarge where the protobuf would be longer than `max_bytes` (it is at most four times the JSON).
Result<std::string> json_to_protobuf(std::string_view json, OtlpMessage kind,
                                     std::size_t max_bytes = std::size_t{64} << 20);

// Errors: Fault::Input with the byte where the protobuf is malformed, or nested deeper than 64 messages.
Result<std::string> protobuf_to_json(std::string_view protobuf, OtlpMessage kind);

// Plain JSON, such as a label that was an array or a map before it became text: numbers without point or exponent are
// integers (reals when they do not fit), null is the empty value. Errors: as above.
Result<meters::AttributeValue> parse_json_value(std::string_view json);

}  // namespace tocsin::wire
