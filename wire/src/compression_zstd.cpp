// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <new>

#include "wire/src/compression_formats.h"

namespace tocsin::wire {
namespace {

constexpr int kLevel = 1;
constexpr int kLargestWindowLog = 23;  // 8 MiB, which RFC 8878 asks every decoder to have
constexpr std::size_t kLeastRoom = std::size_t{64} << 10;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

std::size_t first_room(std::string_view body, std::size_t max_bytes) {
  const unsigned long long announced = ZSTD_getFrameContentSize(body.data(), body.size());
  const std::size_t plausible = std::max(kLeastRoom, body.size() * 20);  // what it says may be made up
  if (announced == ZSTD_CONTENTSIZE_UNKNOWN || announced == ZSTD_CONTENTSIZE_ERROR) return std::min(max_bytes, plausible);
  return std::min<std::size_t>({max_bytes, plausible, static_cast<std::size_t>(announced)});
}

class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor() : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  void append(std::string_view block, std::string& out) override { run(block, ZSTD_e_continue, out); }
  void finish(std::string& out) override { run({}, ZSTD_e_end, out); }

 private:
  void run(std::string_view block, ZSTD_EndDirective directive, std::string& out) {
    ZSTD_inBuffer in{block.data(), block.size(), 0};
    for (;;) {
      const std::size_t start = out.size();
      out.resize(start + ZSTD_CStreamOutSize());
      ZSTD_outBuffer room{out.data() + start, out.size() - start, 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &room, &in, directive);
      out.resize(start + room.pos);
      if (ZSTD_isError(left)) throw std::bad_alloc();  // the only failure that is not a misuse
      const bool done = directive == ZSTD_e_end ? left == 0 : in.pos == in.size;
      if (done) return;
    }
  }

  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
};

}  // namespace

Result<std::string> unzstd(std::string_view body, std::size_t max_bytes) {
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context(ZSTD_createDCtx());
  if (context == nullptr) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kLargestWindowLog);
  if (body.empty()) return Error{Fault::Input, "not zstd data"};
  std::string out(first_room(body, max_bytes), '\0');
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  std::size_t made = 0;
  for (;;) {
    ZSTD_outBuffer room{out.data(), out.size(), made};
    const std::size_t left = ZSTD_decompressStream(context.get(), &room, &in);
    made = room.pos;
    if (ZSTD_isError(left)) return Error{Fault::Input, std::string("zstd data is damaged: ") + ZSTD_getErrorName(left)};
    if (in.pos == in.size && left == 0) break;
    if (made < out.size()) {
      if (in.pos == in.size) return damaged("zstd");
      continue;
    }
    if (out.size() == max_bytes) {
      // Full to the byte: more can come only if the decoder still makes some.
      char extra;
      ZSTD_outBuffer probe{&extra, 1, 0};
      const std::size_t rest = ZSTD_decompressStream(context.get(), &probe, &in);
      if (ZSTD_isError(rest)) return damaged("zstd");
      if (probe.pos != 0) return over_limit("zstd", max_bytes);
      if (in.pos == in.size && rest == 0) break;
      if (in.pos == in.size) return damaged("zstd");
      continue;
    }
    out.resize(out.size() > max_bytes / 2 ? max_bytes : out.size() * 2);
  }
  out.resize(made);
  return out;
}

std::string compress_zstd(std::string_view body) {
  std::string out;
  ZstdCompressor compressor;
  compressor.append(body, out);
  compressor.finish(out);
  return out;
}

std::unique_ptr<Compressor> make_zstd_compressor() { return std::make_unique<ZstdCompressor>(); }

}  // namespace tocsin::wire
