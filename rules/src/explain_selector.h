// SPDX-License-Identifier: Apache-2.0
// What a selector matches at one time, and why nothing.
// Threads: pure.
#pragma once

#include "rules/explain.h"
#include "rules/look_back.h"

namespace tocsin::rules {

// Fills series, samples, note and error.
void explain_selector(const SelectorUse& use, const promql::SeriesReader& reader, const ExplainSettings& settings, ExplainedPart& into);

// "5m3s" of milliseconds, never longer than two units.
std::string age_text(std::int64_t ms);

}  // namespace tocsin::rules
