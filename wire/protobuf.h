// SPDX-License-Identifier: Apache-2.0
// The protobuf wire format, read and written by hand: no generated code, no object tree.
//
//   ProtobufReader reader(body);
//   while (reader.next()) switch (reader.tag()) {
//     case protobuf_tag(1, WireType::Length): span.name = reader.bytes(); break;
//     case protobuf_tag(2, WireType::Varint): span.kind = reader.varint(); break;
//     default: reader.skip();               // unknown field, or a known one with another wire type
//   }
//   if (!reader.ok()) return reader.error("span");
//
// The first fault ends the loop; until then every value read is inside the input. Groups are refused. Depth is
// the caller's: each nested message is one reader made by message(). Format: protobuf.dev/programming-guides/encoding.
// Threads: a value type over memory of the caller. Costs one compare and one load a field; allocates only in error().
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "meters/base/result.h"

namespace tocsin::wire {
static_assert(std::endian::native == std::endian::little, "fixed-width fields are copied as they lie");

enum class WireType : std::uint8_t { Varint = 0, Fixed64 = 1, Length = 2, StartGroup = 3, EndGroup = 4, Fixed32 = 5 };

// What next() puts into tag(): the field's number and its wire type in one comparable integer.
constexpr std::uint32_t protobuf_tag(std::uint32_t field, WireType type) noexcept {
  return (field << 3) | static_cast<std::uint32_t>(type);
}

constexpr std::int64_t zigzag_decode(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
}
constexpr std::uint64_t zigzag_encode(std::int64_t value) noexcept {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

// Bytes that a varint of this value takes: 1 to 10.
constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
}

class ProtobufReader {
 public:
  ProtobufReader() noexcept = default;
  explicit ProtobufReader(std::string_view bytes) noexcept
      : at_(bytes.data()), end_(bytes.data() + bytes.size()), origin_(bytes.data()) {}

  // Moves to the next field; false at the end and after a fault. The value must then be read or skipped.
  bool next() noexcept {
    if (at_ == end_) return false;
    field_at_ = at_;
    const auto first = static_cast<unsigned char>(*at_);
    if (first < 0x80) [[likely]] {
      ++at_;
      tag_ = first;
      return true;
    }
    const std::uint64_t tag = varint();
    if (tag > UINT32_MAX) fail(Problem::Tag);
    tag_ = static_cast<std::uint32_t>(tag);
    return ok();
  }

  std::uint32_t tag() const noexcept { return tag_; }
  std::uint32_t field() const noexcept { return tag_ >> 3; }
  WireType type() const noexcept { return static_cast<WireType>(tag_ & 7); }

  // Each reads the value of the current field (or the next element of a packed one). After a fault: 0 or empty.
  std::uint64_t varint() noexcept {
    if (at_ != end_ && static_cast<signed char>(*at_) >= 0) [[likely]] return static_cast<unsigned char>(*at_++);
    return long_varint();
  }
  std::int64_t signed_varint() noexcept { return zigzag_decode(varint()); }  // sint32, sint64
  std::uint64_t fixed64() noexcept { return fixed<std::uint64_t>(); }
  std::uint32_t fixed32() noexcept { return fixed<std::uint32_t>(); }
  double fixed_double() noexcept { return fixed<double>(); }
  float fixed_float() noexcept { return fixed<float>(); }

  std::string_view bytes() noexcept {
    const std::uint64_t size = varint();
    if (size > remaining()) [[unlikely]] {
      fail(Problem::Length);
      return {};
    }
    const char* start = at_;
    at_ += size;
    return {start, static_cast<std::size_t>(size)};
  }

  // A reader over a nested message or a packed field. Its faults are its own: check its ok(), or adopt() it.
  ProtobufReader message() noexcept {
    const std::string_view inside = bytes();
    ProtobufReader nested(inside);
    nested.origin_ = origin_;
    return nested;
  }
  // Ends this reader too when the nested one met a fault.
  void adopt(const ProtobufReader& nested) noexcept {
    if (nested.ok()) [[likely]] return;
    fail(nested.problem_);
    fault_at_ = nested.fault_at_;
  }

