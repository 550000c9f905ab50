// SPDX-License-Identifier: Apache-2.0
#include "agent/metric_points.h"

namespace tocsin::agent {

void MetricPoints::clear() noexcept {
  via = meters::Via::Otlp;
  resources.clear();
  scopes.clear();
  metrics.clear();
  numbers.clear();
  histograms.clear();
  exponentials.clear();
  summaries.clear();
  exemplars.clear();
  words.clear();
  joined.clear();
}

void MetricPoints::trim(std::size_t keep_bytes) noexcept {
  const auto shrink = [keep_bytes](auto& column) {
    using Column = std::remove_reference_t<decltype(column)>;
    if (column.capacity() * sizeof(typename Column::value_type) > keep_bytes) Column().swap(column);
  };
  shrink(resources);
  shrink(scopes);
  shrink(metrics);
  shrink(numbers);
  shrink(histograms);
  shrink(exponentials);
  shrink(summaries);
  shrink(exemplars);
  shrink(words);
}

}  // namespace tocsin::agent
