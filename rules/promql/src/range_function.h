// SPDX-License-Identifier: Apache-2.0
// RangeFunction: a function of one series' samples in a window: rate, max_over_time, ... A row of its family's table is
// its name and code; the operator below slides the window.
//
//   bool largest(const RangeWindow& window, RangeSite&, RangeResult& result) { ... return true; }
//   constexpr RangeRow kRows[] = {{"max_over_time", largest}};
//
// Threads: pure besides the site's notes. Costs: a call a series and step.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "rules/promql/src/operator.h"
#include "rules/promql/src/range_source.h"

namespace tocsin::rules::promql {

// The samples of one series in (from, to]; floats and native histograms apart, each ascending in time.
struct RangeWindow {
  std::span<const std::int64_t> times;
  std::span<const double> values;
  std::span<const std::int64_t> histogram_times;
  std::span<const HistogramPtr> histograms;
  std::int64_t step_ms = 0;            // the time that is evaluated
  std::int64_t from_ms = 0, to_ms = 0;  // without the margin of anchored and smoothed selectors
  double seconds = 0;                  // the range as it is written
  RangeEdge edge = RangeEdge::Plain;
  std::span<const double> arguments;   // the other arguments, in order
};

struct RangeResult {
  double value = 0;
  HistogramPtr histogram;
};

// How samples lie in a window, in milliseconds, and what follows from that alone. Series that are scraped together, and
// neighbouring steps, mostly lie alike: it is worked out once for all of them.
struct WindowReach {
  std::int64_t head_ms = -1, tail_ms = -1, covered_ms = -1;  // before the first sample, behind the last, between them
  std::size_t samples = 0;
  double covered = 0, to_start = 0, to_end = 0;  // seconds; the latter two as far as the series is taken to reach
  double factor = 1, per_second = 1;             // from what grew between the samples to the whole window's
};

// Where a call stands and about which series it is: for remarks and errors.
struct RangeSite {
  Run& run;
  SourceRange argument;  // of the call's first
  SeriesKey series;
  std::optional<Error> error;  // set: the evaluation fails
  WindowReach reach = {};      // of the call before

  Notes& notes() const noexcept { return run.notes; }
  std::string_view metric() const noexcept { return run.space.metric_name(series); }
};

// False: no sample at this step. Called only where the window has a sample.
using RangeFunction = bool (*)(const RangeWindow& window, RangeSite& site, RangeResult& result);

// The same for many series at once, of one step, whose samples lie at the same times: takes them time by time.
class ColumnFunction : public ColumnSink {
 public:
  // Forgets what it took.
  virtual void begin() = 0;
  // A value a series, in their order; false where none has one. Requires: it took something. Uses no samples of the window.
  virtual bool finish(const RangeWindow& window, RangeSite& site, std::span<double> values) = 0;
};

struct RangeRow {
  std::string_view name;
  RangeFunction call;
  bool keeps_name = false;
  bool counter = false;  // a metric whose name does not say that it is one is remarked
  std::unique_ptr<ColumnFunction> (*columns)() = nullptr;  // where there is such a form
};

const RangeRow* find_range_function(std::string_view name) noexcept;

// The families; each is a table in functions/src.
std::span<const RangeRow> rate_functions() noexcept;
std::span<const RangeRow> over_time_functions() noexcept;
std::span<const RangeRow> regression_functions() noexcept;

struct RangeCall {
  const RangeRow* function = nullptr;
  RangeEdge edge = RangeEdge::Plain;
  RangeSourcePtr source;
  std::vector<OperatorPtr> arguments;  // scalars
  SourceRange first;  // of the call's first argument
};

OperatorPtr make_range_call(Run& run, RangeCall call);
// absent_over_time: 1, with these labels, at the steps whose window is empty for every series.
OperatorPtr make_absent_over_time(Run& run, RangeSourcePtr source, SeriesKey labels);

}  // namespace tocsin::rules::promql
