// SPDX-License-Identifier: Apache-2.0
#include "meters/attributes.h"

#include <algorithm>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::meters {


bool AttributeValue::operator==(const AttributeValue& other) const { return value == other.value; }

void normalize(Attributes& attributes) {
  std::stable_sort(attributes.begin(), attributes.end(),
                   [](const Attribute& a, const Attribute& b) { return a.key < b.key; });
  // Of equal keys the last stays: walk backwards, so that unique() keeps it.
  const auto first = std::unique(attributes.rbegin(), attributes.rend(),
                                 [](const Attribute& a, const Attribute& b) { return a.key == b.key; });
  attributes.erase(attributes.begin(), first.base());
}

const AttributeValue* find(const Attributes& attributes, std::string_view key) noexcept {
  const auto at = std::lower_bound(attributes.begin(), attributes.end(), key,
                                   [](const Attribute& a, std::string_view wanted) { return a.key < wanted; });
  return at != attributes.end() && at->key == key ? &at->value : nullptr;
}

namespace {

void append_json(std::string& out, const AttributeValue& value);

struct JsonWriter {
  std::string& out;
  void operator()(std::monostate) const { out += "null"; }
  void operator()(const std::string& text) const { append_json_string(out, text); }
  void operator()(bool flag) const { out += flag ? "true" : "false"; }
  void operator()(std::int64_t number) const { append_integer(out, number); }
  void operator()(double number) const { append_double(out, number); }
  void operator()(const Bytes& bytes) const { append_json_string(out, base64(bytes.data)); }
  void operator()(const std::vector<AttributeValue>& array) const {
    out += '[';
    for (std::size_t i = 0; i < array.size(); ++i) {
      if (i > 0) out += ',';
      append_json(out, array[i]);
    }
    out += ']';
  }
  void operator()(const Attributes& map) const {
    out += '{';
    for (std::size_t i = 0; i < map.size(); ++i) {
      if (i > 0) out += ',';
      append_json_string(out, map[i].key);
      out += ':';
      append_json(out, map[i].value);
    }
    out += '}';
  }
};

void append_json(std::string& out, const AttributeValue& value) { std::visit(JsonWriter{out}, value.value); }

}  // namespace

std::string to_text(const AttributeValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.value)) return *text;
  if (const auto* bytes = std::get_if<Bytes>(&value.value)) return base64(bytes->data);
  if (std::holds_alternative<std::monostate>(value.value)) return {};
  std::string out;
  append_json(out, value);
  return out;
}

std::string text_of(const Attributes& attributes, std::string_view key) {
  const AttributeValue* value = find(attributes, key);
  return value == nullptr ? std::string{} : to_text(*value);
}

}  // namespace tocsin::meters
