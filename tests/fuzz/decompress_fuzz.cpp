// SPDX-License-Identifier: Apache-2.0
// gzip, zlib and zstd: whatever comes in, no more than the limit comes out; and what is compressed comes back.
#include <cstdint>
#include <cstdlib>

#include "wire/compression.h"

namespace {

constexpr std::size_t kLimit = 1 << 20;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin::wire;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const Encoding encoding : {Encoding::Gzip, Encoding::Deflate, Encoding::Zstd}) {
    if (const auto out = decompress(encoding, input, kLimit)) {
      require(out->size() <= kLimit);
      const auto exact = decompress(encoding, input, out->size());
      require(exact && *exact == *out);
      if (!out->empty()) require(!decompress(encoding, input, out->size() - 1));
    } else {
      require(!out.error().message.empty());
    }
    const auto back = decompress(encoding, compress(encoding, input), size);
    require(back && *back == input);
  }
  return 0;
}
