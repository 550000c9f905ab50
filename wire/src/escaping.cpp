// SPDX-License-Identifier: Apache-2.0
#include "wire/escaping.h"

#include <array>
#include <charconv>
#include <utility>

namespace tocsin::wire {

namespace {

constexpr std::array<std::pair<Escaping, std::string_view>, 4> kSchemes{{
    {Escaping::Underscores, "underscores"},
    {Escaping::Dots, "dots"},
    {Escaping::Values, "values"},
    {Escaping::AllowUtf8, "allow-utf-8"},
}};

bool is_legal(char32_t c, std::size_t at, bool colon) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':') ||
         (c >= '0' && c <= '9' && at > 0);
}

bool is_legacy(std::string_view name, bool colon) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i)
    if (!is_legal(static_cast<unsigned char>(name[i]), i, colon)) return false;
  return !name.empty();
}

constexpr char32_t kIllFormed = 0xFFFFFFFF;

// The character at `at`, which moves past it; kIllFormed for a byte that starts none.
char32_t next_character(std::string_view text, std::size_t& at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t start = at++;
  const unsigned first = byte(start);
  if (first < 0x80) return first;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() - start < length) return kIllFormed;
  char32_t c = first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(start + i) & 0xC0) != 0x80) return kIllFormed;
    c = (c << 6) | (byte(start + i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  if (c < kLeast[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return kIllFormed;
  at = start + length;
  return c;
}

void append_value(std::string& out, char32_t c) {
  if (c == kIllFormed) {
    out += "_FFFD_";
    return;
  }
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<std::uint32_t>(c), 16).ptr;
  out += '_';
  out.append(digits, static_cast<std::size_t>(end - digits));
  out += '_';
}

std::string escape(std::string_view name, Escaping scheme, bool colon) {
  if (name.empty() || scheme == Escaping::AllowUtf8) return std::string(name);
  // Dots doubles underscores in legal names too, so that the way back is known.
  if (scheme != Escaping::Dots && is_legacy(name, colon)) return std::string(name);
  std::string out(scheme == Escaping::Values ? "U__" : "");
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t start = at;
    const char32_t c = next_character(name, at);
    if (c == '_' && scheme != Escaping::Underscores) {
      out += "__";
    } else if (is_legal(c, start, colon)) {
      out += static_cast<char>(c);
    } else if (scheme == Escaping::Underscores) {
      out += '_';
    } else if (scheme == Escaping::Dots) {
      out += c == '.' ? "_dot_" : "__";
    } else {
      append_value(out, c);
    }
  }
  return out;
}

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  for (;;) {
    const std::size_t at = text.find_first_of(special);
    out.append(text.substr(0, at));
    if (at == std::string_view::npos) return;
    out += '\\';
    out += text[at] == '\n' ? 'n' : text[at];
    text.remove_prefix(at + 1);
  }
}

}  // namespace

std::string_view to_text(Escaping scheme) noexcept {
  for (const auto& [known, word] : kSchemes)
    if (known == scheme) return word;
  return {};
}

std::optional<Escaping> parse_escaping(std::string_view word) noexcept {
  for (const auto& [scheme, known] : kSchemes)
    if (known == word) return scheme;
  return std::nullopt;
}

bool is_legacy_metric_name(std::string_view name) noexcept { return is_legacy(name, true); }
bool is_legacy_label_name(std::string_view name) noexcept { return is_legacy(name, false); }

std::string escape_name(std::string_view name, Escaping scheme) { return escape(name, scheme, true); }
std::string escape_label_name(std::string_view name, Escaping scheme) { return escape(name, scheme, false); }

void append_quoted_text(std::string& out, std::string_view text) { append_escaped(out, text, "\\\"\n"); }
void append_help_text(std::string& out, std::string_view text) { append_escaped(out, text, "\\\n"); }

}  // namespace tocsin::wire
