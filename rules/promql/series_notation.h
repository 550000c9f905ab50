// SPDX-License-Identifier: Apache-2.0
// Series notation: how test scripts and promtool's unit tests write a series and its samples in one line.
//
//   auto series = parse_series(R"(http_requests{job="api"} 0+10x100 _x3 stale {{count:3 sum:4 buckets:[1 2]}}x2)");
//   // series->labels, series->values: one entry a step, 101 rising ones, 3 left out, ...
//
// The grammar is Prometheus' (documentation of unit testing, "series"). Threads: pure.
// Costs one SequenceValue of 40 bytes a step; a line may not describe more than kMostSequence of them.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "meters/base/result.h"
#include "rules/promql/float_histogram.h"
#include "rules/promql/memory_series.h"

namespace tocsin::rules::promql {

inline constexpr std::size_t kMostSequence = 1'000'000;
inline constexpr std::size_t kMostSequences = 10'000'000;  // values of all series of a script or a test

struct SequenceValue {
  bool omitted = false;        // _
  double value = 0;            // kStaleBits for "stale"
  HistogramPtr histogram;      // null for a float
  bool hint_given = false;     // the histogram's counter_reset_hint was written
};

struct SeriesDescription {
  LabelTexts labels;  // as written, without empty values; the name as __name__
  std::vector<SequenceValue> values;
};

// Errors: Input with the column, TooLarge.
Result<SeriesDescription> parse_series(std::string_view text);
// A name and labels alone: name{a="b"}. Errors: Input with the column.
Result<LabelTexts> parse_metric(std::string_view text);

}  // namespace tocsin::rules::promql
