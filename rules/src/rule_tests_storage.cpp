// SPDX-License-Identifier: Apache-2.0
#include "rules/src/rule_tests_storage.h"

namespace tocsin::rules {
namespace {

promql::LabelTexts labels_of(const SampleFamily& family, meters::Row row) {
  promql::LabelTexts labels = {{"__name__", family.name}};
  for (std::size_t column = 0; column < family.labels->columns(); ++column)
    labels.emplace_back(family.labels->column(column).prometheus_name,
                        family.labels->text(column, family.labels->id(row, column)));
  return labels;
}

}  // namespace

std::shared_ptr<const promql::SeriesReader> MemoryStorage::view() {
  return std::shared_ptr<const promql::SeriesReader>(std::shared_ptr<void>(), &series_);
}

std::uint64_t MemoryStorage::append(const Batch& batch) {
  std::uint64_t refused = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const SampleFamily& family = batch.families[batch.family[i]];
    const auto [known, fresh] = known_.try_emplace({family.labels->table_id(), batch.row[i]}, 0);
    if (fresh) known->second = series_.add(labels_of(family, batch.row[i]));
    const promql::SeriesRow row = known->second;
    const promql::HistogramPtr histogram = batch.histograms.empty() ? nullptr : batch.histograms[i];
    const auto stored = histogram ? series_.append(row, batch.time_ms[i], *histogram)
                                  : series_.append(row, batch.time_ms[i], batch.values[i]);
    if (!stored) ++refused;
  }
  return refused;
}

}  // namespace tocsin::rules
