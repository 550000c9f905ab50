// SPDX-License-Identifier: Apache-2.0
#include "rules/template/src/number.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "rules/template/src/unicode.h"

namespace tocsin::rules::templates {
namespace {

// Underscores only between digits, or between a base prefix and a digit.
bool underscores_fit(std::string_view text) noexcept {
  char last = '^';
  std::size_t i = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  bool hexadecimal = false;
  if (text.size() > i + 1 && text[i] == '0') {
    const char base = static_cast<char>(text[i + 1] | 0x20);
    if (base == 'b' || base == 'o' || base == 'x') i += 2, last = '0', hexadecimal = base == 'x';
  }
  for (; i < text.size(); ++i) {
    const char c = text[i], lower = static_cast<char>(c | 0x20);
    if ((c >= '0' && c <= '9') || (hexadecimal && lower >= 'a' && lower <= 'f')) {
      last = '0';
    } else if (c == '_') {
      if (last != '0') return false;
      last = '_';
    } else {
      if (last == '_') return false;
      last = '!';
    }
  }
  return last != '_';
}

struct Integer {
  std::uint64_t magnitude = 0;
  bool negative = false, overflow = false;
};

// As strconv.ParseInt with base 0.
std::optional<Integer> parse_integer(std::string_view text) {
  if (text.find('_') != std::string_view::npos && !underscores_fit(text)) return std::nullopt;
  Integer out;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) out.negative = text[0] == '-', text.remove_prefix(1);
  unsigned base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char letter = static_cast<char>(text[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  bool any = false;
  for (const char c : text) {
    if (c == '_') continue;
    const char lower = static_cast<char>(c | 0x20);
    const unsigned digit = c >= '0' && c <= '9' ? static_cast<unsigned>(c - '0') : lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a' + 10) : 99;
    if (digit >= base) return std::nullopt;
    any = true;
    if (out.magnitude > (std::numeric_limits<std::uint64_t>::max() - digit) / base) return out.overflow = true, out;
    out.magnitude = out.magnitude * base + digit;
  }
  return any ? std::optional(out) : std::nullopt;
}

std::optional<double> parse_float(std::string_view text) {
  if (text.find('_') != std::string_view::npos && !underscores_fit(text)) return std::nullopt;
  std::string plain;
  for (const char c : text) {
    if (c != '_') plain += c;
  }
  const bool hexadecimal = plain.find_first_of("xX") != std::string::npos;
  if (plain.empty() || plain.find_first_of("oO") != std::string::npos) return std::nullopt;
  if (hexadecimal && plain.find_first_of("pP") == std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(plain.c_str(), &end);
  if (end != plain.c_str() + plain.size() || std::isinf(value)) return std::nullopt;
  return value;
}

void take_integer(Node& node, const Integer& integer) {
  if (integer.overflow) return;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 63;
  if (integer.negative ? integer.magnitude <= kMost : integer.magnitude < kMost) {
    node.is_int = true;
    node.integer = static_cast<std::int64_t>(integer.negative ? ~integer.magnitude + 1 : integer.magnitude);
  }
  if (!integer.negative || integer.magnitude == 0) node.is_unsigned = true, node.unsigned_integer = integer.magnitude;
}

}  // namespace

NodePtr parse_constant(const Token& token) {
  auto node = std::make_unique<Node>(Node{.kind = NodeKind::Number, .at = token.at, .text = token.text});
  if (token.kind == TokenKind::Character) {
    const auto rune = unquote_rune(token.text);
    if (!rune) throw Failure{"malformed character constant: " + token.text};
    node->integer = static_cast<std::int64_t>(*rune), node->unsigned_integer = *rune;
    node->number = static_cast<double>(*rune);
    node->is_int = node->is_unsigned = node->is_float = true;
    return node;
  }
  if (token.kind == TokenKind::Complex || token.text.ends_with('i')) throw Failure{"complex numbers are not supported: " + quote(token.text)};
  const auto integer = parse_integer(token.text);
  if (integer) take_integer(*node, *integer);
  if (node->is_int || node->is_unsigned) {
    node->is_float = true;
    node->number = node->is_int ? static_cast<double>(node->integer) : static_cast<double>(node->unsigned_integer);
    return node;
  }
  const auto number = parse_float(token.text);
  if (!number) throw Failure{"illegal number syntax: " + quote(token.text)};
  if (integer && integer->overflow && token.text.find_first_of(".eEpP") == std::string::npos) {
    throw Failure{"integer overflow: " + quote(token.text)};
  }
  node->is_float = true, node->number = *number;
  // 1e3 and 2.0 may stand where an integer is wanted.
  if (std::trunc(*number) == *number && std::fabs(*number) < 9.2e18) node->is_int = true, node->integer = static_cast<std::int64_t>(*number);
  return node;
}

}  // namespace tocsin::rules::templates
