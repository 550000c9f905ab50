// SPDX-License-Identifier: Apache-2.0
// check: whether a tree means something: types, counts of arguments, what may be matched with what. Also settles what
// only types tell: set operations match many to many, and a scalar side has no matching.
//
// Threads: one thread. Costs one visit a node.
#pragma once

#include <string_view>
#include <vector>

#include "rules/promql/parse.h"

namespace tocsin::rules::promql {

// Requires: every call has its function. The text is where ranges point into.
void check(Expr& expr, std::string_view text, std::vector<ParseFault>& faults);

}  // namespace tocsin::rules::promql
