// SPDX-License-Identifier: Apache-2.0
// OTLP attributes: KeyValue and AnyValue messages, decoded to meters::Attributes and encoded from them.
//
//   meters::Attributes attributes;
//   if (auto read = decode_attribute(key_value_bytes, attributes); !read) return read.error();
//   normalize(attributes);
//
//   auto resource = decode_attributes(resource_bytes, otlp::Resource::kAttributes);   // all of one message, normalized
//
// Texts are taken as they are: whoever shows them checks is_utf8(). Nesting is followed kMaxAttributeDepth deep.
// Threads: pure. Costs an allocation a text: for resources, scopes and new series, not for every point.
#pragma once

#include <cstdint>
#include <string_view>

#include "meters/attributes.h"
#include "meters/base/result.h"
#include "wire/otlp_fields.h"
#include "wire/protobuf.h"

namespace tocsin::wire {

inline constexpr int kMaxAttributeDepth = 16;

// Appends the pair of one KeyValue message. Errors: Input.
Result<void> decode_attribute(std::string_view key_value, meters::Attributes& out);
// One AnyValue message. Errors: Input.
Result<meters::AttributeValue> decode_any_value(std::string_view message);
// The attributes of a message that has them as repeated `field`; other fields are passed over. Errors: Input.
Result<meters::Attributes> decode_attributes(std::string_view message, otlp::Field field);
// True where decode_attributes would succeed; allocates nothing.
bool attributes_well_formed(std::string_view message, otlp::Field field) noexcept;

// One KeyValue as `field` of the message that is being written.
void append_attribute(ProtobufWriter& writer, otlp::Field field, const meters::Attribute& attribute);
void append_any_value(ProtobufWriter& writer, otlp::Field field, const meters::AttributeValue& value);

}  // namespace tocsin::wire
