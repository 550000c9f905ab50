// SPDX-License-Identifier: Apache-2.0
#include "rules/template/src/format_verb.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "rules/template/src/format.h"
#include "rules/template/src/go_time.h"
#include "rules/template/src/unicode.h"

namespace tocsin::rules::templates {
namespace {

std::size_t rune_count(std::string_view text) noexcept {
  std::size_t count = 0;
  for (; !text.empty(); text.remove_prefix(decode_rune(text).bytes)) ++count;
  return count;
}

std::string pad(std::string text, const VerbStyle& style) {
  const auto width = static_cast<std::size_t>(style.width.value_or(0));
  const std::size_t count = rune_count(text);
  if (count >= width) return text;
  if (style.minus) return text.append(width - count, ' ');
  return std::string(width - count, style.zero ? '0' : ' ') + text;
}

std::string bad_verb(const Value& value, std::string_view verb) {
  std::string out = "%!" + std::string(verb) + "(";
  out += value.valid() ? value.type() + "=" + to_text(value) : "<nil>";
  return out += ')';
}

std::string truncated(std::string_view text, const VerbStyle& style) {
  std::size_t end = 0;
  for (int left = style.precision.value_or(1 << 30); end < text.size() && left > 0; --left) end += decode_rune(text.substr(end)).bytes;
  return std::string(text.substr(0, end));
}

std::string hexadecimal(std::string_view text, bool upper, const VerbStyle& style) {
  std::string out;
  std::size_t left = style.precision ? static_cast<std::size_t>(*style.precision) : text.size();
  for (const char c : text.substr(0, left)) {
    if (style.space && !out.empty()) out += ' ';
    if (style.sharp && (style.space || out.empty())) out += upper ? "0X" : "0x";
    char digits[3];
    std::snprintf(digits, sizeof digits, upper ? "%02X" : "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += digits;
  }
  return out;
}

std::string format_text(const Value& value, std::string_view verb, VerbStyle style) {
  const std::string& text = value.text();
  if (verb == "v" && style.sharp) return pad(quote(text), style);
  if (verb == "v" || verb == "s") return pad(truncated(text, style), style);
  if (verb == "x" || verb == "X") return pad(hexadecimal(text, verb == "X", style), style);
  if (verb != "q") return bad_verb(value, verb);
  const std::string cut = truncated(text, style);
  if (style.sharp && cut.find('`') == std::string::npos && cut.find_first_of("\n\r\x7f") == std::string::npos) return pad("`" + cut + "`", style);
  return pad(quote(cut, style.plus), style);
}

std::string digits_of(std::uint64_t value, unsigned base, bool upper) {
  std::array<char, 65> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, static_cast<int>(base)).ptr;
  std::string out(buffer.data(), end);
  if (upper) std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  return out;
}

std::string integer_text(std::uint64_t size, bool negative, unsigned base, char verb, VerbStyle style) {
  std::string digits = digits_of(size, base, verb == 'X');
  if (style.precision) {
    if (*style.precision == 0 && size == 0) return pad("", {.width = style.width});
    if (const auto least = static_cast<std::size_t>(*style.precision); digits.size() < least) digits.insert(0, least - digits.size(), '0');
    style.zero = false;
  } else if (style.zero && style.width && !style.minus) {
    const auto width = static_cast<std::size_t>(*style.width) - (negative || style.plus || style.space ? 1 : 0);
    if (digits.size() < width && width < 2'000'000) digits.insert(0, width - digits.size(), '0');
    style.zero = false;
  }
  std::string prefix = negative ? "-" : style.plus ? "+" : style.space ? " " : "";
  if (style.sharp && base == 2) prefix += "0b";
  if (style.sharp && base == 8 && verb == 'o' && !digits.starts_with('0')) prefix += '0';
  if (style.sharp && base == 16) prefix += verb == 'X' ? "0X" : "0x";
  if (verb == 'O') prefix += "0o";
  style.zero = false;
  return pad(prefix + digits, style);
}

std::string format_integer(const Value& value, std::string_view verb, const VerbStyle& style) {
  const bool is_signed = value.kind() == Value::Kind::Int;
  const bool negative = is_signed && value.integer() < 0;
  const std::uint64_t size = !is_signed ? value.unsigned_integer()
                             : negative ? ~static_cast<std::uint64_t>(value.integer()) + 1
                                        : static_cast<std::uint64_t>(value.integer());
  const auto rune = size > 0x10ffff || negative ? char32_t{0xfffd} : static_cast<char32_t>(size);
  if (verb.size() != 1) return bad_verb(value, verb);
  switch (verb[0]) {
    case 'v': case 'd': return integer_text(size, negative, 10, 'd', style);
    case 'b': return integer_text(size, negative, 2, 'b', style);
    case 'o': case 'O': return integer_text(size, negative, 8, verb[0], style);
    case 'x': case 'X': return integer_text(size, negative, 16, verb[0], style);
    case 'c': {
      std::string out;
      append_rune(out, rune);
      return pad(std::move(out), style);
    }
    case 'q': return pad(quote_rune(rune), style);
    case 'U': return pad(style.sharp ? rune_name(rune) : rune_name(rune).substr(0, rune_name(rune).find(' ')), style);
    default: return bad_verb(value, verb);
  }
}

std::string format_number(const Value& value, std::string_view verb, VerbStyle style) {
  constexpr std::string_view kVerbs = "veEfFgGxXb";
  if (verb.size() != 1 || kVerbs.find(verb[0]) == std::string_view::npos || verb[0] == 'b') return bad_verb(value, verb);
  const double number = value.number();
  const bool general = verb[0] == 'v' || verb[0] == 'g' || verb[0] == 'G' || verb[0] == 'x' || verb[0] == 'X';
  const char letter = verb[0] == 'v' ? 'g' : verb[0] == 'F' ? 'f' : verb[0];
  std::string text = format_float(number, letter, style.precision.value_or(general ? -1 : 6));
  if (!text.starts_with('-') && !text.starts_with('+')) text.insert(0, 1, '+');
  const bool finite = std::isfinite(number);
  if (!finite) style.zero = false;
  if (style.space && text[0] == '+' && !style.plus) text[0] = ' ';
  if (style.plus || text[0] != '+') {
    // The sign comes before the zeros.
    if (style.zero && !style.minus && style.width && static_cast<std::size_t>(*style.width) > text.size()) {
      return text[0] + std::string(static_cast<std::size_t>(*style.width) - text.size(), '0') + text.substr(1);
    }
    return pad(std::move(text), style);
  }
  // +Inf keeps its sign.
  return pad(std::isinf(number) ? std::move(text) : text.substr(1), style);
}

constexpr std::size_t kMostPrinted = std::size_t{2} << 20;

std::string format_parts(const Value& value, std::string_view verb, const VerbStyle& style) {
  const bool named = verb == "v" && (style.plus || style.sharp);
  std::string out;
  // Maps may share parts, so that what is printed is far larger than what is held.
  const auto add = [&](const Value& part) { if (out.size() < kMostPrinted) out += part.valid() || verb != "v" ? format_verb(part, verb, style) : "<nil>"; };
  switch (value.kind()) {
    case Value::Kind::Map: {
      const char* between = style.sharp && verb == "v" ? ", " : " ";
      out = style.sharp && verb == "v" ? value.type() + "{" : "map[";
      bool first = true;
      for (const auto& [name, entry] : value.as_map().entries) {
        if (!first) out += between;
        first = false;
        add(Value(name));
        out += ':';
        add(entry);
      }
      return out += style.sharp && verb == "v" ? '}' : ']';
    }
    case Value::Kind::List:
      out = "[";
      for (const Value& item : value.as_list().items) {
        if (out.size() > 1) out += ' ';
        add(item);
      }
      return out += ']';
    default: break;
  }
  out = value.as_struct().type.starts_with('*') ? "&{" : "{";
  bool first = true;
  for (const auto& [name, field] : value.as_struct().fields) {
    if (!first) out += ' ';
    first = false;
    if (named) out += name + ":";
    add(field);
  }
  return out += '}';
}

// %g without a precision: the shortest digits, with an exponent below 1e-4 and from 10^kShortest on.
constexpr int kShortest = 6;
std::string general(double value, int precision) {
  std::array<char, 64> buffer;
  const auto shortest = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  std::string text(buffer.data(), shortest.ptr);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  if (exponent < -4 || exponent >= precision) return text;
  const auto fixed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
  return {buffer.data(), fixed.ptr};
}

}  // namespace

std::string format_float(double value, char verb, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  if (precision < 0 && verb == 'g') return general(value, kShortest);
  if (precision < 0 && verb == 'G') {
    std::string text = general(value, kShortest);
    std::replace(text.begin(), text.end(), 'e', 'E');
    return text;
  }
  if (verb == 'x' || verb == 'X') {
    std::array<char, 64> buffer;
    const int size = precision < 0 ? std::snprintf(buffer.data(), buffer.size(), verb == 'x' ? "%a" : "%A", value)
                                   : std::snprintf(buffer.data(), buffer.size(), verb == 'x' ? "%.*a" : "%.*A", std::min(precision, 20), value);
    std::string text(buffer.data(), static_cast<std::size_t>(size));
    // At least two digits of exponent.
    const auto mark = text.find_first_of("pP");
    if (mark != std::string::npos && text.size() - mark == 3) text.insert(mark + 2, 1, '0');
    return text;
  }
  if (precision < 0) {
    std::array<char, 400> buffer;
    const auto format = verb == 'f' ? std::chars_format::fixed : std::chars_format::scientific;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format).ptr;
    return {buffer.data(), end};
  }
  const char format[] = {'%', '.', '*', verb, '\0'};
  const int size = std::snprintf(nullptr, 0, format, precision, value);
  std::string text(static_cast<std::size_t>(size) + 1, '\0');
  std::snprintf(text.data(), text.size(), format, precision, value);
  text.pop_back();
  return text;
}

