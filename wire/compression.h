// SPDX-License-Identifier: Apache-2.0
// gzip, zlib ("deflate") and zstd: whole bodies with a hard limit on what comes out, and streams for long answers.
//
//   Result<std::string> body = decompress(Encoding::Gzip, request.body, 64 << 20);   // TooLarge stops a bomb
//   std::string small = compress(Encoding::Zstd, text);
//
//   auto compressor = Compressor::make(Encoding::Gzip);
//   std::string out;
//   while (next_block(block)) compressor->append(block, out), send(out), out.clear();
//   compressor->finish(out), send(out);
//
// Threads: free functions are thread-safe; a Compressor belongs to one thread at a time. Costs: decompression holds at
// most the limit and stops there; a gzip Compressor holds 270 KiB, a zstd one about 600 KiB, whatever the length.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "meters/base/result.h"
#include "wire/content_encoding.h"

namespace tocsin::wire {

// Errors: Input (not that format, truncated, a wrong checksum, something after the end), TooLarge (over max_bytes).
Result<std::string> decompress(Encoding encoding, std::string_view body, std::size_t max_bytes);

// RFC 1952; several members one after the other are one body.
Result<std::string> gunzip(std::string_view body, std::size_t max_bytes);
// RFC 1950, which is what HTTP calls "deflate".
Result<std::string> inflate_zlib(std::string_view body, std::size_t max_bytes);
// RFC 8878; several frames are one body. A frame that needs a window over 8 MiB is refused, as the RFC allows.
Result<std::string> unzstd(std::string_view body, std::size_t max_bytes);

// At the fastest level that is worth it (gzip 1, zstd 1).
std::string compress(Encoding encoding, std::string_view body);

// One stream out of many blocks: a single gzip member or a single zstd frame.
class Compressor {
 public:
  // Identity copies.
  static std::unique_ptr<Compressor> make(Encoding encoding);
  virtual ~Compressor() = default;

  // Appends to `out` what is ready, which may be nothing yet.
  virtual void append(std::string_view block, std::string& out) = 0;
  // Appends the rest. Nothing may be appended after it.
  virtual void finish(std::string& out) = 0;
};

}  // namespace tocsin::wire
