// SPDX-License-Identifier: Apache-2.0
// OTLP/JSON to protobuf: RapidJSON's events walk the field table and append to the output as they come. RapidJSON
// parses with a stack of its own on the heap (docs/decisions/0010-json-parser.md), so depth costs no stack here.
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <limits>
#include <optional>
#include <vector>

#include "wire/otlp_json.h"
#include "wire/src/otlp_json_fields.h"
#include "wire/src/otlp_json_text.h"

namespace tocsin::wire {

namespace otlp_json {
namespace {

constexpr std::size_t kMaxDepth = 128;

// "line 3, column 14" of a byte.
std::string place(std::string_view json, std::size_t offset) {
  const std::string_view before = json.substr(0, offset);
  std::size_t line = 1;
  for (const char c : before) line += c == '\n' ? 1 : 0;
  const std::size_t last = before.rfind('\n');
  const std::size_t column = before.size() - (last == std::string_view::npos ? 0 : last + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string out = "\"" + std::string(text.substr(0, kShown));
  return out + (text.size() > kShown ? "...\"" : "\"");
}

class Handler {
 public:
  Handler(std::string_view json, const rapidjson::MemoryStream& stream, Message root, std::size_t max_bytes)
      : json_(json), stream_(stream), root_(root), max_bytes_(max_bytes), writer_(out_) {
    out_.reserve(json.size() / 3);
  }

  // RapidJSON's handler concept. False ends the parsing; failure() then says why.
  bool Null() {
    if (skipped_ > 0 || (!frames_.empty() && !frames_.back().array)) return true;
    return fail("null where a value must be");
  }
  bool Bool(bool flag) {
    if (skipped_ > 0) return true;
    const FieldRow* field = scalar_field();
    if (field == nullptr) return !failed_;
    if (field->type != Type::Bool) return fail(*field, flag ? "not a boolean: true" : "not a boolean: false");
    if (!frames_.back().array) writer_.tag(field->number, WireType::Varint);
    writer_.raw_varint(flag ? 1 : 0);
    return in_bounds();
  }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) { return value({text, size}, false); }
  bool String(const char* text, rapidjson::SizeType size, bool) { return value({text, size}, true); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    if (skipped_ == 0) field_ = find_field(frames_.back().message, std::string_view(text, size));
    return true;
  }

  bool StartObject() {
    if (!deeper()) return false;
    if (skipped_ > 0) return ++skipped_, true;
    if (frames_.empty()) {
      frames_.push_back({root_, nullptr, false, {}});
      return true;
    }
    const Frame& top = frames_.back();
    const FieldRow* field = top.array ? top.field : field_;
    if (field == nullptr) return ++skipped_, true;
    if (field->type != Type::Message || (field->repeated && !top.array)) return fail(*field, "an object is not expected");
    frames_.push_back({field->nested, field, false, writer_.begin(field->number, 100)});
    return in_bounds();
  }
  bool EndObject(rapidjson::SizeType) {
    --depth_;
    if (skipped_ > 0) return --skipped_, true;
    const Frame done = frames_.back();
    frames_.pop_back();
    if (done.field != nullptr) writer_.end(done.mark);
    return in_bounds();
  }
  bool StartArray() {
    if (!deeper()) return false;
    if (skipped_ > 0) return ++skipped_, true;
    if (frames_.empty()) return fail("the request must be an object");
    if (frames_.back().array) return fail(*frames_.back().field, "an array in an array");
    if (field_ == nullptr) return ++skipped_, true;
    if (!field_->repeated) return fail(*field_, "an array is not expected");
    const bool packed = packs(field_->type);
    frames_.push_back({Message::Count, field_, true, packed ? writer_.begin(field_->number, 200) : ProtobufWriter::Mark{}});
    return true;
  }
  bool EndArray(rapidjson::SizeType) {
    --depth_;
    if (skipped_ > 0) return --skipped_, true;
    const Frame done = frames_.back();
    frames_.pop_back();
    if (packs(done.field->type)) writer_.end(done.mark);
    return in_bounds();
  }

  // RapidJSON calls these only without kParseNumbersAsStringsFlag.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  bool failed() const noexcept { return failed_; }
  Error failure() && { return std::move(failure_); }
  std::string output() && { return std::move(out_); }

 private:
  struct Frame {
    Message message;        // of an object
    const FieldRow* field;  // that it is a value of; null for the root
    bool array;
    ProtobufWriter::Mark mark;
  };

  bool value(std::string_view text, bool is_string) {
    if (skipped_ > 0) return true;
    const FieldRow* field = scalar_field();
    if (field == nullptr) return !failed_;
    return write(*field, text, is_string) && in_bounds();
  }

  // The field that a scalar here belongs to; null when it is to be ignored, or after a failure.
  const FieldRow* scalar_field() {
    if (frames_.empty()) {
      fail("the request must be an object");
      return nullptr;
    }
    const Frame& top = frames_.back();
    const FieldRow* field = top.array ? top.field : field_;
    if (field == nullptr) return nullptr;
    if (field->type == Type::Message || (field->repeated && !top.array)) {
      fail(*field, field->repeated && !top.array ? "an array is expected" : "an object is expected");
      return nullptr;
    }
    return field;
  }

  bool write(const FieldRow& field, std::string_view text, bool is_string) {
    const bool element = frames_.back().array && packs(field.type);
    if (!element) writer_.tag(field.number, wire_type(field.type));
    switch (field.type) {
      case Type::String:
        if (!is_string) return fail(field, "not a string: " + std::string(text));
        return append_bytes(text);
      case Type::Hex: {
        std::string bytes;
        if (!is_string || !decode_hex(text, bytes)) return fail(field, "not hexadecimal: " + quoted(text));
        return append_bytes(bytes);
      }
      case Type::Base64: {
        std::string bytes;
        if (!is_string || !decode_base64(text, bytes)) return fail(field, "not base64: " + quoted(text));
        return append_bytes(bytes);
      }
      case Type::Enum:
        if (is_string) return fail(field, "an enum is an integer, not " + quoted(text));
        return varint(field, text, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max());
      case Type::Uint32: return varint(field, text, 0, std::numeric_limits<std::uint32_t>::max());
      case Type::Int64:
        return varint(field, text, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
      case Type::Sint32: {
        const auto number = integer<std::int32_t>(text);
        if (!number) return not_a_number(field, text);
        return writer_.raw_varint(zigzag_encode(*number)), true;
      }
      case Type::Uint64: {
        const auto number = integer<std::uint64_t>(text);
        if (!number) return not_a_number(field, text);
        return writer_.raw_varint(*number), true;
      }
      case Type::Fixed32: return raw<std::uint32_t>(field, text);
      case Type::Fixed64: return raw<std::uint64_t>(field, text);
      case Type::Sfixed64: return raw<std::int64_t>(field, text);
      case Type::Double: {
        const auto number = real(text, is_string);
        if (!number) return fail(field, "not a number: " + quoted(text));
        return writer_.raw(*number), true;
      }
      case Type::Bool: return fail(field, "not a boolean: " + quoted(text));
      case Type::Message: break;
    }
    return fail(field, "an object is expected");
  }

  bool append_bytes(std::string_view bytes) {
    writer_.raw_varint(bytes.size());
    out_.append(bytes);
    return true;
  }

  bool varint(const FieldRow& field, std::string_view text, std::int64_t least, std::int64_t most) {
    const auto number = integer<std::int64_t>(text);
    if (!number || *number < least || *number > most) return not_a_number(field, text);
    writer_.raw_varint(static_cast<std::uint64_t>(*number));
    return true;
  }

  template <class T>
  bool raw(const FieldRow& field, std::string_view text) {
    const auto number = integer<T>(text);
    if (!number) return not_a_number(field, text);
    writer_.raw(*number);
    return true;
  }

  bool not_a_number(const FieldRow& field, std::string_view text) {
    return fail(field, "not a whole number in range: " + quoted(text));
  }

  bool deeper() { return ++depth_ <= kMaxDepth || fail("nested deeper than " + std::to_string(kMaxDepth)); }
  bool in_bounds() {
    if (out_.size() <= max_bytes_) return true;
    return fail("the protobuf is longer than " + std::to_string(max_bytes_) + " bytes", Fault::TooLarge);
  }
  bool fail(const FieldRow& field, const std::string& reason) { return fail(std::string(field.name) + ": " + reason); }
  bool fail(const std::string& reason, Fault fault = Fault::Input) {
    failed_ = true;
    failure_ = {fault, "OTLP/JSON: " + place(json_, stream_.Tell()) + ": " + reason};
    return false;
  }

  const std::string_view json_;
  const rapidjson::MemoryStream& stream_;
  const Message root_;
  const std::size_t max_bytes_;
  std::string out_;
  ProtobufWriter writer_;
  std::vector<Frame> frames_;
  const FieldRow* field_ = nullptr;  // of the last key; null: unknown
  std::size_t skipped_ = 0;          // open objects and arrays below an unknown name
  std::size_t depth_ = 0;
  bool failed_ = false;
  Error failure_;
};

// Builds a value; arrays and maps that are open stand on a stack.
class ValueHandler {
 public:
  bool Null() { return add({}); }
  bool Bool(bool flag) { return add(flag); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view digits(text, size);
    if (digits.find_first_of(".eE") == std::string_view::npos)
      if (const auto whole = integer<std::int64_t>(digits)) return add(*whole);
    const auto number = real(digits, false);
    return number ? add(*number) : false;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) { return add(std::string_view(text, size)); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    open_.back().key.assign(text, size);
    return true;
  }
  bool StartObject() { return open(meters::Attributes{}); }
  bool StartArray() { return open(std::vector<meters::AttributeValue>{}); }
  bool EndObject(rapidjson::SizeType) {
    normalize(*std::get_if<meters::Attributes>(&open_.back().value.value));
    return close();
  }
  bool EndArray(rapidjson::SizeType) { return close(); }
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

  meters::AttributeValue value() && { return std::move(root_); }

 private:
  struct Open {
    meters::AttributeValue value;
    std::string key;  // of a map's next value
  };

  bool open(meters::AttributeValue value) {
    open_.push_back({std::move(value), {}});
    return open_.size() <= kMaxDepth;
  }
  bool close() {
    meters::AttributeValue value = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(value));
  }
  bool add(meters::AttributeValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (auto* map = std::get_if<meters::Attributes>(&open_.back().value.value)) {
      map->push_back({open_.back().key, std::move(value)});
    } else {
      std::get_if<std::vector<meters::AttributeValue>>(&open_.back().value.value)->push_back(std::move(value));
    }
    return true;
  }

  meters::AttributeValue root_;
  std::vector<Open> open_;
};

constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag |
                            rapidjson::kParseNumbersAsStringsFlag;

// RapidJSON's complaint, or ours about what follows the end: it takes a NUL for the end of its input.
std::optional<Error> syntax_error(std::string_view json, const rapidjson::MemoryStream& stream,
                                  const rapidjson::ParseResult& parsed) {
  if (!parsed.IsError() && stream.Tell() == json.size()) return std::nullopt;
  std::string reason = parsed.IsError() ? rapidjson::GetParseError_En(parsed.Code()) : "text after the end";
  if (reason.ends_with('.')) reason.pop_back();
  return Error{Fault::Input,
               "OTLP/JSON: " + place(json, parsed.IsError() ? parsed.Offset() : stream.Tell()) + ": " + reason};
}

}  // namespace
}  // namespace otlp_json

Result<std::string> json_to_protobuf(std::string_view json, OtlpMessage kind, std::size_t max_bytes) {
  rapidjson::MemoryStream stream(json.data(), json.size());
  otlp_json::Handler handler(json, stream, otlp_json::root_of(kind), max_bytes);
  rapidjson::Reader reader;
  const rapidjson::ParseResult parsed = reader.Parse<otlp_json::kFlags>(stream, handler);
  if (handler.failed()) return std::move(handler).failure();
  if (auto error = otlp_json::syntax_error(json, stream, parsed)) return std::move(*error);
  return std::move(handler).output();
}

Result<meters::AttributeValue> parse_json_value(std::string_view json) {
  rapidjson::MemoryStream stream(json.data(), json.size());
  otlp_json::ValueHandler handler;
  rapidjson::Reader reader;
  const rapidjson::ParseResult parsed = reader.Parse<otlp_json::kFlags>(stream, handler);
  if (auto error = otlp_json::syntax_error(json, stream, parsed)) return std::move(*error);
  return std::move(handler).value();
}

}  // namespace tocsin::wire
