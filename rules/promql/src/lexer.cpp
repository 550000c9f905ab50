// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/lexer.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <utility>

#include "rules/promql/print.h"
#include "rules/promql/src/literals.h"

namespace tocsin::rules::promql {
namespace {

constexpr char kNone = '\0';

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_alpha(char c) noexcept { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alphanumeric(char c) noexcept { return is_alpha(c) || is_digit(c); }
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr std::array<std::pair<std::string_view, Kind>, 39> kWords{{
    {"and", Kind::And}, {"or", Kind::Or}, {"unless", Kind::Unless}, {"atan2", Kind::Atan2},
    {"sum", Kind::Sum}, {"avg", Kind::Avg}, {"count", Kind::Count}, {"min", Kind::Min}, {"max", Kind::Max},
    {"group", Kind::Group}, {"stddev", Kind::Stddev}, {"stdvar", Kind::Stdvar}, {"topk", Kind::Topk},
    {"bottomk", Kind::Bottomk}, {"count_values", Kind::CountValues}, {"quantile", Kind::Quantile},
    {"limitk", Kind::Limitk}, {"limit_ratio", Kind::LimitRatio},
    {"offset", Kind::Offset}, {"smoothed", Kind::Smoothed}, {"anchored", Kind::Anchored}, {"by", Kind::By},
    {"without", Kind::Without}, {"on", Kind::On}, {"ignoring", Kind::Ignoring}, {"group_left", Kind::GroupLeft},
    {"group_right", Kind::GroupRight}, {"fill", Kind::Fill}, {"fill_left", Kind::FillLeft},
    {"fill_right", Kind::FillRight}, {"bool", Kind::Bool},
    {"start", Kind::Start}, {"end", Kind::EndWord}, {"step", Kind::Step}, {"range", Kind::Range},
    {"max_of", Kind::MaxOf}, {"min_of", Kind::MinOf}, {"inf", Kind::Number}, {"nan", Kind::Number},
}};

const Kind* keyword(std::string_view word) noexcept {
  const auto same = [&](std::string_view known) {
    return std::ranges::equal(word, known, [](char a, char b) { return lower(a) == b; });
  };
  const auto* found = std::ranges::find_if(kWords, same, &std::pair<std::string_view, Kind>::first);
  return found == kWords.end() ? nullptr : &found->second;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Tokens run() {
    while (!done_) {
      start_ = at_;
      if (is_space(peek())) ++at_;
      else if (peek() == '#' && !duration_first_) skip_comment();
      else if (in_braces_) inside_braces();
      else if (duration_first_) duration_start();
      else statement();
    }
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : kNone;
  }
  bool ended() const noexcept { return at_ >= text_.size(); }

  void emit(Kind kind, std::size_t bytes = 0) {
    at_ += bytes;
    tokens_.tokens.push_back({kind, {static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(at_)}});
    if (kind == Kind::End) done_ = true;
  }
  void fail(std::string why) {
    tokens_.tokens.push_back({Kind::Error, {static_cast<std::uint32_t>(start_), static_cast<std::uint32_t>(text_.size())}});
    tokens_.error = std::move(why);
    done_ = true;
  }
  void fail_at_character(std::string_view why, std::size_t at) {
    fail(std::string(why) + (at < text_.size() ? quoted_character(decode_utf8(text_, at).value) : "end of input"));
  }
  void fail_at_code_point(std::string_view why, std::size_t at, std::string_view where) {
    const std::uint32_t value = decode_utf8(text_, at).value;
    std::array<char, 16> number{};
    std::snprintf(number.data(), number.size(), "U+%04X ", value);
    fail(std::string(why).append(number.data()).append(quoted_character(value)).append(where));
  }
  std::string_view taken() const noexcept { return text_.substr(start_, at_ - start_); }

  void skip_comment() {
    while (!ended() && peek() != '\n' && peek() != '\r') ++at_;
  }

  bool simple();           // a token of one or two signs; false where it is something else
  bool comparison(char c);
  void statement();
  void close_paren();
  void word();
  void inside_braces();
  void duration_start();
  bool duration_word();
  void number_or_duration();
  bool scan_number();
  bool scan_duration();
  void string();
  bool escape(char quote);

  std::string_view text_;
  std::size_t at_ = 0, start_ = 0;
  bool done_ = false, in_braces_ = false, in_brackets_ = false, colon_seen_ = false, duration_seen_ = false;
  bool duration_first_ = false;  // after '[': until the first number a narrower set of signs is allowed
  int parens_ = 0;
  Tokens tokens_;
};

bool Lexer::comparison(char c) {
  const char next = peek(1);
  if (c == '=') {
    if (next == '~') fail("unexpected character after '=': '~'");
    else if (next == '=') emit(Kind::Equal, 2);
    else emit(Kind::Assign, 1);
  } else if (c == '!') {
    if (next == '=') emit(Kind::NotEqual, 2);
    else fail_at_character("unexpected character after '!': ", at_ + 1);
  } else if (c == '<') {
    if (next == '=') emit(Kind::LessEqual, 2);
    else if (next == '/') emit(Kind::TrimUpper, 2);
    else emit(Kind::Less, 1);
  } else if (c == '>') {
    if (next == '=') emit(Kind::GreaterEqual, 2);
    else if (next == '/') emit(Kind::TrimLower, 2);
    else emit(Kind::Greater, 1);
  } else {
    return false;
  }
  return true;
}

void Lexer::close_paren() {
  emit(Kind::RightParen, 1);
  if (--parens_ >= 0) return;
  tokens_.tokens.pop_back();
  start_ = at_;
  fail("unexpected right parenthesis ')'");
}

bool Lexer::simple() {
  switch (peek()) {
    case ',': emit(Kind::Comma, 1); return true;
    case '+': emit(Kind::Add, 1); return true;
    case '-': emit(Kind::Sub, 1); return true;
    case '*': emit(Kind::Mul, 1); return true;
    case '/': emit(Kind::Div, 1); return true;
    case '%': emit(Kind::Mod, 1); return true;
    case '^': emit(Kind::Pow, 1); return true;
    case '(': ++parens_, emit(Kind::LeftParen, 1); return true;
    case ')': close_paren(); return true;
    default: return false;
  }
}

void Lexer::statement() {
  if (ended()) {
    if (parens_ != 0) fail("unclosed left parenthesis");
    else if (in_brackets_) fail("unclosed left bracket");
    else emit(Kind::End);
    return;
  }
  const char c = peek();
  if (simple() || comparison(c)) return;
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number_or_duration();
  if (c == '"' || c == '\'' || c == '`') return string();
  if (is_alpha(c) || c == ':') {
    if (!in_brackets_) return word();
    if (c == ':') {
      if (colon_seen_) return fail("unexpected colon ':'");
      colon_seen_ = true;
      return emit(Kind::Colon, 1);
    }
    if (!duration_word()) fail("unexpected character: " + quoted_character(static_cast<unsigned char>(c)) + ", expected ':'");
    return;
  }
  switch (c) {
    case '@': return emit(Kind::At, 1);
    case '{': in_braces_ = true; return emit(Kind::LeftBrace, 1);
    case '[':
      if (in_brackets_) return fail("unexpected left bracket '['");
      in_brackets_ = duration_first_ = true;
      colon_seen_ = false;
      return emit(Kind::LeftBracket, 1);
    case ']':
      if (!in_brackets_) return fail("unexpected right bracket ']'");
      in_brackets_ = false;
      return emit(Kind::RightBracket, 1);
    default: fail_at_character("unexpected character: ", at_);
  }
}

void Lexer::word() {
  while (is_alphanumeric(peek()) || peek() == ':') ++at_;
  const std::string_view taken_word = taken();
  const Kind* known = keyword(taken_word);
  if (known && *known >= Kind::Fill && *known <= Kind::FillRight) {
    // These came late: a metric may have the name, so a parenthesis must follow.
    std::size_t next = at_;
    while (next < text_.size() && is_space(text_[next])) ++next;
    if (next >= text_.size() || text_[next] != '(') known = nullptr;
  }
  if (known) return emit(*known);
  emit(taken_word.find(':') == std::string_view::npos ? Kind::Identifier : Kind::MetricIdentifier);
}

void Lexer::inside_braces() {
  if (ended()) return fail("unexpected end of input inside braces");
  const char c = peek();
  if (is_alpha(c)) {
    while (is_alphanumeric(peek())) ++at_;
    return emit(Kind::Identifier);
  }
  switch (c) {
    case ',': return emit(Kind::Comma, 1);
    case '"':
    case '\'':
    case '`': return string();
    case '=': return peek(1) == '~' ? emit(Kind::RegexMatch, 2) : emit(Kind::Assign, 1);
    case '!':
      if (peek(1) == '~') return emit(Kind::RegexNotMatch, 2);
      if (peek(1) == '=') return emit(Kind::NotEqual, 2);
      return fail_at_character("unexpected character after '!' inside braces: ", at_ + 1);
    case '{': return fail("unexpected left brace '{'");
    case '}': in_braces_ = false; return emit(Kind::RightBrace, 1);
    default: fail_at_character("unexpected character inside braces: ", at_);
  }
}

void Lexer::duration_start() {
  if (ended()) return fail("unexpected end of input in duration expression");
  const char c = peek();
  if (c == ']') {
    duration_first_ = in_brackets_ = colon_seen_ = false;
    return emit(Kind::RightBracket, 1);
  }
  if (c == ':') {
    if (!duration_seen_) return fail("unexpected colon before duration in duration expression");
    if (colon_seen_) return fail("unexpected repeated colon in duration expression");
    colon_seen_ = true;
    return emit(Kind::Colon, 1);
  }
  if (simple()) return;
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
    duration_seen_ = true;
    duration_first_ = false;
    return number_or_duration();
  }
  if (!is_alpha(c) || !duration_word()) {
    at_ = start_;
    fail_at_character("unexpected character in duration expression: ", at_);
  }
}

bool Lexer::duration_word() {
  while (is_alpha(peek())) ++at_;
  const Kind* known = keyword(taken());
  const bool found = known && *known >= Kind::Step && *known <= Kind::MinOf;
  if (found) emit(*known);
  return found;
}

void Lexer::number_or_duration() {
  if (scan_number()) return emit(Kind::Number);
  if (scan_duration()) return emit(Kind::Duration);
  fail("bad number or duration syntax: " + quoted(taken()));
}

// Takes what may be a number; the value is judged when it is read. False leaves the place where it went wrong. An 'e'
// after a hexadecimal number's first digit is an exponent, as in Prometheus: 0xee is refused there too.
bool Lexer::scan_number() {
  const bool hexadecimal = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
  const auto digit = [&](char c) {
    const char l = lower(c);
    return is_digit(c) || (hexadecimal && l >= 'a' && l <= 'f');
  };
  if (hexadecimal) {
    at_ += 2;
    if (peek() == '_') ++at_;
  }
  bool dot = false, exponent = false;
  if (peek() == '.') ++at_;  // a second one is refused below only after digits, as Prometheus does
  if (digit(peek())) ++at_;
  while (digit(peek()) || peek() == '.' || peek() == '_' || lower(peek()) == 'e') {
    const char c = peek();
    if (c != '.' && c != '_' && lower(c) != 'e') {
      while (digit(peek())) ++at_;
      continue;
    }
    ++at_;
    if (c == '.') {
      if (std::exchange(dot, true)) return false;
      if (peek() == '_' || peek() == '.') return ++at_, false;
      if (hexadecimal) return false;
      continue;
    }
    if (c != '_') {
      if (std::exchange(exponent, true)) return false;
      if (peek() == '+' || peek() == '-') ++at_;
    }
    if (peek() == '.' || peek() == '_' || lower(peek()) == 'e') return ++at_, false;
    if (ended()) return false;
  }
  return !is_alphanumeric(peek());
}

// What follows the digits that scan_number took: a unit, then more digits and units.
bool Lexer::scan_duration() {
  const auto accept = [&](std::string_view set) { return !ended() && set.find(peek()) != std::string_view::npos && ++at_; };
  if (!accept("smhdwy")) return false;
  accept("s");
  while (is_digit(peek())) {
    while (is_digit(peek())) ++at_;
    if (!accept("smhdw")) return false;
    accept("s");
  }
  if (!is_alphanumeric(peek())) return true;
  return ++at_, false;
}

void Lexer::string() {
  const char quote = peek();
  ++at_;
  while (true) {
    if (ended() || (peek() == '\n' && quote != '`')) {
      return fail(quote == '`' ? "unterminated raw string" : "unterminated quoted string");
    }
    const CodePoint next = decode_utf8(text_, at_);
    if (next.value == 0xFFFD) return fail("invalid UTF-8 rune");
    at_ += next.bytes;
    if (next.value == static_cast<unsigned char>(quote)) return emit(Kind::String);
    if (next.value == '\\' && quote != '`' && !escape(quote)) return;
  }
}

bool Lexer::escape(char quote) {
  if (ended()) return fail("escape sequence not terminated"), false;
  const char c = peek();
  if (c == quote || std::string_view("abfnrtv\\").find(c) != std::string_view::npos) return ++at_, true;
  std::size_t digits = 0;
  std::uint32_t base = 16, most = 0x10FFFF;
  if (c >= '0' && c <= '7') digits = 3, base = 8, most = 255;
  else if (c == 'x') digits = 2, most = 255;
  else if (c == 'u') digits = 4;
  else if (c == 'U') digits = 8;
  else return fail_at_code_point("unknown escape sequence ", at_, ""), false;
  if (base == 16) ++at_;
  std::uint64_t value = 0;
  for (; digits > 0; --digits, ++at_) {
    if (ended()) return fail("escape sequence not terminated"), false;
    const char l = lower(peek());
    const std::uint32_t digit = is_digit(l) ? static_cast<std::uint32_t>(l - '0')
                                : l >= 'a' && l <= 'f' ? static_cast<std::uint32_t>(l - 'a' + 10) : 16;
    if (digit >= base) return fail_at_code_point("illegal character ", at_, " in escape sequence"), false;
    value = value * base + digit;
  }
  if (value > most || (value >= 0xD800 && value < 0xE000)) {
    return fail("escape sequence is an invalid Unicode code point"), false;
  }
  return true;
}

}  // namespace

Tokens tokenize(std::string_view text) { return Lexer(text).run(); }

std::string describe(const Token& token, std::string_view text) {
  const std::string value(text.substr(token.range.begin, token.range.end - token.range.begin));
  const auto shortened = [&] {
    std::size_t end = 0;
    for (int runes = 0; end < value.size() && runes < 10; ++runes) end += decode_utf8(value, end).bytes;
    return value.size() > 10 ? quoted(value.substr(0, end)) + "..." : quoted(value);
  };
  switch (token.kind) {
    case Kind::End: return "end of input";
    case Kind::Error: return "error";
    case Kind::Identifier: return "identifier " + quoted(value);
    case Kind::MetricIdentifier: return "metric identifier " + quoted(value);
    case Kind::Number: return "number " + shortened();
    case Kind::Duration: return "duration " + shortened();
    case Kind::String: return "string " + shortened();
    default: break;
  }
  if (is_keyword(token.kind)) return "<" + value + ">";
  if (is_operator(token.kind)) return "<op:" + value + ">";
  if (is_aggregator(token.kind)) return "<aggr:" + value + ">";
  return shortened();
}

}  // namespace tocsin::rules::promql
