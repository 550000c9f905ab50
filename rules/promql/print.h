// SPDX-License-Identifier: Apache-2.0
// An expression as text: canonical on one line (Prometheus' String()), or broken into lines (its Prettify).
//
//   to_string(**parse("sum(a)by(b)"));   // sum by (b) (a)
//
// What is printed parses to the same tree. Threads: pure. Costs: to_string is linear in the text, prettify in text times depth.
#pragma once

#include <string>

#include "rules/promql/ast.h"

namespace tocsin::rules::promql {

std::string to_string(const Expr& expr);
std::string to_string(const DurationExpr& expr);
// Lines of at most 100 characters where the expression can be split, two spaces a level.
std::string prettify(const Expr& expr);
// A text in double quotes with Go's escapes (strconv.Quote).
std::string quoted(std::string_view text);

}  // namespace tocsin::rules::promql
