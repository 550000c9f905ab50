// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/quoted_string.h"

#include <charconv>
#include <cstdint>
#include <utility>

namespace tocsin::exporters {

namespace {

// Requires: c is a character that UTF-8 can hold.
void append_utf8(std::string& out, std::uint32_t c) {
  constexpr std::uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  const int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  out += static_cast<char>(kLead[more] | (c >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) out += static_cast<char>(0x80 | ((c >> (6 * i)) & 0x3F));
}

struct NumberEscape {
  std::size_t digits;
  int base;
};

NumberEscape number_escape(char c) noexcept {
  if (c == 'x') return {2, 16};
  if (c == 'u') return {4, 16};
  if (c == 'U') return {8, 16};
  if (c >= '0' && c <= '7') return {3, 8};
  return {0, 0};
}

// `at` is at the character after the backslash.
const char* read_escape(std::string_view text, std::size_t& at, char quote, std::string& out) {
  if (at == text.size()) return "the string has no end";
  const char c = text[at];
  constexpr std::pair<char, char> kLetters[] = {{'a', '\a'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'},
                                                {'r', '\r'}, {'t', '\t'}, {'v', '\v'}, {'\\', '\\'}};
  for (const auto& [letter, meaning] : kLetters) {
    if (c != letter) continue;
    out += meaning;
    ++at;
    return nullptr;
  }
  if (c == quote) {
    out += c;
    ++at;
    return nullptr;
  }
  const NumberEscape number = number_escape(c);
  if (number.digits == 0) return "unknown escape sequence";
  const std::string_view digits = text.substr(number.base == 8 ? at : at + 1, number.digits);
  std::uint32_t value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value, number.base);
  if (digits.size() != number.digits || fault != std::errc{} || end != digits.data() + digits.size())
    return "too few digits in an escape sequence";
  if (number.digits <= 3) {
    if (value > 255) return "an escape sequence is over 255";
    out += static_cast<char>(value);
  } else {
    if (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return "an escape sequence is no character";
    append_utf8(out, value);
  }
  at += number.digits + (number.base == 8 ? 0 : 1);
  return nullptr;
}

}  // namespace

const char* read_quoted_string(std::string_view text, std::size_t& at, std::string& out) {
  if (at == text.size() || !is_quote(text[at])) return "a quoted string is expected";
  const char quote = text[at++];
  while (at < text.size() && text[at] != quote) {
    if (quote != '`' && text[at] == '\n') return "a line feed in a quoted string";
    if (quote == '`' || text[at] != '\\') {
      out += text[at++];
      continue;
    }
    ++at;
    if (const char* fault = read_escape(text, at, quote, out)) return fault;
  }
  if (at == text.size()) return "the string has no end";
  ++at;
  return nullptr;
}

}  // namespace tocsin::exporters
