// SPDX-License-Identifier: Apache-2.0
// Whether an OTLP message is well formed all through: also where nobody here reads, such as the events of a span. What is
// handed on with that of others must be, or the whole of it is refused elsewhere.
//
//   if (auto checked = check_otlp(body, OtlpMessage::TraceRequest); !checked) return checked.error();
//
// Unknown fields may hold anything of their wire type.
// Threads: pure. Costs about 10 ns a field.
#pragma once

#include <string_view>

#include "meters/base/result.h"
#include "wire/otlp_json.h"

namespace tocsin::wire {

// Errors: Fault::Input with the byte: malformed, nested deeper than 64 messages, or a text that is no UTF-8.
Result<void> check_otlp(std::string_view protobuf, OtlpMessage kind);

}  // namespace tocsin::wire
