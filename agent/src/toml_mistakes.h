// SPDX-License-Identifier: Apache-2.0
// What people get wrong in TOML: the parser says what it cannot go on with, this says what is missing.
//
//   usual_mistake(line_of(text, 3))     // "a text stands in quotes: \"...\""
//
// Threads: pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace tocsin::agent {

// Of a line that the parser refused; empty: something else is wrong with it.
std::string_view usual_mistake(std::string_view line);
// By its number, from 1; empty where there is none.
std::string_view line_of(std::string_view text, std::size_t number);

}  // namespace tocsin::agent