  void skip() noexcept;
  // Ends reading for a reason of the caller: a nesting too deep, a value that cannot be.
  void refuse() noexcept { fail(Problem::Refused); }
  std::string_view rest() const noexcept { return {at_, static_cast<std::size_t>(end_ - at_)}; }  // what is not read yet

  std::size_t remaining() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  bool at_end() const noexcept { return at_ == end_; }
  // Where reading stands, for callers that keep a field's bytes with its tag.
  const char* position() const noexcept { return at_; }
  bool ok() const noexcept { return problem_ == Problem::None; }

  // Bytes from the start of the outermost input to the fault. Requires: !ok().
  std::size_t fault_offset() const noexcept { return static_cast<std::size_t>(fault_at_ - origin_); }
  // "<what>: length runs past the end at byte 17". Requires: !ok().
  Error error(std::string_view what) const;

 private:
  enum class Problem : std::uint8_t { None, Truncated, Varint, Length, Tag, WireType, Refused };

  template <class T>
  T fixed() noexcept {
    T value{};
    if (remaining() < sizeof(T)) [[unlikely]] {
      fail(Problem::Truncated);
      return value;
    }
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  std::uint64_t long_varint() noexcept;
  void fail(Problem problem) noexcept {
    if (problem_ == Problem::None) {
      problem_ = problem;
      fault_at_ = at_;
    }
    at_ = end_;
  }

  const char* at_ = nullptr;
  const char* end_ = nullptr;
  const char* origin_ = nullptr;
  const char* field_at_ = nullptr;
  const char* fault_at_ = nullptr;
  std::uint32_t tag_ = 0;
  Problem problem_ = Problem::None;
};

// Appends to a string. Defaults are written as asked: leaving out zeros is the caller's choice.
class ProtobufWriter {
 public:
  explicit ProtobufWriter(std::string& out) noexcept : out_(out) {}

  void varint(std::uint32_t field, std::uint64_t value) { tag(field, WireType::Varint), raw_varint(value); }
  void signed_varint(std::uint32_t field, std::int64_t value) { varint(field, zigzag_encode(value)); }
  void fixed64(std::uint32_t field, std::uint64_t value) { tag(field, WireType::Fixed64), raw(value); }
  void fixed32(std::uint32_t field, std::uint32_t value) { tag(field, WireType::Fixed32), raw(value); }
  void fixed_double(std::uint32_t field, double value) { tag(field, WireType::Fixed64), raw(value); }
  void bytes(std::uint32_t field, std::string_view value) { length(field, value.size()), out_.append(value); }

  // A nested message or packed field whose size is known: follow with exactly `size` bytes.
  void length(std::uint32_t field, std::size_t size) { tag(field, WireType::Length), raw_varint(size); }

  // One whose size is not known: the length is patched in by end(). A good guess of the size saves a move.
  struct Mark { std::size_t body, reserved; };
  [[nodiscard]] Mark begin(std::uint32_t field, std::size_t expected_size = 0);
  void end(Mark mark);

  // Without a tag: elements of a packed field, a length before a delimited message.
  void raw_varint(std::uint64_t value) {
    char buffer[10];
    std::size_t size = 0;
    while (value >= 0x80) buffer[size++] = static_cast<char>(value | 0x80), value >>= 7;
    buffer[size++] = static_cast<char>(value);
    out_.append(buffer, size);
  }
  template <class T>
  void raw(std::span<const T> values) {
    out_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }
  template <class T>
  void raw(T value) { raw(std::span<const T>(&value, 1)); }
  void tag(std::uint32_t field, WireType type) { raw_varint(protobuf_tag(field, type)); }

 private:
  std::string& out_;
};

}  // namespace tocsin::wire
