// SPDX-License-Identifier: Apache-2.0
// Go's strconv.Quote.
#include <array>
#include <cstdio>

#include "rules/promql/print.h"
#include "rules/promql/src/literals.h"

namespace tocsin::rules::promql {
namespace {

struct Span {
  std::uint32_t first, last;
};

// What Go does not print as it is, beyond ASCII: controls, spaces other than ' ', formats, surrogates, private use.
// Unassigned code points are printed here and escaped there; either form reads back as the same text.
constexpr std::array<Span, 17> kEscaped{{{0x80, 0xA0}, {0xAD, 0xAD}, {0x600, 0x605}, {0x61C, 0x61C}, {0x6DD, 0x6DD},
                                         {0x70F, 0x70F}, {0x1680, 0x1680}, {0x180E, 0x180E}, {0x2000, 0x200F},
                                         {0x2028, 0x202F}, {0x205F, 0x206F}, {0x3000, 0x3000}, {0xD800, 0xF8FF},
                                         {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0xE0000, 0x10FFFF}}};

bool is_escaped(std::uint32_t code_point) noexcept {
  for (const Span& span : kEscaped) {
    if (code_point >= span.first && code_point <= span.last) return true;
  }
  return false;
}

void append_hex(std::string& out, const char* format, std::uint32_t value) {
  std::array<char, 16> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), format, value);
  out.append(buffer.data(), static_cast<std::size_t>(length));
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr std::string_view kControls = "\a\b\t\n\v\f\r", kNames = "abtnvfr";
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint next = decode_utf8(text, at);
    const bool broken = next.value == 0xFFFD && next.bytes == 1;
    const auto control = next.value < 0x80 ? kControls.find(static_cast<char>(next.value)) : std::string_view::npos;
    if (broken) append_hex(out, "\\x%02x", static_cast<unsigned char>(text[at]));
    else if (next.value == '"' || next.value == '\\') out.append("\\").append(1, static_cast<char>(next.value));
    else if (control != std::string_view::npos) out.append("\\").append(1, kNames[control]);
    else if (next.value < ' ' || next.value == 0x7F) append_hex(out, "\\x%02x", next.value);
    else if (!is_escaped(next.value)) out.append(text, at, next.bytes);
    else append_hex(out, next.value < 0x10000 ? "\\u%04x" : "\\U%08x", next.value);
    at += next.bytes;
  }
  return out += '"';
}

}  // namespace tocsin::rules::promql
