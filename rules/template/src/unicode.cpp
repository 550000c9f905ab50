// SPDX-License-Identifier: Apache-2.0
#include "rules/template/src/unicode.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace tocsin::rules::templates {
namespace {

// Ranges beyond ASCII that hold no letters, digits or visible marks but spaces, controls and what is not assigned.
constexpr std::array<std::pair<char32_t, char32_t>, 9> kInvisible{{{0x80, 0xa0}, {0xad, 0xad}, {0x1680, 0x1680},
    {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000}, {0xd800, 0xf8ff}, {0xfeff, 0xfeff}}};
// Visible, but neither letter nor digit.
constexpr std::array<std::pair<char32_t, char32_t>, 9> kMarks{{{0xa1, 0xa9}, {0xab, 0xb4}, {0xb6, 0xb9}, {0xbb, 0xbf},
    {0xd7, 0xd7}, {0xf7, 0xf7}, {0x2010, 0x2bff}, {0x3001, 0x3004}, {0x1f000, 0x1faff}}};

template <std::size_t N>
bool within(const std::array<std::pair<char32_t, char32_t>, N>& ranges, char32_t rune) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const auto& range) { return rune >= range.first && rune <= range.second; });
}

void append_hex(std::string& out, const char* format, unsigned value) {
  char text[16];
  std::snprintf(text, sizeof text, format, value);
  out += text;
}

void append_quoted(std::string& out, char32_t rune, char mark, bool ascii) {
  if (rune == static_cast<char32_t>(mark) || rune == '\\') {
    (out += '\\') += static_cast<char>(rune);
    return;
  }
  if (rune < 0x80 ? (rune >= 0x20 && rune != 0x7f) : (!ascii && is_printable(rune))) return append_rune(out, rune);
  constexpr std::string_view kNamed = "\a\b\f\n\r\t\v", kLetters = "abfnrtv";
  if (const auto at = rune < 0x80 ? kNamed.find(static_cast<char>(rune)) : std::string_view::npos;
      at != std::string_view::npos) {
    (out += '\\') += kLetters[at];
  } else if (rune < ' ' || rune == 0x7f) {
    append_hex(out, "\\x%02x", rune);
  } else {
    append_hex(out, rune < 0x10000 ? "\\u%04x" : "\\U%08x", rune);
  }
}

std::optional<char32_t> hexadecimal(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  char32_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<char32_t>(digit);
  }
  text.remove_prefix(digits);
  return value;
}

struct Piece {
  char32_t value = 0;
  bool byte = false;  // goes out as it is, not as UTF-8
};

std::optional<Piece> escape(std::string_view& text, char mark) {
  if (text.empty()) return std::nullopt;
  const char c = text.front();
  text.remove_prefix(1);
  constexpr std::string_view kLetters = "abfnrtv\\", kNamed = "\a\b\f\n\r\t\v\\";
  if (const auto at = kLetters.find(c); at != std::string_view::npos) return Piece{static_cast<unsigned char>(kNamed[at])};
  if (c == mark) return Piece{static_cast<unsigned char>(c)};
  if (c == 'x' || c == 'u' || c == 'U') {
    const auto value = hexadecimal(text, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    if (!value || (c != 'x' && (*value > 0x10ffff || (*value >= 0xd800 && *value < 0xe000)))) return std::nullopt;
    return Piece{*value, c == 'x'};
  }
  if (c < '0' || c > '7' || text.size() < 2) return std::nullopt;
  unsigned value = static_cast<unsigned>(c - '0');
  for (int i = 0; i < 2; ++i, text.remove_prefix(1)) {
    if (text.front() < '0' || text.front() > '7') return std::nullopt;
    value = value * 8 + static_cast<unsigned>(text.front() - '0');
  }
  return value > 255 ? std::nullopt : std::optional(Piece{value, true});
}

}  // namespace

Rune decode_rune(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {};
  char32_t rune = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    rune = rune << 6 | (byte(i) & 0x3fU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (rune < kLeast[length] || rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000)) return {};
  return {rune, length, true};
}

void append_rune(std::string& out, char32_t rune) {
  if (rune > 0x10ffff || (rune >= 0xd800 && rune < 0xe000)) rune = 0xfffd;
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    (out += static_cast<char>(0xc0 | rune >> 6)) += static_cast<char>(0x80 | (rune & 0x3f));
  } else if (rune < 0x10000) {
    ((out += static_cast<char>(0xe0 | rune >> 12)) += static_cast<char>(0x80 | (rune >> 6 & 0x3f))) +=
        static_cast<char>(0x80 | (rune & 0x3f));
  } else {
    (((out += static_cast<char>(0xf0 | rune >> 18)) += static_cast<char>(0x80 | (rune >> 12 & 0x3f))) +=
     static_cast<char>(0x80 | (rune >> 6 & 0x3f))) += static_cast<char>(0x80 | (rune & 0x3f));
  }
}

