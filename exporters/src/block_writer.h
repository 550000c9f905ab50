// SPDX-License-Identifier: Apache-2.0
// Collects bytes into blocks of at most 64 KiB and hands them to a sink. reserve() gives a place to write into with
// plain pointers; up to kSpill bytes past what was reserved may be scribbled on, so that short texts can be copied in
// fixed 16-byte steps.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "exporters/exposition.h"

namespace tocsin::exporters {

class BlockWriter {
 public:
  static constexpr std::size_t kBlockBytes = 64UL * 1024;
  static constexpr std::size_t kSpill = 64;

  explicit BlockWriter(const BlockSink& sink)
      : sink_(sink), block_(std::make_unique_for_overwrite<char[]>(kBlockBytes + kSpill)), at_(block_.get()) {}

  // A place for `bytes` bytes; tell by commit() how far it was used. Requires: bytes <= kBlockBytes.
  char* reserve(std::size_t bytes) {
    if (static_cast<std::size_t>(end() - at_) < bytes) [[unlikely]]
      flush();
    return at_;
  }
  void commit(char* used_to) noexcept {
    assert(used_to >= at_ && used_to <= end());
    at_ = used_to;
  }

  // Of any length: goes out in pieces.
  void put(std::string_view text) {
    while (!text.empty()) {
      if (at_ == end()) flush();
      const std::size_t size = std::min<std::size_t>(text.size(), static_cast<std::size_t>(end() - at_));
      std::memcpy(at_, text.data(), size);
      at_ += size;
      text.remove_prefix(size);
    }
  }

  // After a refusal nothing more is handed on; what is written goes nowhere.
  void flush() {
    const auto size = static_cast<std::size_t>(at_ - block_.get());
    at_ = block_.get();
    if (size == 0 || refused_) return;
    flushed_ += size;
    refused_ = !sink_({block_.get(), size});
  }

  bool refused() const noexcept { return refused_; }
  std::uint64_t bytes() const noexcept { return flushed_ + static_cast<std::uint64_t>(at_ - block_.get()); }

 private:
  char* end() const noexcept { return block_.get() + kBlockBytes; }

  const BlockSink& sink_;
  std::unique_ptr<char[]> block_;
  char* at_;
  std::uint64_t flushed_ = 0;
  bool refused_ = false;
};

// Copies in steps of 16; writes up to 15 bytes past the end and reads as many past the text's. Requires: both are
// there to be touched.
inline char* copy_padded(char* to, const char* from, std::size_t size) noexcept {
  std::size_t done = 0;
  do {
    std::memcpy(to + done, from + done, 16);
    done += 16;
  } while (done < size);
  return to + size;
}

inline char* copy(char* to, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());  // an empty view may have no address
  return to + text.size();
}

}  // namespace tocsin::exporters
