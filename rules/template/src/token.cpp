// SPDX-License-Identifier: Apache-2.0
#include "rules/template/src/token.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "rules/template/src/unicode.h"

namespace tocsin::rules::templates {
namespace {

constexpr std::string_view kLeft = "{{", kRight = "}}", kSpaces = " \t\r\n";

constexpr std::array<std::pair<std::string_view, TokenKind>, 12> kWords{{
    {"block", TokenKind::Block}, {"break", TokenKind::Break}, {"continue", TokenKind::Continue},
    {"define", TokenKind::Define}, {"else", TokenKind::Else}, {"end", TokenKind::End}, {"if", TokenKind::If},
    {"range", TokenKind::Range}, {"nil", TokenKind::Nil}, {"template", TokenKind::Template},
    {"with", TokenKind::With}, {"true", TokenKind::Bool}}};

bool is_space(int c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class Cutter {
 public:
  explicit Cutter(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (!done_) {
      if (!inside_) cut_text();
      else cut_action();
    }
    return std::move(tokens_);
  }

 private:
  bool starts(std::string_view what, std::size_t from) const noexcept {
    return text_.size() >= from && text_.substr(from).starts_with(what);
  }
  int byte(std::size_t at) const noexcept { return at < text_.size() ? static_cast<unsigned char>(text_[at]) : -1; }
  char32_t rune() const noexcept { return decode_rune(text_.substr(at_)).rune; }
  void step() noexcept { at_ += at_ < text_.size() ? decode_rune(text_.substr(at_)).bytes : 0; }
  // "{{- " and " -}}".
  bool trims_left(std::size_t from) const noexcept { return byte(from) == '-' && is_space(byte(from + 1)); }
  bool trims_right(std::size_t from) const noexcept { return is_space(byte(from)) && byte(from + 1) == '-'; }
  bool at_trimmed_right() const noexcept { return trims_right(at_) && starts(kRight, at_ + 2); }

  void emit(TokenKind kind) {
    Token token{kind, start_, line_, std::string(text_.substr(start_, at_ - start_))};
    count_lines();
    tokens_.push_back(std::move(token));
  }
  void skip() { count_lines(); }
  void count_lines() {
    line_ += static_cast<std::size_t>(std::count(text_.begin() + start_, text_.begin() + at_, '\n'));
    start_ = at_;
  }
  void fail(std::string message) {
    tokens_.push_back({TokenKind::Error, start_, line_, std::move(message)});
    done_ = true;
  }
  void skip_spaces() {
    while (is_space(byte(at_))) ++at_;
    skip();
  }

  void cut_text() {
    const std::size_t open = text_.find(kLeft, at_);
    if (open == std::string_view::npos) {
      at_ = text_.size();
      if (at_ > start_) emit(TokenKind::Text);
      emit(TokenKind::Eof), tokens_.back().text = "EOF", done_ = true;
      return;
    }
    std::size_t end = open;
    if (trims_left(open + kLeft.size())) {
      while (end > start_ && is_space(byte(end - 1))) --end;
    }
    at_ = end;
    if (at_ > start_) emit(TokenKind::Text);
    at_ = open;
    skip();
    at_ += kLeft.size();
    const bool trim = trims_left(at_);
    if (starts("/*", at_ + (trim ? 2 : 0))) {
      at_ += trim ? 2 : 0;
      skip();
      cut_comment();
      return;
    }
    emit(TokenKind::LeftDelim);
    at_ += trim ? 2 : 0;
    skip();
    inside_ = true, parens_ = 0;
  }

  void cut_comment() {
    const std::size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) return fail("unclosed comment");
    at_ = end + 2;
    const bool trim = at_trimmed_right();
    if (!trim && !starts(kRight, at_)) return fail("comment ends before closing delimiter");
    at_ += (trim ? 2 : 0) + kRight.size();
    skip();
    if (trim) skip_spaces();
  }

  void cut_right() {
    const bool trim = at_trimmed_right();
    if (trim) at_ += 2, skip();
    at_ += kRight.size();
    emit(TokenKind::RightDelim);
    if (trim) skip_spaces();
    inside_ = false;
  }

  void cut_action() {
    if (at_trimmed_right() || starts(kRight, at_)) return parens_ == 0 ? cut_right() : fail("unclosed left paren");
    const int c = byte(at_);
    if (c < 0) return fail("unclosed action");
    if (is_space(c)) return cut_space();
    switch (c) {
      case '=': return ++at_, emit(TokenKind::Assign);
      case ':':
        ++at_;
        if (byte(at_) != '=') return fail("expected :=");
        return ++at_, emit(TokenKind::Declare);
      case '|': return ++at_, emit(TokenKind::Pipe);
      case '"': return cut_quoted('"', TokenKind::Text1, "unterminated quoted string");
      case '\'': return cut_quoted('\'', TokenKind::Character, "unterminated character constant");
      case '`': return cut_raw();
      case '$': return ++at_, cut_name(TokenKind::Variable);
      case '(': return ++at_, ++parens_, emit(TokenKind::LeftParen);
      case ')':
        ++at_;
        if (--parens_ < 0) return fail("unexpected right paren");
        return emit(TokenKind::RightParen);
      default: return cut_word(c);
    }
  }

  void cut_word(int c) {
    const bool digit = c >= '0' && c <= '9';
    const int next = byte(at_ + 1);
    if (c == '.' && !(next >= '0' && next <= '9')) return ++at_, cut_name(TokenKind::Field);
    if (digit || c == '.' || c == '+' || c == '-') return cut_number();
    if (is_word_rune(rune())) return cut_identifier();
    if (c > 0x20 && c < 0x7f) return ++at_, emit(TokenKind::Char);
    fail("unrecognized character in action: " + rune_name(rune()));
  }

  void cut_space() {
    const std::size_t from = at_;
    while (is_space(byte(at_))) ++at_;
    // The last space may belong to " -}}".
    if (trims_right(at_ - 1) && starts(kRight, at_ + 1)) {
      --at_;
      if (at_ == from) return cut_right();
    }
    emit(TokenKind::Space);
  }

  bool at_end_of_word() const noexcept {
    const int c = byte(at_);
    return c < 0 || is_space(c) || c == '.' || c == ',' || c == '|' || c == ':' || c == ')' || c == '(' || starts(kRight, at_);
  }
  void bad_character() { fail("bad character " + (at_ < text_.size() ? rune_name(rune()) : "U+FFFFFFFFFFFFFFFF")); }

  void cut_name(TokenKind kind) {
    if (at_end_of_word()) return emit(kind == TokenKind::Field ? TokenKind::Dot : kind);
    while (at_ < text_.size() && is_word_rune(rune())) step();
    if (!at_end_of_word()) return bad_character();
    emit(kind);
  }

  void cut_identifier() {
    while (at_ < text_.size() && is_word_rune(rune())) step();
    if (!at_end_of_word()) return bad_character();
    const std::string_view word = text_.substr(start_, at_ - start_);
    if (word == "false") return emit(TokenKind::Bool);
    const auto found = std::find_if(kWords.begin(), kWords.end(), [&](const auto& one) { return one.first == word; });
    emit(found == kWords.end() ? TokenKind::Identifier : found->second);
  }

  void cut_quoted(char quote, TokenKind kind, const char* message) {
    for (++at_;; ++at_) {
      int c = byte(at_);
      if (c == '\\') {
        c = byte(++at_);
        if (c >= 0 && c != '\n') continue;
      }
      if (c < 0 || c == '\n') return fail(message);
      if (c == quote) break;
    }
    ++at_;
    emit(kind);
  }

  void cut_raw() {
    const std::size_t end = text_.find('`', at_ + 1);
    if (end == std::string_view::npos) return fail("unterminated raw quoted string");
    at_ = end + 1;
    emit(TokenKind::RawText);
  }

  bool accept(std::string_view set) noexcept {
    const bool taken = byte(at_) >= 0 && set.find(text_[at_]) != std::string_view::npos;
    at_ += taken ? 1 : 0;
    return taken;
  }

  bool scan_number() {
    accept("+-");
    std::string_view digits = "0123456789_";
    if (accept("0")) {
      if (accept("xX")) digits = "0123456789abcdefABCDEF_";
      else if (accept("oO")) digits = "01234567_";
      else if (accept("bB")) digits = "01_";
    }
    while (accept(digits)) {}
    if (accept(".")) {
      while (accept(digits)) {}
    }
    const bool decimal = digits.size() == 11, hexadecimal = digits.size() == 23;
    if ((decimal && accept("eE")) || (hexadecimal && accept("pP"))) {
      accept("+-");
      while (accept("0123456789_")) {}
    }
    accept("i");
    if (at_ < text_.size() && is_word_rune(rune())) return step(), false;
    return true;
  }

  void cut_number() {
    const auto bad = [&] { fail("bad number syntax: \"" + std::string(text_.substr(start_, at_ - start_)) + '"'); };
    if (!scan_number()) return bad();
    if (byte(at_) == '+' || byte(at_) == '-') {
      if (!scan_number() || byte(at_ - 1) != 'i') return bad();
      return emit(TokenKind::Complex);
    }
    emit(TokenKind::Number);
  }

  const std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0, start_ = 0, line_ = 1;
  int parens_ = 0;
  bool inside_ = false, done_ = false;
};

}  // namespace

std::string describe(const Token& token) {
  if (token.kind == TokenKind::Eof || token.kind == TokenKind::Error) return token.text;
  if (is_keyword(token.kind)) return "<" + token.text + ">";
  std::string_view text = token.text;
  std::size_t runes = 0, end = 0;
  while (end < text.size() && runes < 10) end += decode_rune(text.substr(end)).bytes, ++runes;
  return text.size() > 10 ? quote(text.substr(0, end)) + "..." : quote(text);
}

std::vector<Token> cut(std::string_view text) { return Cutter(text).run(); }

}  // namespace tocsin::rules::templates
