// SPDX-License-Identifier: Apache-2.0
#include "agent/check/json_tree.h"

#include <algorithm>
#include <optional>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

constexpr int kMostDepth = 128;

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) return byte(0xc0U | code >> 6U), byte(0x80U | (code & 0x3fU));
  if (code < 0x10000) return byte(0xe0U | code >> 12U), byte(0x80U | (code >> 6U & 0x3fU)), byte(0x80U | (code & 0x3fU));
  byte(0xf0U | code >> 18U), byte(0x80U | (code >> 12U & 0x3fU)), byte(0x80U | (code >> 6U & 0x3fU)), byte(0x80U | (code & 0x3fU));
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool read(JsonValue& into) {
    if (!is_utf8(text_)) return fail("is not UTF-8");
    if (!value(into, 0)) return false;
    skip();
    return at_ == text_.size() || fail("something stands behind the end");
  }

  std::size_t at() const { return at_; }
  const std::string& fault() const { return fault_; }

 private:
  bool fail(std::string message) {
    if (fault_.empty()) fault_ = std::move(message);
    return false;
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool value(JsonValue& into, int depth) {
    skip();
    into.offset = at_;
    if (depth > kMostDepth) return fail("nested deeper than " + std::to_string(kMostDepth) + " levels");
    if (at_ >= text_.size()) return fail("ends too early");
    switch (text_[at_]) {
      case '{': return object(into, depth);
      case '[': return array(into, depth);
      case '"': into.type = JsonValue::Type::Text; return text(into.text);
      case 't': into.boolean = true; return word("true", into, JsonValue::Type::Boolean);
      case 'f': return word("false", into, JsonValue::Type::Boolean);
      case 'n': return word("null", into, JsonValue::Type::Null);
      default: return number(into);
    }
  }

  bool word(std::string_view expected, JsonValue& into, JsonValue::Type type) {
    if (text_.substr(at_, expected.size()) != expected) return fail("is no value of JSON");
    at_ += expected.size();
    into.type = type;
    return true;
  }

  bool number(JsonValue& into) {
    const std::size_t begin = at_;
    const auto digits = [&] {
      const std::size_t first = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      return at_ - first;
    };
    if (at_ < text_.size() && text_[at_] == '-') ++at_;
    const std::size_t whole = at_;
    if (digits() == 0 || (text_[whole] == '0' && at_ - whole > 1)) return at_ = begin, fail("is no value of JSON");
    if (at_ < text_.size() && text_[at_] == '.' && (++at_, digits() == 0)) return fail("a number lacks digits");
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (digits() == 0) return fail("a number lacks digits");
    }
    const auto parsed = parse_double(text_.substr(begin, at_ - begin));
    if (!parsed) return at_ = begin, fail("is out of a number's range");
    into.type = JsonValue::Type::Number;
    into.number = *parsed;
    return true;
  }

  std::optional<std::uint32_t> hex4() {
    std::uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ >= text_.size()) return std::nullopt;
      const char c = text_[at_];
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (digit < 0) return std::nullopt;
      code = code * 16 + static_cast<std::uint32_t>(digit);
    }
    return code;
  }

  // A lone half of a surrogate pair becomes U+FFFD.
  bool escaped_code(std::string& into) {
    auto code = hex4();
    if (!code) return fail("\\u needs four hexadecimal digits");
    if (*code >= 0xd800 && *code < 0xdc00 && text_.substr(at_, 2) == "\\u") {
      const std::size_t before = at_;
      at_ += 2;
      const auto low = hex4();
      if (!low) return fail("\\u needs four hexadecimal digits");
      if (*low >= 0xdc00 && *low < 0xe000) {
        code = 0x10000 + ((*code - 0xd800) << 10U) + (*low - 0xdc00);
      } else {
        at_ = before;
      }
    }
    append_utf8(into, *code >= 0xd800 && *code < 0xe000 ? 0xfffd : *code);
    return true;
  }

  bool text(std::string& into) {
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') return ++at_, true;
      if (static_cast<unsigned char>(c) < ' ') return fail("a control character stands in a text");
      if (c != '\\') {
        into += c;
        continue;
      }
      if (++at_ >= text_.size()) break;
      constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
      if (text_[at_] == 'u') {
        ++at_;
        if (!escaped_code(into)) return false;
        --at_;
      } else if (const auto which = kEscapes.find(text_[at_]); which != std::string_view::npos) {
        into += kMeant[which];
      } else {
        return fail("an escape that JSON does not have");
      }
    }
    return fail("a text does not end");
  }

  bool array(JsonValue& into, int depth) {
    into.type = JsonValue::Type::Array;
    ++at_;
    if (take(']')) return true;
    do {
      if (!value(into.items.emplace_back(), depth + 1)) return false;
    } while (take(','));
    return take(']') || fail("\",\" or \"]\" is missing");
  }

  bool object(JsonValue& into, int depth) {
    into.type = JsonValue::Type::Object;
    ++at_;
    if (take('}')) return true;
    do {
      skip();
      if (at_ >= text_.size() || text_[at_] != '"') return fail("a name in quotes is missing");
      auto& [name, content] = into.members.emplace_back();
      if (!text(name)) return false;
      if (!take(':')) return fail("\":\" is missing");
      if (!value(content, depth + 1)) return false;
    } while (take(','));
    return take('}') || fail("\",\" or \"}\" is missing");
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::string fault_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const noexcept {
  for (auto member = members.rbegin(); member != members.rend(); ++member)
    if (member->first == name) return &member->second;
  return nullptr;
}

std::string_view JsonValue::text_at(std::string_view name) const noexcept {
  const JsonValue* found = find(name);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

Result<JsonTree> JsonTree::parse(std::string_view text, JsonPlace* fault) {
  JsonTree tree;
  tree.lines_.push_back(0);
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) tree.lines_.push_back(at + 1);
  Reader reader(text);
  if (reader.read(tree.root_)) return tree;
  if (fault != nullptr) *fault = tree.place(reader.at());
  return Error{Fault::Input, "JSON: " + reader.fault()};
}

JsonPlace JsonTree::place(std::size_t offset) const noexcept {
  const auto line = std::upper_bound(lines_.begin(), lines_.end(), offset) - 1;
  return {static_cast<std::size_t>(line - lines_.begin()) + 1, offset - *line + 1};
}

}  // namespace tocsin::agent
