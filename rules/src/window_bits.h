// SPDX-License-Identifier: Apache-2.0
// Bits and varints, written one after the other into bytes, and read back with every length checked: what is read may be
// a file that somebody damaged.
//
// Threads: values of one thread. Costs 1 to 2 ns a number.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tocsin::rules {

inline std::uint64_t zigzag(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t code) noexcept {
  return static_cast<std::int64_t>(code >> 1) ^ -static_cast<std::int64_t>(code & 1);
}

class ByteWriter {
 public:
  explicit ByteWriter(std::string& into) : into_(into) {}
  void byte(std::uint8_t value) { into_ += static_cast<char>(value); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  void signed_varint(std::int64_t value) { varint(zigzag(value)); }
  void fixed64(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) byte(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  void text(std::string_view value) {
    varint(value.size());
    into_ += value;
  }
  std::size_t size() const noexcept { return into_.size(); }

 private:
  std::string& into_;
};

// After a read beyond the end everything is zero and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view from) : from_(from) {}
  bool ok() const noexcept { return ok_; }
  std::size_t left() const noexcept { return from_.size(); }
  std::uint8_t byte() {
    if (from_.empty()) return ok_ = false, std::uint8_t{0};
    const auto value = static_cast<std::uint8_t>(from_.front());
    from_.remove_prefix(1);
    return value;
  }
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t next = byte();
      value |= std::uint64_t{next & 0x7FU} << shift;
      if (next < 0x80) return value;
    }
    return ok_ = false, std::uint64_t{0};
  }
  std::int64_t signed_varint() { return unzigzag(varint()); }
  std::uint64_t fixed64() {
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value |= std::uint64_t{byte()} << (8 * i);
    return value;
  }
  std::string_view bytes(std::uint64_t size) {
    if (size > from_.size()) return ok_ = false, std::string_view{};
    const std::string_view found = from_.substr(0, size);
    from_.remove_prefix(size);
    return found;
  }
  std::string_view text() { return bytes(varint()); }
  std::string_view rest() const noexcept { return from_; }

 private:
  std::string_view from_;
  bool ok_ = true;
};

class BitWriter {
 public:
  explicit BitWriter(std::string& into) : into_(into) {}
  ~BitWriter() { flush(); }
  BitWriter(const BitWriter&) = delete;
  BitWriter& operator=(const BitWriter&) = delete;

  // Requires: width <= 64, value < 2^width.
  void bits(std::uint64_t value, unsigned width) {
    if (width > 32) {
      bits(value & 0xFFFF'FFFF, 32);
      value >>= 32;
      width -= 32;
    }
    held_ |= value << count_;
    count_ += width;
    while (count_ >= 8) {
      into_ += static_cast<char>(held_);
      held_ >>= 8;
      count_ -= 8;
    }
  }
  void flush() {
    if (count_ != 0) into_ += static_cast<char>(held_);
    held_ = 0;
    count_ = 0;
  }

 private:
  std::string& into_;
  std::uint64_t held_ = 0;
  unsigned count_ = 0;
};

class BitReader {
 public:
  explicit BitReader(std::string_view from) : from_(from) {}
  bool ok() const noexcept { return ok_; }
  // Bytes of which at least one bit was read.
  std::size_t used() const noexcept { return at_; }

  // Requires: width <= 64.
  std::uint64_t bits(unsigned width) {
    if (width > 32) {
      const std::uint64_t low = bits(32);
      return low | (bits(width - 32) << 32);
    }
    while (count_ < width) {
      if (at_ == from_.size()) return ok_ = false, std::uint64_t{0};
      held_ |= std::uint64_t{static_cast<std::uint8_t>(from_[at_++])} << count_;
      count_ += 8;
    }
    const std::uint64_t value = width == 0 ? 0 : held_ & (~std::uint64_t{0} >> (64 - width));
    held_ >>= width;
    count_ -= width;
    return value;
  }

 private:
  std::string_view from_;
  std::size_t at_ = 0;
  std::uint64_t held_ = 0;
  unsigned count_ = 0;
  bool ok_ = true;
};

}  // namespace tocsin::rules
