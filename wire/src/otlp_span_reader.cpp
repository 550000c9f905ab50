// SPDX-License-Identifier: Apache-2.0
#include "wire/src/otlp_span_reader.h"

#include <algorithm>
#include <limits>

#include "wire/otlp_fields.h"
#include "wire/src/otlp_span_keys.h"

namespace tocsin::wire {

namespace {

using traces::Span;
using traces::SpanAttribute;
using traces::SpanKey;

constexpr std::uint32_t length_tag(otlp::Field field) noexcept { return protobuf_tag(field, WireType::Length); }
constexpr std::uint32_t varint_tag(otlp::Field field) noexcept { return protobuf_tag(field, WireType::Varint); }
constexpr std::uint32_t fixed64_tag(otlp::Field field) noexcept { return protobuf_tag(field, WireType::Fixed64); }
constexpr std::uint32_t fixed32_tag(otlp::Field field) noexcept { return protobuf_tag(field, WireType::Fixed32); }

std::uint64_t word(const char* at) noexcept {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
bool valid_trace_id(std::string_view id) noexcept {
  return id.size() == 16 && (word(id.data()) | word(id.data() + 8)) != 0;
}
bool valid_span_id(std::string_view id) noexcept { return id.size() == 8 && word(id.data()) != 0; }

traces::SpanKind kind_of(std::uint64_t kind) noexcept {
  return kind <= 5 ? static_cast<traces::SpanKind>(kind) : traces::SpanKind::Unspecified;
}
traces::SpanStatus status_of(std::uint64_t code) noexcept {
  return code <= 2 ? static_cast<traces::SpanStatus>(code) : traces::SpanStatus::Unset;
}

// What an AnyValue says, if it can be a label: false for empty texts, arrays, maps and bytes.
bool read_value(const char* body, ProtobufReader& value, SpanAttribute& out) noexcept {
  bool usable = false;
  while (value.next()) {
    switch (value.tag()) {
      case length_tag(otlp::AnyValue::kString): {
        const std::string_view text = value.bytes();
        out.type = SpanAttribute::Type::Text;
        out.bits = text.empty() ? 0 : static_cast<std::uint64_t>(text.data() - body);
        out.size = static_cast<std::uint32_t>(text.size());
        usable = !text.empty();
        continue;
      }
      case varint_tag(otlp::AnyValue::kBool):
        out.type = SpanAttribute::Type::Bool;
        out.bits = value.varint() != 0;
        break;
      case varint_tag(otlp::AnyValue::kInt):
        out.type = SpanAttribute::Type::Integer;
        out.bits = value.varint();
        break;
      case fixed64_tag(otlp::AnyValue::kDouble):
        out.type = SpanAttribute::Type::Double;
        out.bits = value.fixed64();
        break;
      default:
        if (value.field() <= otlp::AnyValue::kBytes) usable = false;  // the last of a oneof counts
        value.skip();
        continue;
    }
    out.size = 0;
    usable = true;
  }
  return usable && value.ok();
}

void read_status(ProtobufReader& status, Span& span) noexcept {
  while (status.next()) {
    if (status.tag() == varint_tag(otlp::SpanStatus::kCode))
      span.status = status_of(status.varint());
    else
      status.skip();
  }
}

// The length at `at`, of one or two bytes, with as many bytes after it before `end`; else `at` becomes null.
std::size_t plain_length(const char*& at, const char* end) noexcept {
  if (end - at >= 2) [[likely]] {
    const auto first = static_cast<unsigned char>(at[0]), second = static_cast<unsigned char>(at[1]);
    const bool one = first < 0x80;
    const std::size_t size = one ? first : (first & 0x7FU) | std::size_t{second} << 7;
    at += one ? 1 : 2;
    if ((one || second < 0x80) && size <= static_cast<std::size_t>(end - at)) return size;
  } else if (end - at == 1 && *at == 0) {
    ++at;
    return 0;
  }
  at = nullptr;
  return 0;
}

// As read_value(), of the bytes of an AnyValue that has one plain field. Neither: not plain.
enum class Plain : std::uint8_t { Usable, Unusable, Neither };
Plain read_plain_value(const char* body, const char* at, const char* end, SpanAttribute& out) noexcept {
  if (at == end) return Plain::Unusable;
  switch (static_cast<unsigned char>(*at++)) {
    case length_tag(otlp::AnyValue::kString): {
      const std::size_t size = plain_length(at, end);
      if (!at || at + size != end) return Plain::Neither;
      out.bits = static_cast<std::uint64_t>(at - body);
      out.size = static_cast<std::uint32_t>(size);
      return size != 0 ? Plain::Usable : Plain::Unusable;
    }
    case varint_tag(otlp::AnyValue::kInt): {
      if (end - at > 2 || end == at) return Plain::Neither;
      const auto first = static_cast<unsigned char>(at[0]);
      out.type = SpanAttribute::Type::Integer;
      out.bits = first;
      if (end - at == 1) return first < 0x80 ? Plain::Usable : Plain::Neither;
      const auto second = static_cast<unsigned char>(at[1]);
      out.bits = (first & 0x7FU) | std::uint64_t{second} << 7;
      return first >= 0x80 && second < 0x80 ? Plain::Usable : Plain::Neither;
    }
    default: return Plain::Neither;
  }
}

// What labels do not need, and the status.
bool read_plain_rest(std::uint32_t tag, const char*& at, const char* end, Span& span) noexcept {
  switch (tag) {
    case length_tag(otlp::Span::kTraceState):
    case length_tag(otlp::Span::kEvents):
    case length_tag(otlp::Span::kLinks): {
      const std::size_t size = plain_length(at, end);
      if (!at) return false;
      at += size;
      return true;
    }
    case length_tag(otlp::Span::kStatus): {
      const std::size_t size = plain_length(at, end);
      if (!at) return false;
      ProtobufReader status({at, size});
      read_status(status, span);
      if (!status.ok()) return false;
      at += size;
      return true;
    }
    case varint_tag(otlp::Span::kDroppedAttributesCount):
    case varint_tag(otlp::Span::kDroppedEventsCount):
    case varint_tag(otlp::Span::kDroppedLinksCount):
      if (at == end || static_cast<unsigned char>(*at++) >= 0x80) return false;
      return true;
    case (fixed32_tag(otlp::Span::kFlags) & 0x7F) | 0x80:  // a tag of two bytes
      if (end - at < 5 || static_cast<unsigned char>(*at) != fixed32_tag(otlp::Span::kFlags) >> 7) return false;
      at += 5;
      return true;
    default: return false;
  }
}

}  // namespace

void OtlpSpanReader::record(const SpanAttribute& attribute, bool current, Span& span) {
  const std::uint32_t bit = traces::bit(attribute.key);
  if ((span.keys & bit) == 0) [[likely]] {
    span.keys |= bit;
    batch_.attributes.push_back(attribute);
    ++span.attributes;
    return;
  }
  if (!current) return;
  const auto first = batch_.attributes.begin() + span.first_attribute;
  *std::find_if(first, batch_.attributes.end(), [&](const SpanAttribute& other) { return other.key == attribute.key; }) =
      attribute;
}

bool OtlpSpanReader::read_plain_attribute(const char* at, const char* end, Span& span) {
  if (end - at < 2 || static_cast<unsigned char>(*at) != length_tag(otlp::KeyValue::kKey)) return false;
  const std::size_t key_size = plain_length(++at, end);
  if (!at) return false;
  const std::string_view key(at, key_size);
  at += key_size;
  if (end == at || static_cast<unsigned char>(*at) != length_tag(otlp::KeyValue::kValue)) return false;
  const std::size_t value_size = plain_length(++at, end);
  if (!at || at + value_size != end) return false;
  KnownKey known = known_span_key(key);
  if (!known.known) {
    if (app_id_attribute_.empty() || key != app_id_attribute_) return true;
    known = {SpanKey::AppId, true, true};
  }
  SpanAttribute attribute;
  attribute.key = known.key;
  const Plain read = read_plain_value(body_, at, end, attribute);
  if (read == Plain::Usable) record(attribute, known.current, span);
  return read != Plain::Neither;
}

bool OtlpSpanReader::read_plain(std::string_view message, Span& span) {
  const char* at = message.data();
  const char* const end = at + message.size();
  while (at != end) {
    const std::uint32_t tag = static_cast<unsigned char>(*at++);
    switch (tag) {
      case length_tag(otlp::Span::kTraceId):
        if (end - at < 17 || *at != 16) return false;
        span.trace_id_at = valid_trace_id({at + 1, 16}) ? static_cast<std::uint32_t>(at + 1 - body_) : 0;
        at += 17;
        break;
      case length_tag(otlp::Span::kSpanId):
      case length_tag(otlp::Span::kParentSpanId): {
        if (end - at < 9 || *at != 8) return false;
        const std::uint32_t id_at = valid_span_id({at + 1, 8}) ? static_cast<std::uint32_t>(at + 1 - body_) : 0;
        (tag == length_tag(otlp::Span::kSpanId) ? span.span_id_at : span.parent_id_at) = id_at;
        at += 9;
        break;
      }
      case length_tag(otlp::Span::kName): {
        const std::size_t size = plain_length(at, end);
        if (!at) return false;
        span.name_at = size == 0 ? 0 : static_cast<std::uint32_t>(at - body_);
        span.name_size = static_cast<std::uint32_t>(size);
        at += size;
        break;
      }
      case varint_tag(otlp::Span::kKind):
        if (at == end || static_cast<unsigned char>(*at) >= 0x80) return false;
        span.kind = kind_of(static_cast<unsigned char>(*at++));
        break;
      case fixed64_tag(otlp::Span::kStartTimeUnixNano):
      case fixed64_tag(otlp::Span::kEndTimeUnixNano):
        if (end - at < 8) return false;
        (tag == fixed64_tag(otlp::Span::kStartTimeUnixNano) ? span.start_ns : span.end_ns) = word(at);
        at += 8;
        break;
      case length_tag(otlp::Span::kAttributes): {
        const std::size_t size = plain_length(at, end);
        if (!at || !read_plain_attribute(at, at + size, span)) return false;
        at += size;
        break;
      }
      default:
        if (!read_plain_rest(tag, at, end, span)) return false;
    }
  }
  return true;
}

// Any order, repeated and unknown fields: the last key and the last value count.
void OtlpSpanReader::read_attribute(ProtobufReader& span_reader, Span& span) {
  ProtobufReader key_value = span_reader.message();
  std::string_view key;
  ProtobufReader value;
  while (key_value.next()) {
    switch (key_value.tag()) {
      case length_tag(otlp::KeyValue::kKey): key = key_value.bytes(); break;
      case length_tag(otlp::KeyValue::kValue): value = key_value.message(); break;
      default: key_value.skip();
    }
  }
  span_reader.adopt(key_value);
  KnownKey known = known_span_key(key);
  if (!known.known) {
    if (app_id_attribute_.empty() || key != app_id_attribute_) return;
    known = {SpanKey::AppId, true, true};
  }
  SpanAttribute attribute;
  attribute.key = known.key;
  if (read_value(body_, value, attribute)) record(attribute, known.current, span);
  span_reader.adopt(value);
}

void OtlpSpanReader::read_carefully(ProtobufReader& reader, Span& span) {
  while (reader.next()) {
    switch (reader.tag()) {
      case length_tag(otlp::Span::kTraceId): {
        const std::string_view id = reader.bytes();
        span.trace_id_at = valid_trace_id(id) ? place(id) : 0;
        break;
      }
      case length_tag(otlp::Span::kSpanId): {
        const std::string_view id = reader.bytes();
        span.span_id_at = valid_span_id(id) ? place(id) : 0;
        break;
      }
      case length_tag(otlp::Span::kParentSpanId): {
        const std::string_view id = reader.bytes();
        span.parent_id_at = valid_span_id(id) ? place(id) : 0;
        break;
      }
      case length_tag(otlp::Span::kName): {
        const std::string_view name = reader.bytes();
        span.name_at = place(name);
        span.name_size = static_cast<std::uint32_t>(name.size());
        break;
      }
      case varint_tag(otlp::Span::kKind): span.kind = kind_of(reader.varint()); break;
      case fixed64_tag(otlp::Span::kStartTimeUnixNano): span.start_ns = reader.fixed64(); break;
      case fixed64_tag(otlp::Span::kEndTimeUnixNano): span.end_ns = reader.fixed64(); break;
      case length_tag(otlp::Span::kAttributes): read_attribute(reader, span); break;
      case length_tag(otlp::Span::kStatus): {
        ProtobufReader status = reader.message();
        read_status(status, span);
        reader.adopt(status);
        break;
      }
      default: reader.skip();
    }
  }
}

void OtlpSpanReader::read(ProtobufReader& parent, std::uint32_t resource, std::uint32_t scope) {
  ProtobufReader reader = parent.message();
  const std::string_view message = reader.rest();
  Span blank;
  blank.at = place(message);
  blank.size = static_cast<std::uint32_t>(message.size());
  blank.resource = resource;
  blank.scope = scope;
  blank.first_attribute = static_cast<std::uint32_t>(batch_.attributes.size());
  Span& span = batch_.spans.emplace_back(blank);
  if (!read_plain(message, span)) [[unlikely]] {
    span = blank;
    batch_.attributes.resize(blank.first_attribute);
    read_carefully(reader, span);
    parent.adopt(reader);
  }
  ++batch_.received;
  if (span.trace_id_at != 0 && span.span_id_at != 0) [[likely]] return;
  ++batch_.invalid_ids;
  batch_.attributes.resize(span.first_attribute);
  batch_.spans.pop_back();
}

}  // namespace tocsin::wire
