// SPDX-License-Identifier: Apache-2.0
#include "wire/snappy.h"

#include <cstdint>
#include <cstring>

namespace tocsin::wire {
namespace {

// A block cannot grow more than this: 64 bytes from an element of 3.
constexpr std::size_t kMostRatio = 32;

Error broken(std::size_t at) {
  return Error{Fault::Input, "not a snappy block: broken at byte " + std::to_string(at)};
}

class Block {
 public:
  Block(std::string_view block, std::string& out) : block_(block), out_(out) {}

  // Varint of at most 32 bits.
  bool length(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (at_ == block_.size()) return false;
      const auto byte = static_cast<unsigned char>(block_[at_++]);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value <= UINT32_MAX;
    }
    return false;
  }

  // Fills the output from the elements; false where they do not fit it.
  bool elements() {
    while (at_ != block_.size()) {
      const auto tag = static_cast<unsigned char>(block_[at_++]);
      const bool done = (tag & 3) == 0 ? literal(tag >> 2) : copy(tag);
      if (!done) return false;
    }
    return filled_ == out_.size();
  }
  std::size_t at() const noexcept { return at_; }

 private:
  bool number(std::size_t bytes, std::size_t& value) {
    if (block_.size() - at_ < bytes) return false;
    value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      value |= static_cast<std::size_t>(static_cast<unsigned char>(block_[at_ + i])) << (8 * i);
    at_ += bytes;
    return true;
  }

  bool literal(std::size_t size) {
    if (size >= 60 && !number(size - 59, size)) return false;
    ++size;
    if (size > block_.size() - at_ || size > out_.size() - filled_) return false;
    std::memcpy(out_.data() + filled_, block_.data() + at_, size);
    at_ += size;
    filled_ += size;
    return true;
  }

  bool copy(unsigned char tag) {
    std::size_t size = 0, offset = 0;
    if ((tag & 3) == 1) {
      size = 4 + ((tag >> 2) & 7U);
      if (!number(1, offset)) return false;
      offset |= static_cast<std::size_t>(tag >> 5) << 8;
    } else {
      size = (tag >> 2) + 1U;
      if (!number((tag & 3) == 2 ? 2 : 4, offset)) return false;
    }
    if (offset == 0 || offset > filled_ || size > out_.size() - filled_) return false;
    char* const to = out_.data() + filled_;
    if (offset >= size) {
      std::memcpy(to, to - offset, size);
    } else {
      const char* const from = to - offset;
      for (std::size_t i = 0; i < size; ++i) to[i] = from[i];  // overlapping on purpose: a pattern repeats
    }
    filled_ += size;
    return true;
  }

  std::string_view block_;
  std::string& out_;
  std::size_t at_ = 0, filled_ = 0;
};

}  // namespace

Result<std::string> uncompress_snappy(std::string_view block, std::size_t max_bytes) {
  std::string out;
  Block reader(block, out);
  std::uint64_t size = 0;
  if (!reader.length(size)) return broken(reader.at());
  if (size > max_bytes)
    return Error{Fault::TooLarge, "a snappy block of " + std::to_string(size) + " bytes: the limit is " + std::to_string(max_bytes)};
  if (size > block.size() * kMostRatio) return broken(reader.at());
  out.resize(size);
  if (!reader.elements()) return broken(reader.at());
  return out;
}

}  // namespace tocsin::wire
