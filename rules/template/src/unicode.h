// SPDX-License-Identifier: Apache-2.0
// Characters and quoted texts as Go reads and writes them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::rules::templates {

struct Rune {
  char32_t rune = 0xfffd;  // where the bytes are no character
  std::size_t bytes = 1;
  bool valid = false;
};
Rune decode_rune(std::string_view text) noexcept;  // Requires: not empty
void append_rune(std::string& out, char32_t rune);

bool is_word_rune(char32_t rune) noexcept;   // a letter, a digit, '_'
bool is_letter(char32_t rune) noexcept;
bool is_printable(char32_t rune) noexcept;
std::string rune_name(char32_t rune);        // "U+0041 'A'"
char32_t to_upper(char32_t rune) noexcept;   // Latin, Greek and Cyrillic
char32_t to_lower(char32_t rune) noexcept;

std::string quote(std::string_view text, bool ascii = false);  // strconv.Quote
std::string quote_rune(char32_t rune);
std::optional<std::string> unquote(std::string_view quoted);   // "..." or `...`
std::optional<char32_t> unquote_rune(std::string_view quoted);  // '...'

}  // namespace tocsin::rules::templates
