// SPDX-License-Identifier: Apache-2.0
// The content encodings we speak, by name: what Content-Encoding and Accept-Encoding say. The work is in compression.h.
//
//   Result<Encoding> encoding = parse_encoding(request.headers.value("Content-Encoding"));
//
// Threads: pure. Costs nothing but a string in an error.
#pragma once

#include <cstdint>
#include <string_view>

#include "meters/base/result.h"

namespace tocsin::wire {

enum class Encoding : std::uint8_t { Identity, Gzip, Deflate, Zstd };

// "gzip", "deflate", "zstd", "identity".
std::string_view encoding_name(Encoding encoding) noexcept;
// Empty text and "none" are identity, "x-gzip" is gzip. Errors: Unsupported, with the list of what is understood.
Result<Encoding> parse_encoding(std::string_view name);

}  // namespace tocsin::wire
