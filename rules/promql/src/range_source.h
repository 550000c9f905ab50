// SPDX-License-Identifier: Apache-2.0
// RangeSource: series with the samples that a range function slides its window over: stored ones, or a subquery's.
#pragma once

#include "rules/promql/src/selector.h"

namespace tocsin::rules::promql {

// The keys of some series, and their samples beside them in a Block, without staleness markers.
struct Samples {
  std::vector<SeriesKey> series;
  Block block;
};

// What of a window's outside is read as well: anchored and smoothed selectors look beyond their edges.
struct Margin {
  std::int64_t before_ms = 0, after_ms = 0;
};

class RangeSource {
 public:
  RangeSource(std::int64_t range_ms, Shift shift, Margin margin, SourceRange source) noexcept
      : range_ms_(range_ms), shift_(shift), margin_(margin), source_(source) {}
  RangeSource(const RangeSource&) = delete;
  RangeSource& operator=(const RangeSource&) = delete;
  virtual ~RangeSource() = default;

  virtual Result<void> open(const Steps& steps) = 0;
  virtual Result<bool> next(Samples& into) = 0;
  // The next series, told to `sink` time by time where they are stored so. None: next() has them, or there are no more.
  virtual Result<void> next_columns(std::vector<SeriesKey>& series, ColumnSink& sink) {
    (void)sink;
    series.clear();
    return {};
  }

  std::int64_t range_ms() const noexcept { return range_ms_; }
  const Shift& shift() const noexcept { return shift_; }
  const Margin& margin() const noexcept { return margin_; }
  SourceRange source() const noexcept { return source_; }

 protected:
  std::int64_t range_ms_;
  Shift shift_;
  Margin margin_;
  SourceRange source_;
};
using RangeSourcePtr = std::unique_ptr<RangeSource>;

RangeSourcePtr make_selected_range(Run& run, Selection selection, std::int64_t range_ms, Margin margin, SourceRange source);
RangeSourcePtr make_subquery_range(Run& run, OperatorPtr inner, std::int64_t range_ms, std::int64_t step_ms, Shift shift,
                                   SourceRange source);

}  // namespace tocsin::rules::promql
