// SPDX-License-Identifier: Apache-2.0
// load_with_nhcb: classic histograms of a load as native ones with custom bounds. Threads: pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rules/promql/src/script_commands.h"

namespace tocsin::rules::promql {

struct NhcbSeries {
  LabelTexts labels;
  std::map<std::int64_t, FloatHistogram> points;  // by time
  std::string fault;                              // what made a point impossible
};

std::vector<NhcbSeries> nhcb_of(const ScriptLoad& load);

}  // namespace tocsin::rules::promql
