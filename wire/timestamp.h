// SPDX-License-Identifier: Apache-2.0
// Points in time as text: RFC 3339 for APIs, HTTP-date for headers, seconds with a fraction for queries.
//
//   format_rfc3339(time);                             // "2026-03-01T12:00:00.25Z": as many digits as needed
//   Result<Time> t = parse_timestamp("1700000000.5");      // or "2026-03-01T13:00:00+01:00"
//   format_http_date(time);                           // "Sun, 01 Mar 2026 12:00:00 GMT"
//
// Years 1677 to 2262, which is what nanoseconds in 64 bits hold. Always UTC.
// Threads: pure. Costs one string.
#pragma once

#include <string>
#include <string_view>

#include "meters/base/clock.h"
#include "meters/base/result.h"

namespace tocsin::wire {

std::string format_rfc3339(Time time);
std::string format_http_date(Time time);

// Unix seconds, whole or with a fraction, or RFC 3339 with "Z" or an offset. Errors: Input, with the text.
Result<Time> parse_timestamp(std::string_view text);

}  // namespace tocsin::wire
