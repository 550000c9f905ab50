// SPDX-License-Identifier: Apache-2.0
#include "wire/otlp_check.h"

#include "meters/base/text.h"
#include "wire/src/otlp_json_fields.h"

namespace tocsin::wire {

namespace {

using otlp_json::FieldRow;
using otlp_json::Message;
using otlp_json::Type;

constexpr int kMaxDepth = 64;

class Checker {
 public:
  explicit Checker(std::string_view whole) : whole_(whole) {}

  Result<void> message(std::string_view bytes, Message kind, int depth) const {
    if (depth > kMaxDepth) return fault("nested deeper than " + std::to_string(kMaxDepth) + " messages", bytes.data());
    ProtobufReader reader(bytes);
    while (reader.next()) {
      const FieldRow* field = otlp_json::find_field(kind, reader.field());
      if (field == nullptr || reader.type() != WireType::Length) {
        reader.skip();
        continue;
      }
      const std::string_view inside = reader.bytes();
      if (!reader.ok()) break;
      if (auto checked = value(*field, inside, depth); !checked) return checked;
    }
    return reader.ok() ? Result<void>() : fault("a malformed message", bytes.data() + reader.fault_offset());
  }

 private:
  Result<void> value(const FieldRow& field, std::string_view inside, int depth) const {
    if (field.type == Type::Message) return message(inside, field.nested, depth + 1);
    if (field.type == Type::String && !is_utf8(inside)) return fault("a text that is not UTF-8", inside.data());
    if (!field.repeated || !otlp_json::packs(field.type)) return {};
    ProtobufReader packed(inside);
    while (packed.ok() && !packed.at_end()) {
      switch (otlp_json::wire_type(field.type)) {
        case WireType::Fixed64: packed.fixed64(); break;
        case WireType::Fixed32: packed.fixed32(); break;
        default: packed.varint();
      }
    }
    return packed.ok() ? Result<void>() : fault("a malformed list of numbers", inside.data() + packed.fault_offset());
  }

  Error fault(const std::string& what, const char* at) const {
    return {Fault::Input, "OTLP: " + what + " at byte " + std::to_string(at - whole_.data())};
  }

  const std::string_view whole_;
};

}  // namespace

Result<void> check_otlp(std::string_view protobuf, OtlpMessage kind) {
  return Checker(protobuf).message(protobuf, otlp_json::root_of(kind), 0);
}

}  // namespace tocsin::wire
