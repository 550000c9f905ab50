// SPDX-License-Identifier: Apache-2.0
// Literals: numbers, durations, strings, and how Go writes them. The words of errors are Go's.
//
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "meters/base/result.h"

namespace tocsin::rules::promql {

// Go's integers in base 0 (0x, 0o, 0b, a leading 0, underscores) or else Go's floats.
Result<double> parse_number(std::string_view text);

// A quoted text without its quotes and escapes; in back quotes as it stands. Requires: quotes at both ends.
Result<std::string> unquote(std::string_view text);

// The code point at `at` and its bytes; {0xFFFD, 1} where it is no UTF-8.
struct CodePoint {
  std::uint32_t value = 0;
  std::uint32_t bytes = 0;
};
CodePoint decode_utf8(std::string_view text, std::size_t at) noexcept;
bool is_utf8(std::string_view text) noexcept;
void append_utf8(std::uint32_t code_point, std::string& out);

std::string quoted_character(std::uint32_t code_point);  // Go's %q of a rune: 'x', '\n', '\u00a0'
std::string go_float(double value);                      // strconv.FormatFloat(value, 'f', -1, 64)

}  // namespace tocsin::rules::promql
