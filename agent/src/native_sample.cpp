// SPDX-License-Identifier: Apache-2.0
#include "agent/src/native_sample.h"

#include <utility>

#include "rules/promql/histogram_math.h"

namespace tocsin::agent {

Result<rules::promql::HistogramPtr> native_sample(const wire::SparseHistograms& from, const wire::SparseHistogram& histogram) {
  auto made = std::make_shared<rules::promql::FloatHistogram>();
  made->hint = static_cast<rules::promql::CounterResetHint>(histogram.hint);
  made->schema = histogram.schema;
  made->zero_threshold = histogram.zero_threshold;
  made->zero_count = histogram.zero_count;
  made->count = histogram.count;
  made->sum = histogram.sum;
  for (const auto& span : from.spans_of(histogram.positive_spans)) made->positive_spans.push_back({span.offset, span.length});
  for (const auto& span : from.spans_of(histogram.negative_spans)) made->negative_spans.push_back({span.offset, span.length});
  const auto copy = [&](wire::SparseHistogram::Range range, std::vector<double>& to) {
    const auto numbers = from.numbers_of(range);
    to.assign(numbers.begin(), numbers.end());
  };
  copy(histogram.positive, made->positive);
  copy(histogram.negative, made->negative);
  copy(histogram.custom_bounds, made->custom_bounds);
  if (auto admitted = rules::promql::admit(*made, !histogram.of_floats); !admitted) return admitted.error();
  return rules::promql::HistogramPtr(std::move(made));
}

}  // namespace tocsin::agent
