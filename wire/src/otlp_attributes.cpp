// SPDX-License-Identifier: Apache-2.0
#include "wire/otlp_attributes.h"

#include <string>
#include <utility>

namespace tocsin::wire {

using meters::Attributes;
using meters::AttributeValue;

namespace {

bool read_value(ProtobufReader& reader, AttributeValue& out, int depth);

bool read_pair(ProtobufReader& reader, Attributes& out, int depth) {
  meters::Attribute pair;
  while (reader.next()) switch (reader.tag()) {
      case protobuf_tag(otlp::KeyValue::kKey, WireType::Length): pair.key = reader.bytes(); break;
      case protobuf_tag(otlp::KeyValue::kValue, WireType::Length): {
        ProtobufReader value = reader.message();
        if (!read_value(value, pair.value, depth)) reader.adopt(value);
        break;
      }
      default: reader.skip();
    }
  if (reader.ok()) out.push_back(std::move(pair));
  return reader.ok();
}

bool read_array(ProtobufReader& reader, std::vector<AttributeValue>& out, int depth) {
  while (reader.next()) {
    if (reader.tag() != protobuf_tag(otlp::ArrayValue::kValues, WireType::Length)) {
      reader.skip();
      continue;
    }
    ProtobufReader element = reader.message();
    if (!read_value(element, out.emplace_back(), depth)) reader.adopt(element);
  }
  return reader.ok();
}

bool read_map(ProtobufReader& reader, Attributes& out, int depth) {
  while (reader.next()) {
    if (reader.tag() != protobuf_tag(otlp::KeyValueList::kValues, WireType::Length)) {
      reader.skip();
      continue;
    }
    ProtobufReader pair = reader.message();
    if (!read_pair(pair, out, depth)) reader.adopt(pair);
  }
  if (reader.ok()) normalize(out);
  return reader.ok();
}

// Of several members of the oneof the last one counts.
bool read_value(ProtobufReader& reader, AttributeValue& out, int depth) {
  if (depth > kMaxAttributeDepth) return reader.refuse(), false;
  while (reader.next()) switch (reader.tag()) {
      case protobuf_tag(otlp::AnyValue::kString, WireType::Length): out = AttributeValue(reader.bytes()); break;
      case protobuf_tag(otlp::AnyValue::kBool, WireType::Varint): out = AttributeValue(reader.varint() != 0); break;
      case protobuf_tag(otlp::AnyValue::kInt, WireType::Varint):
        out = AttributeValue(static_cast<std::int64_t>(reader.varint()));
        break;
      case protobuf_tag(otlp::AnyValue::kDouble, WireType::Fixed64): out = AttributeValue(reader.fixed_double()); break;
      case protobuf_tag(otlp::AnyValue::kBytes, WireType::Length):
        out = AttributeValue(meters::Bytes{std::string(reader.bytes())});
        break;
      case protobuf_tag(otlp::AnyValue::kArray, WireType::Length): {
        std::vector<AttributeValue> array;
        ProtobufReader nested = reader.message();
        if (!read_array(nested, array, depth + 1)) reader.adopt(nested);
        out = AttributeValue(std::move(array));
        break;
      }
      case protobuf_tag(otlp::AnyValue::kMap, WireType::Length): {
        Attributes map;
        ProtobufReader nested = reader.message();
        if (!read_map(nested, map, depth + 1)) reader.adopt(nested);
        out = AttributeValue(std::move(map));
        break;
      }
      default: reader.skip();
    }
  return reader.ok();
}

enum class Walk : std::uint8_t { Pair, Value, List };

// As the readers above, without keeping anything. A list's elements are pairs or values.
bool walk(ProtobufReader reader, Walk what, Walk element, int depth) noexcept {
  if (depth > kMaxAttributeDepth) return false;
  while (reader.next()) {
    const bool length = reader.type() == WireType::Length;
    bool ok = true;
    if (length && what == Walk::List && reader.field() == 1) {
      ok = walk(reader.message(), element, element, depth);
    } else if (length && what == Walk::Pair && reader.field() == otlp::KeyValue::kValue) {
      ok = walk(reader.message(), Walk::Value, Walk::Value, depth);
    } else if (length && what == Walk::Value && reader.field() == otlp::AnyValue::kArray) {
      ok = walk(reader.message(), Walk::List, Walk::Value, depth + 1);
    } else if (length && what == Walk::Value && reader.field() == otlp::AnyValue::kMap) {
      ok = walk(reader.message(), Walk::List, Walk::Pair, depth + 1);
    } else {
      reader.skip();
    }
    if (!ok) return false;
  }
  return reader.ok();
}

}  // namespace

Result<void> decode_attribute(std::string_view key_value, Attributes& out) {
  ProtobufReader reader(key_value);
  if (!read_pair(reader, out, 0)) return reader.error("attribute");
  return {};
}

Result<AttributeValue> decode_any_value(std::string_view message) {
  ProtobufReader reader(message);
  AttributeValue value;
  if (!read_value(reader, value, 0)) return reader.error("attribute value");
  return value;
}

Result<Attributes> decode_attributes(std::string_view message, otlp::Field field) {
  Attributes attributes;
  ProtobufReader reader(message);
  while (reader.next()) {
    if (reader.tag() != protobuf_tag(field, WireType::Length)) {
      reader.skip();
      continue;
    }
    ProtobufReader pair = reader.message();
    if (!read_pair(pair, attributes, 0)) reader.adopt(pair);
  }
  if (!reader.ok()) return reader.error("attributes");
  normalize(attributes);
  return attributes;
}

bool attributes_well_formed(std::string_view message, otlp::Field field) noexcept {
  ProtobufReader reader(message);
  while (reader.next()) {
    if (reader.tag() != protobuf_tag(field, WireType::Length)) {
      reader.skip();
    } else if (!walk(reader.message(), Walk::Pair, Walk::Pair, 0)) {
      return false;
    }
  }
  return reader.ok();
}

void append_attribute(ProtobufWriter& writer, otlp::Field field, const meters::Attribute& attribute) {
  const auto mark = writer.begin(field);
  writer.bytes(otlp::KeyValue::kKey, attribute.key);
  append_any_value(writer, otlp::KeyValue::kValue, attribute.value);
  writer.end(mark);
}

void append_any_value(ProtobufWriter& writer, otlp::Field field, const AttributeValue& value) {
  const auto mark = writer.begin(field);
  struct Append {
    ProtobufWriter& writer;
    void operator()(std::monostate) const {}
    void operator()(const std::string& text) const { writer.bytes(otlp::AnyValue::kString, text); }
    void operator()(bool flag) const { writer.varint(otlp::AnyValue::kBool, flag ? 1 : 0); }
    void operator()(std::int64_t number) const {
      writer.varint(otlp::AnyValue::kInt, static_cast<std::uint64_t>(number));
    }
    void operator()(double number) const { writer.fixed_double(otlp::AnyValue::kDouble, number); }
    void operator()(const meters::Bytes& bytes) const { writer.bytes(otlp::AnyValue::kBytes, bytes.data); }
    void operator()(const std::vector<AttributeValue>& array) const {
      const auto inner = writer.begin(otlp::AnyValue::kArray);
      for (const AttributeValue& element : array) append_any_value(writer, otlp::ArrayValue::kValues, element);
      writer.end(inner);
    }
    void operator()(const Attributes& map) const {
      const auto inner = writer.begin(otlp::AnyValue::kMap);
      for (const meters::Attribute& pair : map) append_attribute(writer, otlp::KeyValueList::kValues, pair);
      writer.end(inner);
    }
  };
  std::visit(Append{writer}, value.value);
  writer.end(mark);
}

}  // namespace tocsin::wire
