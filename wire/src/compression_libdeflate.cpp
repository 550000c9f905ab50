// SPDX-License-Identifier: Apache-2.0
// Whole gzip and zlib buffers. libdeflate is two to three times as fast as zlib here, and writes only into the room it is
// given: the room is what bounds a bomb.
#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "wire/src/compression_formats.h"

namespace tocsin::wire {
namespace {

constexpr int kLevel = 1;
constexpr std::size_t kLeastRoom = 4096;
constexpr std::size_t kBestRatio = 1032;  // deflate cannot do better

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* one) const { libdeflate_free_decompressor(one); }
};
using Decompressor = std::unique_ptr<libdeflate_decompressor, FreeDecompressor>;

struct FreeCompressor {
  void operator()(libdeflate_compressor* one) const { libdeflate_free_compressor(one); }
};

using Decompress = libdeflate_result (*)(libdeflate_decompressor*, const void*, std::size_t, void*, std::size_t,
                                         std::size_t*, std::size_t*);

std::size_t most_out(std::size_t in) { return in > SIZE_MAX / kBestRatio ? SIZE_MAX : in * kBestRatio + 64; }

// What the gzip trailer says, which the sender may have made up.
std::size_t announced_size(std::string_view body) {
  std::uint32_t size = 0;
  if (body.size() >= sizeof(size)) std::memcpy(&size, body.data() + body.size() - sizeof(size), sizeof(size));
  return size;
}

// Decompresses one member to the end of `out`; how many bytes of `in` it took.
Result<std::size_t> decompress_member(Decompress run, libdeflate_decompressor* decompressor, std::string_view in,
                                      std::size_t guess, std::size_t max_bytes, std::string_view format, std::string& out) {
  const std::size_t start = out.size();
  const std::size_t limit = std::min(max_bytes - start, most_out(in.size()));
  std::size_t room = std::min(std::max(guess, kLeastRoom), limit);
  for (;;) {
    out.resize(start + room);
    std::size_t taken = 0;
    std::size_t made = 0;
    const auto result = run(decompressor, in.data(), in.size(), out.data() + start, room, &taken, &made);
    if (result == LIBDEFLATE_SUCCESS) {
      out.resize(start + made);
      return taken;
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE) return damaged(format);
    if (room == limit) return over_limit(format, max_bytes);
    room = std::min(limit, room > limit / 4 ? limit : room * 4);
  }
}

template <class Run>
std::string compress_with(Run run, std::size_t (*bound)(libdeflate_compressor*, std::size_t), std::string_view body) {
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(libdeflate_alloc_compressor(kLevel));
  if (compressor == nullptr) throw std::bad_alloc();
  std::string out(bound(compressor.get(), body.size()), '\0');
  out.resize(run(compressor.get(), body.data(), body.size(), out.data(), out.size()));
  return out;
}

Decompressor make_decompressor() {
  Decompressor decompressor(libdeflate_alloc_decompressor());
  if (decompressor == nullptr) throw std::bad_alloc();
  return decompressor;
}

}  // namespace

Result<std::string> gunzip(std::string_view body, std::size_t max_bytes) {
  const Decompressor decompressor = make_decompressor();
  std::string out;
  std::size_t guess = announced_size(body);
  do {
    if (body.size() < 2 || body[0] != '\x1f' || body[1] != '\x8b') {
      return Error{Fault::Input, out.empty() ? "not gzip data" : "something follows the end of the gzip data"};
    }
    auto taken = decompress_member(libdeflate_gzip_decompress_ex, decompressor.get(), body, guess, max_bytes, "gzip", out);
    if (!taken) return taken.error();
    body.remove_prefix(*taken);
    guess = kLeastRoom;
  } while (!body.empty());
  return out;
}

Result<std::string> inflate_zlib(std::string_view body, std::size_t max_bytes) {
  const Decompressor decompressor = make_decompressor();
  std::string out;
  auto taken = decompress_member(libdeflate_zlib_decompress_ex, decompressor.get(), body, body.size() * 4, max_bytes, "zlib", out);
  if (!taken) return taken.error();
  if (*taken != body.size()) return Error{Fault::Input, "something follows the end of the zlib data"};
  return out;
}

std::string compress_gzip(std::string_view body) {
  return compress_with(libdeflate_gzip_compress, libdeflate_gzip_compress_bound, body);
}

std::string compress_zlib(std::string_view body) {
  return compress_with(libdeflate_zlib_compress, libdeflate_zlib_compress_bound, body);
}

}  // namespace tocsin::wire
