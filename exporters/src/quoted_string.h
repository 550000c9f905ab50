// SPDX-License-Identifier: Apache-2.0
// A string literal as PromQL has it: '...' and "..." with Go's escapes, `...` as it stands.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tocsin::exporters {

inline bool is_quote(char c) noexcept { return c == '"' || c == '\'' || c == '`'; }

// Reads the literal that starts at text[at], which moves past it. On a fault it returns what is wrong, at `at`;
// otherwise null.
const char* read_quoted_string(std::string_view text, std::size_t& at, std::string& out);

}  // namespace tocsin::exporters
