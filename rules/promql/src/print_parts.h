// SPDX-License-Identifier: Apache-2.0
// The parts of an expression's text that one line and several lines share.
//
// Threads: pure.
#pragma once

#include <string>

#include "rules/promql/ast.h"

namespace tocsin::rules::promql {

std::string selector_text(const VectorSelector& selector);  // without offset and @
std::string subquery_text(const Subquery& subquery);        // what stands behind the inner expression
std::string operator_text(const Binary& binary);            // with bool, matching and fill
std::string aggregate_text(const Aggregate& aggregate);     // with by or without
// Whether the text is longer than this. Costs at most about that much text.
bool is_longer(const Expr& expr, std::size_t most);

}  // namespace tocsin::rules::promql
