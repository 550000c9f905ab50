// SPDX-License-Identifier: Apache-2.0
// Seen series: what an agent, or any other target of a scrape, really has, of the text that it answers.
//
//   auto seen = series_of_exposition(content_type, body);
//   known.restrict_to(*seen);                      // what it lacks is a finding from now on
//
// Threads: pure. Costs what parsing the body costs.
#pragma once

#include <string_view>
#include <vector>

#include "agent/check/known_meters.h"
#include "meters/base/result.h"

namespace tocsin::agent {

// One for each name, with all labels that its series have. Errors: Input, Unsupported: the body cannot be read.
Result<std::vector<KnownSeries>> series_of_exposition(std::string_view content_type, std::string_view body);

}  // namespace tocsin::agent
