// SPDX-License-Identifier: Apache-2.0
// Streams of gzip and zlib. libdeflate has no streams, and a gzip member a block is not read to its end by every client.
#include <zlib.h>

#include <array>
#include <limits>
#include <new>

#include "wire/src/compression_formats.h"

namespace tocsin::wire {
namespace {

constexpr int kLevel = 1;
constexpr int kWindowBits = 15;
constexpr int kGzipHeader = 16;  // added to the window bits: gzip instead of zlib
constexpr int kMemoryLevel = 8;

class ZlibCompressor final : public Compressor {
 public:
  explicit ZlibCompressor(Encoding encoding) {
    const int window = encoding == Encoding::Gzip ? kWindowBits + kGzipHeader : kWindowBits;
    if (deflateInit2(&stream_, kLevel, Z_DEFLATED, window, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
  }
  ~ZlibCompressor() override { deflateEnd(&stream_); }

  void append(std::string_view block, std::string& out) override {
    while (!block.empty()) {
      const std::string_view part = block.substr(0, std::numeric_limits<uInt>::max());
      run(part, Z_NO_FLUSH, out);
      block.remove_prefix(part.size());
    }
  }
  void finish(std::string& out) override { run({}, Z_FINISH, out); }

 private:
  void run(std::string_view block, int flush, std::string& out) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(block.data()));  // zlib reads it only
    stream_.avail_in = static_cast<uInt>(block.size());
    do {
      stream_.next_out = buffer_.data();
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      deflate(&stream_, flush);
      out.append(reinterpret_cast<const char*>(buffer_.data()), buffer_.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  z_stream stream_{};
  std::array<Bytef, std::size_t{16} << 10> buffer_;
};

}  // namespace

std::unique_ptr<Compressor> make_zlib_compressor(Encoding encoding) { return std::make_unique<ZlibCompressor>(encoding); }

}  // namespace tocsin::wire
