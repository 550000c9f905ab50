// SPDX-License-Identifier: Apache-2.0
// Regular expressions of selectors, by RE2: linear in the text whatever the expression, bounded in memory.
//
//   auto pattern = compile_pattern("GET|POST");      // matches the whole text; '.' is any character
//   bool takes = (*pattern)("GET");
//
// A target of its own (tocsin::patterns), so that a service that only exposes its meters does not link RE2.
// Threads: a pattern may be matched on any thread. Costs: at most 8 MiB a pattern while it is held.
#pragma once

#include "exporters/selector.h"

namespace tocsin::exporters {

// Errors: Input, with RE2's words.
Result<Pattern> compile_pattern(std::string_view pattern);

}  // namespace tocsin::exporters
