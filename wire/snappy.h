// SPDX-License-Identifier: Apache-2.0
// Snappy, block format (not framed), read: what Prometheus' remote write sends.
//
//   Result<std::string> body = uncompress_snappy(request.body, 64 << 20);   // TooLarge before anything is allocated
//
// Format: google/snappy, format_description.txt.
// Threads: pure. Costs one allocation of the size that the block states, which is limited first; about 1 GB/s.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "meters/base/result.h"

namespace tocsin::wire {

// Errors: Input (not a snappy block), TooLarge (it states more than max_bytes).
Result<std::string> uncompress_snappy(std::string_view block, std::size_t max_bytes);

}  // namespace tocsin::wire
