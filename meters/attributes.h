// SPDX-License-Identifier: Apache-2.0
// Attributes: the typed key-value pairs that describe a resource or a scope (OpenTelemetry common data model), kept
// with their types so that they can be sent on as they came.
//
//   Attributes resource = {{"service.name", "shop"}, {"process.pid", 17}};
//   const AttributeValue* name = find(resource, "service.name");
//   std::string text = to_text(*name);         // "shop"
//
// Threads: value types. A set is decoded once a resource, never on the hot path.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tocsin::meters {

struct Attribute;
using Attributes = std::vector<Attribute>;  // sorted by key, keys unique; see normalize()

struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};

struct AttributeValue {
  // Empty, string, boolean, integer, double, bytes, array, key-value list.
  std::variant<std::monostate, std::string, bool, std::int64_t, double, Bytes, std::vector<AttributeValue>, Attributes>
      value;

  AttributeValue() = default;
  AttributeValue(std::string text);                   // NOLINT(google-explicit-constructor)
  AttributeValue(std::string_view text);              // NOLINT(google-explicit-constructor)
  AttributeValue(const char* text);                   // NOLINT(google-explicit-constructor)
  AttributeValue(bool flag);                          // NOLINT(google-explicit-constructor)
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  AttributeValue(Number number);                      // NOLINT(google-explicit-constructor)
  AttributeValue(double number);                      // NOLINT(google-explicit-constructor)
  AttributeValue(Bytes bytes);                        // NOLINT(google-explicit-constructor)
  AttributeValue(std::vector<AttributeValue> array);  // NOLINT(google-explicit-constructor)
  AttributeValue(Attributes map);                     // NOLINT(google-explicit-constructor)

  bool operator==(const AttributeValue& other) const;
};

struct Attribute {
  std::string key;
  AttributeValue value;
  bool operator==(const Attribute&) const = default;
};

// Here, since the variant may be made only where Attribute is complete.
inline AttributeValue::AttributeValue(std::string text) : value(std::move(text)) {}
inline AttributeValue::AttributeValue(std::string_view text) : value(std::string(text)) {}
inline AttributeValue::AttributeValue(const char* text) : value(std::string(text)) {}
inline AttributeValue::AttributeValue(bool flag) : value(flag) {}
template <std::integral Number>
  requires(!std::same_as<Number, bool>)
AttributeValue::AttributeValue(Number number) : value(static_cast<std::int64_t>(number)) {}
inline AttributeValue::AttributeValue(double number) : value(number) {}
inline AttributeValue::AttributeValue(Bytes bytes) : value(std::move(bytes)) {}
inline AttributeValue::AttributeValue(std::vector<AttributeValue> array) : value(std::move(array)) {}
inline AttributeValue::AttributeValue(Attributes map) : value(std::move(map)) {}

// Sorts by key; of equal keys the last one stays.
void normalize(Attributes& attributes);

// Requires: normalized. Null where the key is absent.
const AttributeValue* find(const Attributes& attributes, std::string_view key) noexcept;

// The text that a label shows: strings as they are, true/false, shortest numbers, arrays and maps as JSON, bytes as
// base64 (OpenTelemetry, "Mapping Arbitrary Data": non-string attribute values).
std::string to_text(const AttributeValue& value);

// The text of a key, or an empty one where it is absent.
std::string text_of(const Attributes& attributes, std::string_view key);

}  // namespace tocsin::meters
