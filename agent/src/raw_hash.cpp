// SPDX-License-Identifier: Apache-2.0
#include "agent/raw_hash.h"

#include <random>

namespace tocsin::agent::detail {

const HashKeys& hash_keys() noexcept {
  static const HashKeys keys = [] {
    std::random_device device;
    HashKeys drawn{};
    for (std::uint64_t& key : drawn.key) key = (std::uint64_t{device()} << 32 | device()) | 1;
    return drawn;
  }();
  return keys;
}

}  // namespace tocsin::agent::detail
