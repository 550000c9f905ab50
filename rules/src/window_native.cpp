// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_native.h"

#include <algorithm>
#include <cmath>

#include "meters/native_spans.h"

namespace tocsin::rules {

namespace {

void copy(const meters::NativeSpans& from, std::vector<promql::BucketSpan>& spans, std::vector<double>& counts) {
  for (const auto& span : from.spans) spans.push_back({span.offset, span.length});
  std::int64_t count = 0;
  for (const std::int64_t delta : from.deltas) counts.push_back(static_cast<double>(count += delta));
}

}  // namespace

promql::HistogramPtr float_histogram(const meters::NativeHistogram& from, double sum) {
  if (from.scale < meters::kLeastSchema) return nullptr;
  const std::int32_t shift = std::max(0, from.scale - meters::kMostSchema);
  const meters::NativeSpans positive = meters::native_spans(from.positive, from.positive_offset, shift);
  const meters::NativeSpans negative = meters::native_spans(from.negative, from.negative_offset, shift);
  auto histogram = std::make_shared<promql::FloatHistogram>();
  histogram->schema = std::min(from.scale, meters::kMostSchema);
  histogram->zero_threshold = from.zero_threshold > 0 ? from.zero_threshold : meters::kLeastZeroThreshold;
  histogram->zero_count = static_cast<double>(from.zero_count);
  histogram->count = static_cast<double>(positive.count + negative.count + from.zero_count);
  histogram->sum = sum;
  copy(positive, histogram->positive_spans, histogram->positive);
  copy(negative, histogram->negative_spans, histogram->negative);
  return histogram;
}

promql::HistogramPtr empty_histogram(const meters::NativeHistogram& like) {
  auto histogram = std::make_shared<promql::FloatHistogram>();
  histogram->schema = std::min(like.scale, meters::kMostSchema);
  histogram->zero_threshold = like.zero_threshold > 0 ? like.zero_threshold : meters::kLeastZeroThreshold;
  return histogram;
}

}  // namespace tocsin::rules
