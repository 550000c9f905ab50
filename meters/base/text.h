// SPDX-License-Identifier: Apache-2.0
// Text: what several folders need and the standard library lacks.
//
//   append_json_string(out, "a\"b");                     // "\"a\\\"b\""
//   std::string_view word = trim("  x ");                // "x"
//   auto near = nearest("intervall", std::array<std::string_view, 2>{"interval", "timeout"});   // "interval"
//
// Threads: pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

std::string_view trim(std::string_view text) noexcept;
// Pieces between separators, empty ones included; "" is one empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string to_lower(std::string_view text);  // ASCII only
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;  // ASCII only

// True for well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates).
bool is_utf8(std::string_view text) noexcept;
// Ill-formed sequences become U+FFFD, one each.
std::string to_utf8(std::string_view text);

// Quoted, escaped as RFC 8259 asks; ill-formed UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

// Standard alphabet, padded (RFC 4648).
std::string base64(std::string_view data);

// For "did you mean": the candidate with the least edit distance, empty where none is near enough to be a slip.
std::string nearest(std::string_view wrong, std::span<const std::string_view> candidates);

// The one strict boolean of our own keys and flags: true/1/yes/on, false/0/no/off in any case.
enum class Boolean { False, True, Neither };
Boolean parse_boolean(std::string_view text) noexcept;

}  // namespace tocsin
