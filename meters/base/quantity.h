// SPDX-License-Identifier: Apache-2.0
// Durations and sizes as people write them: always with a unit, so that 5000 never means the wrong thing.
//
//   parse_duration("1h30m");       // 90 minutes
//   parse_bytes("64MiB");          // 67'108'864
//   to_text(std::chrono::seconds{90});   // "1m30s"
//
// Threads: pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "meters/base/result.h"

namespace tocsin {

// Prometheus' grammar (ns and us added): one or more <integer><unit>, units y w d h m s ms us ns, largest first, each
// once; "0" needs no unit. Errors: Fault::Input, quoting the text and saying what a right one looks like.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
std::string to_text(std::chrono::nanoseconds duration);

// <integer> with B, KiB, MiB, GiB, kB, MB or GB. Errors: as above.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace tocsin
