// SPDX-License-Identifier: Apache-2.0
// The protobuf reader: walks any bytes as nested messages. What was read must lie inside the input, and what is read
// without a fault and written again must be read alike.
#include <cstdint>
#include <cstdlib>

#include "wire/protobuf.h"

namespace {

using namespace tocsin::wire;

constexpr int kDeepest = 32;

void require(bool holds) {
  if (!holds) std::abort();
}

void walk(ProtobufReader& reader, std::string_view input, int depth, ProtobufWriter& copy) {
  while (reader.next()) {
    switch (reader.type()) {
      case WireType::Varint: {
        const std::uint64_t value = reader.varint();
        if (reader.field() != 0) copy.varint(reader.field(), value);
        break;
      }
      case WireType::Fixed64: copy.fixed64(reader.field(), reader.fixed64()); break;
      case WireType::Fixed32: copy.fixed32(reader.field(), reader.fixed32()); break;
      case WireType::Length: {
        ProtobufReader probe = reader;
        const std::string_view bytes = reader.bytes();
        if (!bytes.empty()) require(bytes.data() >= input.data() && bytes.data() + bytes.size() <= input.data() + input.size());
        copy.bytes(reader.field(), bytes);
        if (depth == 0 || !probe.ok()) break;
        ProtobufReader nested = probe.message();
        std::string ignored;
        ProtobufWriter nested_copy(ignored);
        walk(nested, input, depth - 1, nested_copy);
        if (!nested.ok()) require(nested.fault_offset() <= input.size());
        break;
      }
      default: reader.skip(); require(!reader.ok());
    }
  }
}

std::size_t count_fields(std::string_view bytes) {
  std::size_t count = 0;
  for (ProtobufReader reader(bytes); reader.next(); ++count) reader.skip();
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string out;
  ProtobufWriter copy(out);
  ProtobufReader reader(input);
  walk(reader, input, kDeepest, copy);
  ProtobufReader skipping(input);
  while (skipping.next()) skipping.skip();
  if (skipping.ok()) {
    require(reader.ok());
    require(count_fields(input) == count_fields(out));
  } else {
    require(skipping.fault_offset() <= input.size());
    require(!skipping.error("input").message.empty());
  }
  return 0;
}
