// SPDX-License-Identifier: Apache-2.0
#include "wire/protobuf.h"

namespace tocsin::wire {

std::uint64_t ProtobufReader::long_varint() noexcept {
  std::uint64_t value = 0;
  const char* at = at_;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at == end_) {
      fail(Problem::Truncated);
      return 0;
    }
    const auto byte = static_cast<unsigned char>(*at++);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      // The tenth byte holds one bit; a larger one is no 64-bit number.
      if (shift == 63 && byte > 1) break;
      at_ = at;
      return value;
    }
  }
  fail(Problem::Varint);
  return 0;
}

void ProtobufReader::skip() noexcept {
  if (field() == 0) {
    at_ = field_at_;
    return fail(Problem::Tag);
  }
  switch (type()) {
    case WireType::Varint: varint(); return;
    case WireType::Fixed64: fixed64(); return;
    case WireType::Length: bytes(); return;
    case WireType::Fixed32: fixed32(); return;
    case WireType::StartGroup:
    case WireType::EndGroup: break;
  }
  at_ = field_at_;
  fail(Problem::WireType);
}

Error ProtobufReader::error(std::string_view what) const {
  const char* reason = "";
  switch (problem_) {
    case Problem::None: reason = "no fault"; break;
    case Problem::Truncated: reason = "ends in the middle of a value"; break;
    case Problem::Varint: reason = "a varint is longer than 64 bits"; break;
    case Problem::Length: reason = "a length runs past the end"; break;
    case Problem::Tag: reason = "a field number is out of range"; break;
    case Problem::WireType: reason = "a group or an unknown wire type"; break;
    case Problem::Refused: reason = "a value that is not accepted"; break;
  }
  return {Fault::Input,
          std::string(what) + ": " + reason + " at byte " + std::to_string(ok() ? 0 : fault_offset())};
}

ProtobufWriter::Mark ProtobufWriter::begin(std::uint32_t field, std::size_t expected_size) {
  tag(field, WireType::Length);
  const std::size_t reserved = varint_size(expected_size);
  out_.append(reserved, '\0');
  return {out_.size(), reserved};
}

void ProtobufWriter::end(Mark mark) {
  std::uint64_t size = out_.size() - mark.body;
  const std::size_t needed = varint_size(size);
  const std::size_t length_at = mark.body - mark.reserved;
  if (needed > mark.reserved) {
    out_.insert(mark.body, needed - mark.reserved, '\0');
  } else if (needed < mark.reserved) {
    out_.erase(length_at, mark.reserved - needed);
  }
  for (std::size_t i = 0; i + 1 < needed; ++i, size >>= 7) out_[length_at + i] = static_cast<char>(size | 0x80);
  out_[length_at + needed - 1] = static_cast<char>(size);
}

}  // namespace tocsin::wire
