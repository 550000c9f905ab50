// SPDX-License-Identifier: Apache-2.0
// MD5, for relabelling's hashmod alone: targets must fall into the same shares as with Prometheus.
#pragma once

#include <cstdint>
#include <string_view>

namespace tocsin::agent {

// The last eight bytes of the digest, as a big-endian number.
std::uint64_t md5_low64(std::string_view text);

}  // namespace tocsin::agent
