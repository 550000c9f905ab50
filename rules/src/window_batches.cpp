// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_batches.h"

#include <cmath>

namespace tocsin::rules {

using promql::SeriesRow;

namespace {

constexpr std::uint32_t kUnusedCalls = 2;

StripKind kind_of(const Batch& batch, std::size_t sample) {
  if (!batch.histograms.empty() && batch.histograms[sample]) return StripKind::Histograms;
  const double value = batch.values[sample];
  return value == std::trunc(value) ? StripKind::Integers : StripKind::Doubles;
}

promql::HistogramPtr nothing_like(const promql::HistogramPtr& histogram) {
  if (!histogram) return nullptr;
  auto nothing = std::make_shared<promql::FloatHistogram>();
  nothing->schema = histogram->schema;
  nothing->zero_threshold = histogram->zero_threshold;
  nothing->custom_bounds = histogram->custom_bounds;
  return nothing;
}

}  // namespace

// A table that got another column names its series anew.
BatchAppender::Table& BatchAppender::table(const SampleFamily& family) {
  const std::uint64_t id = family.labels->table_id();
  auto at = tables_.find(id);
  if (at != tables_.end() && at->second.columns != family.labels->columns()) {
    tables_.erase(at);
    at = tables_.end();
  }
  if (at == tables_.end()) {
    at = tables_.try_emplace(id, store_.series(), family).first;
    at->second.name = store_.series().symbols().intern(family.name);
    store_.describe(family.descriptor);
  }
  Table& table = at->second;
  table.unused = 0;
  if (table.generation != store_.series().generation()) table.rows.clear();
  table.generation = store_.series().generation();
  if (table.rows.size() < family.labels->rows()) table.rows.resize(family.labels->rows());
  return table;
}

SeriesRow BatchAppender::series_of(const Batch& batch, std::size_t sample, Table& table) {
  Row& row = table.rows[batch.row[sample]];
  const std::int64_t start_ms = batch.start_ms.empty() ? 0 : batch.start_ms[sample];
  if (row.series != kNoSeries && start_ms == row.start_ms) return row.series;
  if (promql::is_stale(batch.values[sample]) && row.series != kNoSeries) return row.series;
  const auto& labels = batch.families[batch.family[sample]].labels;
  Beginning beginning{batch.time_ms[sample], start_ms, batch.previous_ms, nullptr};
  if (!batch.histograms.empty()) beginning.nothing = nothing_like(batch.histograms[sample]);
  row.start_ms = start_ms;
  if (row.series != kNoSeries) {
    store_.restart(row.series, beginning);
    return row.series;
  }
  const auto named = table.naming.labels(*labels, batch.row[sample], {table.name, promql::kEmptySymbol});
  // The end of what was never seen, and samples that are too old, make no series.
  if (promql::is_stale(batch.values[sample]) || beginning.time_ms < store_.oldest_ms()) {
    const auto found = store_.series().find(named);
    return found ? *found : kNoSeries;
  }
  return row.series = store_.begin(named, kind_of(batch, sample), beginning, batch.recorded);
}

// Zero samples of all first, so that they do not come between the samples of one time.
void BatchAppender::append(const Batch& batch) {
  of_batch_.clear();
  for (const SampleFamily& family : batch.families) of_batch_.push_back(&table(family));
  rows_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) rows_.push_back(series_of(batch, i, *of_batch_[batch.family[i]]));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (rows_[i] == kNoSeries) {
      if (promql::is_stale(batch.values[i])) continue;
      if (batch.time_ms[i] < store_.oldest_ms()) {
        ++store_.outcome().too_old;
      } else {
        store_.count_refused(of_batch_[batch.family[i]]->name);
      }
      continue;
    }
    store_.put(rows_[i], batch.time_ms[i], batch.values[i], batch.histograms.empty() ? nullptr : batch.histograms[i]);
  }
  for (const SampleExemplar& exemplar : batch.exemplars) {
    const Table& of = *of_batch_[exemplar.family];
    const SeriesRow series = exemplar.row < of.rows.size() ? of.rows[exemplar.row].series : kNoSeries;
    if (series != kNoSeries) store_.add_exemplar(series, {exemplar.time_ms, exemplar.value, exemplar.labels});
  }
}

void BatchAppender::forget_unused() {
  for (auto& [id, table] : tables_) ++table.unused;
  std::erase_if(tables_, [](const auto& entry) { return entry.second.unused > kUnusedCalls; });
}

std::size_t BatchAppender::bytes() const noexcept {
  std::size_t bytes = 0;
  for (const auto& [id, table] : tables_) bytes += sizeof(table) + table.rows.capacity() * sizeof(Row) + table.naming.bytes();
  return bytes;
}

}  // namespace tocsin::rules
