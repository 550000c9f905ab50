// SPDX-License-Identifier: Apache-2.0
// One selector against the meters that exist. Threads: pure.
#pragma once

#include <string>
#include <vector>

#include "agent/check/query_check.h"

namespace tocsin::agent {

// Null where the name is not known (which is a finding), or not fixed. What a label may be is told in the findings.
const KnownSeries* check_selector(const rules::promql::VectorSelector& selector, rules::promql::SourceRange range,
                                  const KnownMeters& known, std::vector<QueryFinding>& findings);

// "; did you mean "x"?"; where nothing is like it, what there is, if that is not much.
std::string did_you_mean(std::string_view wrong, const std::set<std::string>& candidates);

// Where a word stands that is not part of a longer one; npos where it does not.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from);

}  // namespace tocsin::agent