bool is_printable(char32_t rune) noexcept {
  if (rune < 0x80) return rune >= 0x20 && rune != 0x7f;
  return !within(kInvisible, rune) && rune <= 0x10ffff && (rune < 0xe0000 || rune > 0xe0fff);
}

bool is_letter(char32_t rune) noexcept {
  if (rune < 0x80) return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z');
  return is_printable(rune) && !within(kMarks, rune) && rune != 0xfffd;
}

bool is_word_rune(char32_t rune) noexcept { return rune == '_' || (rune >= '0' && rune <= '9') || is_letter(rune); }

std::string rune_name(char32_t rune) {
  std::string out;
  append_hex(out, "U+%04X", rune);
  if (is_printable(rune)) {
    out += " '";
    append_rune(out, rune);
    out += '\'';
  }
  return out;
}

char32_t to_upper(char32_t rune) noexcept {
  if (rune < 0x80) return rune >= 'a' && rune <= 'z' ? rune - 32 : rune;
  if ((rune >= 0xe0 && rune <= 0xfe && rune != 0xf7) || (rune >= 0x3b1 && rune <= 0x3c9 && rune != 0x3c2) ||
      (rune >= 0x430 && rune <= 0x44f)) {
    return rune - 32;
  }
  if (rune >= 0x450 && rune <= 0x45f) return rune - 80;
  if (rune >= 0x100 && rune <= 0x137 && rune % 2 == 1 && rune != 0x131) return rune - 1;
  return rune == 0xb5 ? 0x39c : rune == 0xff ? 0x178 : rune;
}

char32_t to_lower(char32_t rune) noexcept {
  if (rune < 0x80) return rune >= 'A' && rune <= 'Z' ? rune + 32 : rune;
  if ((rune >= 0xc0 && rune <= 0xde && rune != 0xd7) || (rune >= 0x391 && rune <= 0x3a9 && rune != 0x3a2) ||
      (rune >= 0x410 && rune <= 0x42f)) {
    return rune + 32;
  }
  if (rune >= 0x400 && rune <= 0x40f) return rune + 80;
  if (rune >= 0x100 && rune <= 0x137 && rune % 2 == 0 && rune != 0x130) return rune + 1;
  return rune == 0x178 ? 0xff : rune;
}

std::string quote(std::string_view text, bool ascii) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune one = decode_rune(text);
    if (one.valid) append_quoted(out, one.rune, '"', ascii);
    else append_hex(out, "\\x%02x", static_cast<unsigned char>(text.front()));
    text.remove_prefix(one.bytes);
  }
  return out += '"';
}

std::string quote_rune(char32_t rune) {
  std::string out = "'";
  append_quoted(out, rune, '\'', false);
  return out += '\'';
}

std::optional<std::string> unquote(std::string_view quoted) {
  if (quoted.size() < 2) return std::nullopt;
  std::string_view inner = quoted.substr(1, quoted.size() - 2);
  std::string out;
  if (quoted.front() == '`') {
    std::copy_if(inner.begin(), inner.end(), std::back_inserter(out), [](char c) { return c != '\r'; });
    return out;
  }
  while (!inner.empty()) {
    if (inner.front() != '\\') {
      out += inner.front();
      inner.remove_prefix(1);
      continue;
    }
    inner.remove_prefix(1);
    const auto piece = escape(inner, '"');
    if (!piece) return std::nullopt;
    if (piece->byte) out += static_cast<char>(piece->value);
    else append_rune(out, piece->value);
  }
  return out;
}

std::optional<char32_t> unquote_rune(std::string_view quoted) {
  if (quoted.size() < 3) return std::nullopt;
  std::string_view inner = quoted.substr(1, quoted.size() - 2);
  if (inner.front() == '\\') {
    inner.remove_prefix(1);
    const auto piece = escape(inner, '\'');
    return piece && inner.empty() ? std::optional(piece->value) : std::nullopt;
  }
  const Rune one = decode_rune(inner);
  return one.bytes == inner.size() ? std::optional(one.rune) : std::nullopt;
}

}  // namespace tocsin::rules::templates
