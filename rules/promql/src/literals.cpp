// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/literals.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>

#include "rules/promql/parse.h"
#include "rules/promql/print.h"

namespace tocsin::rules::promql {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Go's rule: an underscore stands between digits, or between a base's prefix and a digit.
bool underscores_stand_well(std::string_view text) noexcept {
  char before = '^';  // '0' for a digit, '_', or '!' for anything else
  std::size_t at = 0;
  bool hexadecimal = false;
  if (text.size() >= 2 && text[0] == '0' && std::string_view("xob").find(lower(text[1])) != std::string_view::npos) {
    hexadecimal = lower(text[1]) == 'x';
    before = '0';
    at = 2;
  }
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (is_digit(c) || (hexadecimal && lower(c) >= 'a' && lower(c) <= 'f')) before = '0';
    else if (c == '_' && before == '0') before = '_';
    else if (c == '_' || before == '_') return false;
    else before = '!';
  }
  return before != '_';
}

std::string without_underscores(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '_') out += c;
  }
  return out;
}

std::optional<std::int64_t> go_integer(std::string_view text) {
  if (!underscores_stand_well(text)) return std::nullopt;
  std::string digits = without_underscores(text);
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char prefix = lower(digits[1]);
    base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : 8;
    digits.erase(0, prefix == 'x' || prefix == 'b' || prefix == 'o' ? 2 : 1);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty() || digits[0] == '-') return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::int64_t kDay = 86'400'000;
constexpr std::array<Unit, 7> kUnits{{{"y", 365 * kDay}, {"w", 7 * kDay}, {"d", kDay}, {"h", 3'600'000},
                                      {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t kMostMs = std::numeric_limits<std::int64_t>::max() / 1'000'000;  // Go counts nanoseconds

Error bad_duration(std::string_view text) {
  return Error{Fault::Input, "not a valid duration string: " + quoted(text)};
}

// The escape that begins at `at` (behind the backslash), appended. The lexer has checked it.
std::size_t append_escape(std::string_view text, std::size_t at, std::string& out) {
  constexpr std::string_view kNames = "abfnrtv", kValues = "\a\b\f\n\r\t\v";
  const char c = text[at];
  if (const auto named = kNames.find(c); named != std::string_view::npos) return out += kValues[named], at + 1;
  const bool octal = c >= '0' && c <= '7';
  const std::size_t digits = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (digits == 0) return out += c, at + 1;
  const std::size_t begin = octal ? at : at + 1;
  std::uint32_t value = 0;
  std::from_chars(text.data() + begin, text.data() + begin + digits, value, octal ? 8 : 16);
  if (octal || c == 'x') out += static_cast<char>(value);
  else append_utf8(value, out);
  return begin + digits;
}

}  // namespace

Result<double> parse_number(std::string_view text) {
  if (const auto integer = go_integer(text)) return static_cast<double>(*integer);
  const auto refused = [&](std::string_view why) {
    return Error{Fault::Input, "error parsing number: strconv.ParseFloat: parsing " + quoted(text) + ": " + std::string(why)};
  };
  if (text.size() == 3 && lower(text[0]) == 'i') return std::numeric_limits<double>::infinity();
  if (text.size() == 3 && lower(text[0]) == 'n') return std::numeric_limits<double>::quiet_NaN();
  if (!underscores_stand_well(text) || (text.size() > 1 && lower(text[1]) == 'x')) return refused("invalid syntax");
  const std::string digits = without_underscores(text);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || error == std::errc::invalid_argument) return refused("invalid syntax");
  if (error == std::errc::result_out_of_range) {
    // Too small is zero in Go, too large is an error; the sign of the exponent tells which it is.
    const std::size_t exponent = digits.find_first_of("eE");
    if (exponent == std::string::npos || digits[exponent + 1] != '-') return refused("value out of range");
    return 0.0;
  }
  return value;
}

Result<std::string> unquote(std::string_view text) {
  if (text.size() < 2) return Error{Fault::Input, "invalid syntax"};
  const char quote = text.front();
  const std::string_view inner = text.substr(1, text.size() - 2);
  if (quote == '`') return std::string(inner);
  std::string out;
  out.reserve(inner.size());
  for (std::size_t at = 0; at < inner.size();) {
    if (inner[at] != '\\') out += inner[at++];
    else at = append_escape(inner, at + 1, out);
  }
  return out;
}

Result<std::int64_t> parse_duration(std::string_view text) {
  if (text.empty()) return Error{Fault::Input, "empty duration string"};
  if (text == "0") return std::int64_t{0};
  std::int64_t sum = 0;
  std::size_t next_unit = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::uint64_t count = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), count);
    const auto digits = static_cast<std::size_t>(end - (text.data() + at));
    if (error != std::errc{} || digits == 0) return bad_duration(text);
    at += digits;
    std::size_t length = 0;
    while (at + length < text.size() && !is_digit(text[at + length])) ++length;
    if (length == 0) return bad_duration(text);
    const std::string_view name = text.substr(at, length);
    at += length;
    std::size_t unit = 0;
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size()) {
      return Error{Fault::Input, "unknown unit " + quoted(name) + " in duration " + quoted(text)};
    }
    if (unit < next_unit) return bad_duration(text);
    next_unit = unit + 1;
    if (count > static_cast<std::uint64_t>(kMostMs / kUnits[unit].ms)) return Error{Fault::Input, "duration out of range"};
    sum += static_cast<std::int64_t>(count) * kUnits[unit].ms;
    if (sum > kMostMs) return Error{Fault::Input, "duration out of range"};
  }
  return sum;
}