std::string format_verb(const Value& value, std::string_view verb, VerbStyle style) {
  if (verb == "T") return pad(value.type(), style);
  if (style.minus) style.zero = false;
  const bool words = verb == "v" || verb == "s" || verb == "q" || verb == "x" || verb == "X";
  switch (value.kind()) {
    case Value::Kind::Invalid: return verb == "v" ? pad("<nil>", style) : bad_verb(value, verb);
    case Value::Kind::Bool:
      return verb == "t" || verb == "v" ? pad(value.boolean() ? "true" : "false", style) : bad_verb(value, verb);
    case Value::Kind::Int: case Value::Kind::UInt: return format_integer(value, verb, style);
    case Value::Kind::Float: return format_number(value, verb, style);
    case Value::Kind::Text: return format_text(value, verb, style);
    case Value::Kind::Time:
      return words ? format_text(Value(time_text(value.time())), verb, style) : bad_verb(value, verb);
    case Value::Kind::Duration:
      return words && verb != "x" && verb != "X" ? format_text(Value(duration_text(value.duration())), verb, style)
                   : format_integer(Value(std::int64_t{value.duration().count()}), verb, style);
    case Value::Kind::Map: case Value::Kind::List: case Value::Kind::Struct: return format_parts(value, verb, style);
  }
  return {};
}

}  // namespace tocsin::rules::templates
