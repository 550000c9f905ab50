// SPDX-License-Identifier: Apache-2.0
// Token: a template's text cut into pieces, as Go's text/template cuts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::rules::templates {

enum class TokenKind : std::uint8_t {
  Error, Eof, Text, LeftDelim, RightDelim, Space,
  Bool, Character, Complex, Number, Text1, RawText,  // constants
  Field, Identifier, Variable,
  Assign, Declare, Pipe, LeftParen, RightParen, Char,
  Block, Dot, Nil, Break, Continue, Define, Else, End, If, Range, Template, With,  // keywords
};
inline bool is_keyword(TokenKind kind) noexcept { return kind >= TokenKind::Block; }

struct Token {
  TokenKind kind = TokenKind::Eof;
  std::size_t at = 0;  // byte in the text
  std::size_t line = 1;
  std::string text;
};

std::string describe(const Token& token);  // as an error names it

// Ends with Eof, or with an Error whose text says why.
std::vector<Token> cut(std::string_view text);

}  // namespace tocsin::rules::templates