std::string duration_text(std::int64_t ms) {
  if (ms == 0) return "0s";
  std::string out = ms < 0 ? "-" : "";
  std::uint64_t left = ms < 0 ? 0 - static_cast<std::uint64_t>(ms) : static_cast<std::uint64_t>(ms);
  for (const Unit& unit : kUnits) {
    const auto size = static_cast<std::uint64_t>(unit.ms);
    const bool whole_only = unit.ms >= 7 * kDay;  // 90d reads better than 12w6d
    if ((whole_only && left % size != 0) || left < size) continue;
    out += std::to_string(left / size).append(unit.name);
    left %= size;
  }
  return out;
}

CodePoint decode_utf8(std::string_view text, std::size_t at) noexcept {
  constexpr CodePoint kInvalid{0xFFFD, 1};
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t first = byte(at);
  if (first < 0x80) return {first, 1};
  const std::uint32_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + bytes > text.size()) return kInvalid;
  std::uint32_t value = first & (0x7Fu >> bytes);
  for (std::uint32_t i = 1; i < bytes; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return kInvalid;
    value = (value << 6) | (byte(at + i) & 0x3F);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (value < kLeast[bytes] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return kInvalid;
  return {value, bytes};
}

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint next = decode_utf8(text, at);
    if (next.value == 0xFFFD && next.bytes == 1) return false;
    at += next.bytes;
  }
  return true;
}

void append_utf8(std::uint32_t value, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (value < 0x80) return put(value);
  if (value < 0x800) return put(0xC0 | (value >> 6)), put(0x80 | (value & 0x3F));
  if (value < 0x10000) return put(0xE0 | (value >> 12)), put(0x80 | ((value >> 6) & 0x3F)), put(0x80 | (value & 0x3F));
  put(0xF0 | (value >> 18)), put(0x80 | ((value >> 12) & 0x3F)), put(0x80 | ((value >> 6) & 0x3F)), put(0x80 | (value & 0x3F));
}

std::string quoted_character(std::uint32_t code_point) {
  if (code_point == '\'') return "'\\''";
  if (code_point == '"') return "'\"'";
  std::string character;
  append_utf8(code_point, character);
  const std::string inside = quoted(character);
  return "'" + inside.substr(1, inside.size() - 2) + "'";
}

std::string go_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  const std::string_view shortest(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = shortest.find('e');
  int exponent = 0;
  std::from_chars(shortest.data() + e + (shortest[e + 1] == '+' ? 2 : 1), shortest.data() + shortest.size(), exponent);
  std::string digits, out;
  for (const char c : shortest.substr(0, e)) {
    if (c == '-') out += '-';
    else if (c != '.') digits += c;
  }
  // The shortest digits, filled up with zeros: std::to_chars' fixed form would give all digits of a large number.
  const int point = exponent + 1;
  if (point <= 0) return out.append("0.").append(static_cast<std::size_t>(-point), '0') += digits;
  const auto whole = static_cast<std::size_t>(point);
  if (digits.size() <= whole) return out.append(digits).append(whole - digits.size(), '0');
  return out.append(digits, 0, whole).append(1, '.').append(digits, whole);
}

}  // namespace tocsin::rules::promql
