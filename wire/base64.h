// SPDX-License-Identifier: Apache-2.0
// Base64 read (RFC 4648), as Authorization: Basic and JSON bytes fields use it. Writing it is tocsin::base64, in
// meters/base/text.h.
//
//   std::optional<std::string> bytes = base64_decode("dXNlcjpwYXNz");      // "user:pass"
//
// Threads: pure. Costs one string.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::wire {

// Padding may be missing; the URL-safe letters '-' and '_' are taken too. Nothing for any other character.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace tocsin::wire
