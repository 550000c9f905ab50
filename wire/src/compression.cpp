// SPDX-License-Identifier: Apache-2.0
#include "wire/compression.h"

#include "wire/src/compression_formats.h"

namespace tocsin::wire {
namespace {

class Copy final : public Compressor {
 public:
  void append(std::string_view block, std::string& out) override { out += block; }
  void finish(std::string&) override {}
};

}  // namespace

Result<std::string> decompress(Encoding encoding, std::string_view body, std::size_t max_bytes) {
  switch (encoding) {
    case Encoding::Identity:
      if (body.size() > max_bytes) return over_limit("plain", max_bytes);
      return std::string(body);
    case Encoding::Gzip: return gunzip(body, max_bytes);
    case Encoding::Deflate: return inflate_zlib(body, max_bytes);
    case Encoding::Zstd: return unzstd(body, max_bytes);
  }
  return Error{Fault::Unsupported, "unknown encoding"};
}

std::string compress(Encoding encoding, std::string_view body) {
  switch (encoding) {
    case Encoding::Identity: return std::string(body);
    case Encoding::Gzip: return compress_gzip(body);
    case Encoding::Deflate: return compress_zlib(body);
    case Encoding::Zstd: return compress_zstd(body);
  }
  return std::string(body);
}

std::unique_ptr<Compressor> Compressor::make(Encoding encoding) {
  switch (encoding) {
    case Encoding::Identity: return std::make_unique<Copy>();
    case Encoding::Gzip:
    case Encoding::Deflate: return make_zlib_compressor(encoding);
    case Encoding::Zstd: return make_zstd_compressor();
  }
  return std::make_unique<Copy>();
}

}  // namespace tocsin::wire
