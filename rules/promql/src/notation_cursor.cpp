// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/notation_cursor.h"

#include <charconv>
#include <limits>

#include "meters/base/number.h"
#include "meters/base/text.h"
#include "rules/promql/src/literals.h"

namespace tocsin::rules::promql {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Bytes of the number at the start of the text; 0 where it is none.
std::size_t number_length(std::string_view text) {
  const auto digits = [&](std::size_t at) {
    const std::size_t from = at;
    while (at < text.size() && (is_digit(text[at]) || (text[at] == '_' && at > from))) ++at;
    return at;
  };
  std::size_t at = digits(0);
  const std::size_t whole = at;
  if (at < text.size() && text[at] == '.') at = digits(at + 1);
  if (at == 0 || (at == 1 && whole == 0)) return 0;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    std::size_t exponent = at + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const std::size_t end = digits(exponent);
    if (end == exponent) return 0;
    at = end;
  }
  const bool ends = at == text.size() || text[at] == 'x' || !(is_letter(text[at]) || is_digit(text[at]));
  return ends && text[at - 1] != '_' ? at : 0;
}

// Bytes of the escape that begins at the start of the text, behind its backslash; 0 where it is none of Go's.
std::size_t escape_length(std::string_view text, char quote) {
  if (text.empty()) return 0;
  const char c = text[0];
  if (c == quote || std::string_view("abfnrtv\\").find(c) != std::string_view::npos) return 1;
  const bool octal = c >= '0' && c <= '7';
  const std::size_t digits = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  const std::string_view number = text.substr(octal ? 0 : 1, digits);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value, octal ? 8 : 16);
  if (digits == 0 || number.size() < digits || error != std::errc{} || end != number.data() + digits) return 0;
  const bool code_point = value <= 0x10ffff && !(value >= 0xd800 && value <= 0xdfff);
  if (octal ? value > 0xff : !(c == 'x' || code_point)) return 0;
  return digits + (octal ? 0 : 1);
}

bool read_label(NotationCursor& cursor, LabelTexts& into) {
  std::string name;
  const bool quoted = cursor.peek() == '"' || cursor.peek() == '\'' || cursor.peek() == '`';
  if (quoted) {
    auto text = cursor.quoted();
    if (!text) return false;
    name = std::move(*text);
  } else {
    name = cursor.word();
    if (name.empty()) {
      cursor.fault("unexpected " + cursor.found() + " in label set, expected identifier or \"}\"");
      return false;
    }
  }
  cursor.skip_space();
  if (!cursor.take("=")) {
    if (!quoted) cursor.fault("unexpected " + cursor.found() + " in label set, expected \"=\"");
    else into.emplace_back("__name__", std::move(name));
    return quoted;
  }
  cursor.skip_space();
  if (cursor.peek() != '"' && cursor.peek() != '\'' && cursor.peek() != '`') {
    cursor.fault("unexpected " + cursor.found() + " in label set, expected string");
    return false;
  }
  auto value = cursor.quoted();
  if (!value) return false;
  into.emplace_back(std::move(name), std::move(*value));
  return true;
}

}  // namespace

bool NotationCursor::take(std::string_view word) noexcept {
  if (!starts_with(word)) return false;
  at_ += word.size();
  return true;
}

bool NotationCursor::skip_space() noexcept {
  const std::size_t from = at_;
  while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  return at_ > from;
}

bool NotationCursor::word_is(std::string_view wanted) const noexcept {
  NotationCursor here = *this;
  return here.word() == wanted;
}

std::string_view NotationCursor::word() noexcept {
  const std::size_t from = at_;
  if (is_letter(peek()))
    while (is_letter(peek()) || is_digit(peek())) ++at_;
  return text_.substr(from, at_ - from);
}

std::string_view NotationCursor::name() noexcept {
  const std::size_t from = at_;
  if (is_letter(peek()) || peek() == ':')
    while (is_letter(peek()) || is_digit(peek()) || peek() == ':') ++at_;
  return text_.substr(from, at_ - from);
}

std::optional<double> NotationCursor::number(bool sign) {
  const std::size_t from = at_;
  double factor = 1;
  if (sign && take("-")) factor = -1;
  else if (sign) take("+");
  if (is_letter(peek())) {
    const std::string_view text = word();
    if (equal_ignoring_case(text, "inf")) return factor * std::numeric_limits<double>::infinity();
    if (equal_ignoring_case(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
    at_ = from;
  }
  const std::size_t length = number_length(text_.substr(at_));
  if (length == 0) {
    fault("bad number syntax: " + found());
    return std::nullopt;
  }
  const auto value = parse_number(text_.substr(at_, length));
  if (!value) {
    fault("error parsing number: " + value.error().message);
    return std::nullopt;
  }
  at_ += length;
  return factor * *value;
}

std::optional<std::uint64_t> NotationCursor::count(const char* what) {
  std::size_t length = 0;
  while (is_digit(peek(length))) ++length;
  const auto value = parse_integer<std::uint64_t>(text_.substr(at_, length));
  if (!value) {
    fault(std::string(what) + ": unexpected " + found());
    return std::nullopt;
  }
  at_ += length;
  return *value;
}

std::optional<std::string> NotationCursor::quoted() {
  const char quote = peek();
  std::size_t end = at_ + 1;
  while (end < text_.size() && text_[end] != quote) {
    if (quote != '`' && text_[end] == '\\') {
      const std::size_t length = escape_length(text_.substr(end + 1), quote);
      if (length == 0) {
        fault("unknown escape sequence in a quoted string");
        return std::nullopt;
      }
      end += length;
    }
    ++end;
  }
  if (end >= text_.size()) {
    fault("unterminated quoted string");
    return std::nullopt;
  }
  auto text = unquote(text_.substr(at_, end + 1 - at_));
  if (!text) {
    fault("error unquoting string: " + text.error().message);
    return std::nullopt;
  }
  at_ = end + 1;
  return std::move(*text);
}

void NotationCursor::fault(std::string message, Fault cause) {
  if (error_) return;
  error_ = Error{cause, "column " + std::to_string(at_ + 1) + ": " + std::move(message)};
}

std::string NotationCursor::found() const {
  constexpr std::size_t kShown = 20;
  if (at_end()) return "end of input";
  return '"' + std::string(text_.substr(at_, kShown)) + (text_.size() - at_ > kShown ? "...\"" : "\"");
}

bool read_metric(NotationCursor& cursor, LabelTexts& into) {
  cursor.skip_space();
  const std::string_view name = cursor.name();
  LabelTexts labels;
  // "{{" is no label set, it opens a histogram.
  if (cursor.peek() == '{' && cursor.peek(1) != '{') {
    cursor.take("{");
    cursor.skip_space();
    while (!cursor.take("}")) {
      if (!read_label(cursor, labels)) return false;
      cursor.skip_space();
      const bool more = cursor.take(",");
      cursor.skip_space();
      if (!more && cursor.peek() != '}') {
        cursor.fault("unexpected " + cursor.found() + " in label set, expected \",\" or \"}\"");
        return false;
      }
    }
  }
  if (!name.empty()) labels.emplace_back("__name__", name);
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  into = std::move(labels);
  return true;
}

}  // namespace tocsin::rules::promql
