// SPDX-License-Identifier: Apache-2.0
// What the three compression libraries give to compression.h, each from the one file that includes its header.
//
// Threads: as compression.h. Costs: see there.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "meters/base/result.h"
#include "wire/compression.h"

namespace tocsin::wire {

// libdeflate: whole buffers.
std::string compress_gzip(std::string_view body);
std::string compress_zlib(std::string_view body);

// zstd.
std::string compress_zstd(std::string_view body);
std::unique_ptr<Compressor> make_zstd_compressor();

// zlib: streams. Deflate is the zlib format.
std::unique_ptr<Compressor> make_zlib_compressor(Encoding encoding);

inline Error damaged(std::string_view format) {
  return {Fault::Input, std::string(format) + " data is damaged or ends too early"};
}
inline Error over_limit(std::string_view format, std::size_t max_bytes) {
  return {Fault::TooLarge, std::string(format) + " data is over the limit of " + std::to_string(max_bytes) +
                               " bytes when decompressed"};
}

}  // namespace tocsin::wire
