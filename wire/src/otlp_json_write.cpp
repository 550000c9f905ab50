// SPDX-License-Identifier: Apache-2.0
// OTLP protobuf to JSON by the field table.
#include <algorithm>
#include <bit>
#include <vector>

#include "meters/base/number.h"
#include "meters/base/text.h"
#include "wire/otlp_json.h"
#include "wire/src/otlp_json_fields.h"
#include "wire/src/otlp_json_text.h"

namespace tocsin::wire {

namespace otlp_json {
namespace {

constexpr int kMaxDepth = 64;

// One occurrence of a field: its number, or its bytes (a message, a text, a packed array).
struct Found {
  const FieldRow* field;
  std::uint64_t number;
  std::string_view bytes;
};

class Writer {
 public:
  Writer(std::string& out, std::string_view whole) : out_(out), whole_(whole) {}

  // Where a nested message was malformed; npos where none was.
  std::size_t nested_fault() const noexcept { return nested_fault_; }

  // Ends `reader` at the first fault.
  void message(ProtobufReader& reader, Message kind, int depth) {
    std::vector<Found> found;
    if (depth > kMaxDepth) reader.refuse();
    while (reader.next()) read(reader, kind, found);
    // Fields may come in any order and repeated ones in pieces; JSON wants each name once.
    const auto earlier = [](const Found& a, const Found& b) { return a.field < b.field; };
    if (!std::is_sorted(found.begin(), found.end(), earlier)) std::stable_sort(found.begin(), found.end(), earlier);
    out_ += '{';
    for (std::size_t begin = 0, end; begin < found.size() && reader.ok(); begin = end) {
      end = begin;
      while (end < found.size() && found[end].field == found[begin].field) ++end;
      if (begin > 0) out_ += ',';
      append_json_string(out_, found[begin].field->name);
      out_ += ':';
      field({found.data() + begin, end - begin}, reader, depth);
    }
    out_ += '}';
  }

 private:
  static void read(ProtobufReader& reader, Message kind, std::vector<Found>& found) {
    const FieldRow* field = find_field(kind, reader.field());
    const bool packed = field != nullptr && field->repeated && packs(field->type) && reader.type() == WireType::Length;
    if (field == nullptr || (reader.type() != wire_type(field->type) && !packed)) return reader.skip();
    Found one{field, 0, {}};
    if (packed || wire_type(field->type) == WireType::Length) {
      one.bytes = reader.bytes();
    } else {
      one.number = number(reader, field->type);
    }
    if (reader.ok()) found.push_back(one);
  }

  static std::uint64_t number(ProtobufReader& reader, Type type) {
    switch (wire_type(type)) {
      case WireType::Fixed64: return reader.fixed64();
      case WireType::Fixed32: return reader.fixed32();
      default: return reader.varint();
    }
  }

  void field(std::span<const Found> occurrences, ProtobufReader& reader, int depth) {
    const FieldRow& row = *occurrences.front().field;
    if (row.repeated) {
      out_ += '[';
      bool first = true;
      for (const Found& one : occurrences) element(one, first, reader, depth);
      out_ += ']';
    } else if (row.type == Type::Message && occurrences.size() > 1) {
      // Protobuf merges a message that comes in pieces; joining the bytes is the same.
      std::string joined;
      for (const Found& one : occurrences) joined += one.bytes;
      value({&row, 0, joined}, reader, depth);
    } else {
      value(occurrences.back(), reader, depth);
    }
  }

  void element(const Found& one, bool& first, ProtobufReader& reader, int depth) {
    const auto separate = [&] {
      if (!first) out_ += ',';
      first = false;
    };
    if (packs(one.field->type) && one.bytes.data() != nullptr) {
      ProtobufReader packed(one.bytes);
      while (!packed.at_end()) {
        const std::uint64_t bits = number(packed, one.field->type);
        if (!packed.ok()) break;
        separate();
        scalar(one.field->type, bits);
      }
      if (!packed.ok()) refuse(reader, one.bytes, packed);
    } else {
      separate();
      value(one, reader, depth);
    }
  }

  void value(const Found& one, ProtobufReader& reader, int depth) {
    switch (one.field->type) {
      case Type::Message: {
        ProtobufReader nested(one.bytes);
        message(nested, one.field->nested, depth + 1);
        if (!nested.ok()) refuse(reader, one.bytes, nested);
        return;
      }
      case Type::String: return append_json_string(out_, one.bytes);
      case Type::Base64: out_ += '"', out_ += base64(one.bytes), out_ += '"'; return;
      case Type::Hex: out_ += '"', append_hex(out_, one.bytes), out_ += '"'; return;
      default: return scalar(one.field->type, one.number);
    }
  }

  // Ends the outer reader; the innermost fault is the one to tell.
  void refuse(ProtobufReader& outer, std::string_view bytes, const ProtobufReader& inner) {
    outer.refuse();
    const bool inside = bytes.data() >= whole_.data() && bytes.data() <= whole_.data() + whole_.size();
    if (nested_fault_ == std::string_view::npos && inside)
      nested_fault_ = static_cast<std::size_t>(bytes.data() - whole_.data()) + inner.fault_offset();
  }

  void scalar(Type type, std::uint64_t bits) {
    switch (type) {
      case Type::Bool: out_ += bits != 0 ? "true" : "false"; return;
      case Type::Double: return append_real(out_, std::bit_cast<double>(bits));
      case Type::Enum: return append_integer(out_, static_cast<std::int32_t>(bits));
      case Type::Sint32: return append_integer(out_, static_cast<std::int32_t>(zigzag_decode(bits)));
      case Type::Uint32:
      case Type::Fixed32: return append_integer(out_, static_cast<std::uint32_t>(bits));
      case Type::Int64:
      case Type::Sfixed64: out_ += '"', append_integer(out_, static_cast<std::int64_t>(bits)), out_ += '"'; return;
      case Type::Uint64:
      case Type::Fixed64: out_ += '"', append_integer(out_, bits), out_ += '"'; return;
      case Type::Message:
      case Type::String:
      case Type::Base64:
      case Type::Hex: return;
    }
  }

  std::string& out_;
  const std::string_view whole_;
  std::size_t nested_fault_ = std::string_view::npos;
};

}  // namespace
}  // namespace otlp_json

Result<std::string> protobuf_to_json(std::string_view protobuf, OtlpMessage kind) {
  std::string out;
  out.reserve(protobuf.size() * 3);
  ProtobufReader reader(protobuf);
  otlp_json::Writer writer(out, protobuf);
  writer.message(reader, otlp_json::root_of(kind), 0);
  if (writer.nested_fault() != std::string_view::npos)
    return Error{Fault::Input, "OTLP: a malformed message at byte " + std::to_string(writer.nested_fault())};
  if (!reader.ok()) return reader.error("OTLP");
  return out;
}

}  // namespace tocsin::wire
