// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "rules/promql/histogram_math.h"
#include "rules/promql/src/histogram_work.h"

namespace tocsin::rules::promql {

HistogramSum::HistogramSum(bool mean, bool strict) noexcept : mean_(mean), strict_(strict) {}
HistogramSum::~HistogramSum() = default;
HistogramSum::HistogramSum(HistogramSum&&) noexcept = default;
HistogramSum& HistogramSum::operator=(HistogramSum&&) noexcept = default;

Result<void> HistogramSum::add(const FloatHistogram& histogram) {
  reset_seen_ |= histogram.hint == CounterResetHint::Reset;
  no_reset_seen_ |= histogram.hint == CounterResetHint::NotReset;
  if (!work_) {
    work_ = std::make_unique<HistogramWork>(histogram, true);
    count_ = 1;
    return {};
  }
  if (strict_ && work_->bounds() != histogram.custom_bounds) return Error{Fault::Input, kMixedSchemas};
  const auto take = [&](const FloatHistogram& more) -> Result<void> {
    const auto remarks = work_->take(more, 1);
    if (!remarks) return remarks.error();
    remarks_ |= *remarks;
    ++count_;
    return {};
  };
  if (!mean_) return take(histogram);
  if (!incremental_) {
    if (!work_->near_infinity(histogram)) return take(histogram);
    const HistogramWork before = *work_;
    if (auto taken = take(histogram); !taken || !work_->has_infinity()) return taken;
    // The sum does not fit: from here on the mean itself is carried.
    *work_ = before;
    --count_;
    incremental_ = true;
    work_->scale(1 / count_);
  }
  FloatHistogram share = histogram;
  divide(share, count_ + 1);
  const HistogramWork before = *work_;
  work_->scale(count_ / (count_ + 1));
  auto taken = take(share);
  if (!taken) *work_ = before;
  return taken;
}

FloatHistogram HistogramSum::total() const {
  FloatHistogram whole = work_->total();
  if (mean_ && !incremental_) divide(whole, count_);
  compact(whole);
  return whole;
}

HistogramRemarks HistogramSum::remarks() const noexcept {
  return {reset_seen_ && no_reset_seen_, remarks_.bounds_reconciled};
}

std::optional<FloatHistogram> histogram_increase(std::span<const HistogramPtr> points, bool counter,
                                                 HistogramRangeRemarks& remarks, bool strict) {
  const FloatHistogram& last = *points.back();
  const FloatHistogram* before = points.front().get();
  FloatHistogram nothing;
  if (counter && !strict && detect_reset(*points[1], *before)) {
    // What the first one looked like does not matter then.
    nothing.schema = points[1]->schema, nothing.custom_bounds = points[1]->custom_bounds;
    before = &nothing;
  }
  std::int32_t schema = std::min(last.schema, before->schema);
  for (const HistogramPtr& point : points) {
    const bool first = &point == &points.front();
    const bool gauge = point->hint == CounterResetHint::Gauge;
    const bool at_end = first || &point == &points.back();
    if (counter) remarks.not_counter |= gauge;
    else if (at_end) remarks.not_gauge |= !gauge;
    if (first) continue;
    if (counter || at_end) remarks.mixed_schemas |= point->custom() != before->custom();
    if (counter) schema = std::min(schema, point->schema);
    remarks.mixed_schemas |= strict && point->custom_bounds != before->custom_bounds;
  }
  if (remarks.mixed_schemas) return std::nullopt;
  FloatHistogram increase = last;
  if (schema < last.schema && !last.custom()) reduce_resolution(increase, schema);
  const auto less = subtract(increase, *before);
  if (less) remarks.bounds_reconciled_subtracting |= less->bounds_reconciled;
  if (counter) {
    for (const HistogramPtr& point : points.subspan(1)) {
      if (detect_reset(*point, *before)) {
        const auto more = add(increase, *before);
        if (more) remarks.bounds_reconciled_adding |= more->bounds_reconciled;
      }
      before = point.get();
    }
  }
  increase.hint = CounterResetHint::Gauge;
  compact(increase);
  return increase;
}

}  // namespace tocsin::rules::promql
