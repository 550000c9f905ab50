// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/range_source.h"

#include <algorithm>

namespace tocsin::rules::promql {
namespace {

bool stale_at(const Block& block, std::size_t i) noexcept {
  if (is_stale(block.values[i])) return true;
  return !block.histograms.empty() && block.histograms[i] && is_stale(block.histograms[i]->sum);
}

// Most blocks have no marker: found in one pass without a branch a sample.
bool any_stale(const Block& block) noexcept {
  bool stale = false;
  for (const double value : block.values) stale |= is_stale(value);
  for (const HistogramPtr& histogram : block.histograms) stale |= histogram && is_stale(histogram->sum);
  return stale;
}

void remove_stale(Block& block) {
  std::uint32_t kept = 0, from = 0;
  for (std::uint32_t& end : block.ends) {
    for (std::uint32_t i = from; i < end; ++i) {
      if (stale_at(block, i)) continue;
      block.time_ms[kept] = block.time_ms[i];
      block.values[kept] = block.values[i];
      if (!block.histograms.empty() && kept != i) block.histograms[kept] = std::move(block.histograms[i]);
      ++kept;
    }
    from = std::exchange(end, kept);
  }
  block.time_ms.resize(kept);
  block.values.resize(kept);
  if (!block.histograms.empty()) block.histograms.resize(kept);
}

class SelectedRange final : public RangeSource {
 public:
  SelectedRange(Run& run, Selection selection, std::int64_t range_ms, Margin margin, SourceRange source)
      : RangeSource(range_ms, selection.shift, margin, source), run_(run), rows_(run, std::move(selection)) {}

  Result<void> open(const Steps& steps) override {
    return rows_.select({shift_.from(steps.start_ms) - range_ms_ - margin_.before_ms + 1,
                         shift_.from(steps.last()) + margin_.after_ms}, steps);
  }

  Result<bool> next(Samples& into) override {
    const auto rows = rows_.read_next(into.block);
    if (!rows) return rows.error();
    into.series.clear();
    into.series.reserve(rows->size());
    for (const SeriesRow row : *rows) into.series.push_back(key_of(run_.reader.labels(row)));
    if (any_stale(into.block)) remove_stale(into.block);
    return !rows->empty();
  }

  Result<void> next_columns(std::vector<SeriesKey>& series, ColumnSink& sink) override {
    series.clear();
    const auto rows = rows_.read_next_columns(sink);
    if (!rows) return rows.error();
    series.reserve(rows->size());
    for (const SeriesRow row : *rows) series.push_back(key_of(run_.reader.labels(row)));
    return {};
  }

 private:
  Run& run_;
  SelectedRows rows_;
};

class SubqueryRange final : public RangeSource {
 public:
  SubqueryRange(Run& run, OperatorPtr inner, std::int64_t range_ms, std::int64_t step_ms, Shift shift, SourceRange source)
      : RangeSource(range_ms, shift, {}, source), run_(run), memory_(run), inner_(std::move(inner)), step_ms_(step_ms) {}

  // The inner steps are multiples of their step, whatever the outer ones are: the same times from query to query.
  Result<void> open(const Steps& steps) override {
    const std::int64_t before = shift_.from(steps.start_ms) - range_ms_;
    const std::int64_t end = shift_.from(steps.last());
    std::int64_t start = step_ms_ * (before / step_ms_);
    if (start <= before) start += step_ms_;
    none_ = end < start;
    if (none_) return {};
    const std::uint64_t count = static_cast<std::uint64_t>((end - start) / step_ms_) + 1;
    if (count > run_.settings.limits.samples) return too_many_samples();
    inner_steps_ = {start, step_ms_, static_cast<std::uint32_t>(count)};
    return inner_->open(inner_steps_);
  }

  Result<bool> next(Samples& into) override {
    into.series.clear();
    into.block.clear();
    if (none_) return false;
    const auto more = inner_->next(chunk_);
    if (!more || !*more) {
      (void)memory_.set(0);
      return more;
    }
    into.series = chunk_.series;
    for (std::size_t i = 0; i < chunk_.size(); ++i) append_row(i, into.block);
    const std::uint64_t samples = into.block.values.size();
    run_.coverage.samples_read += samples;
    if (auto fits = memory_.set(chunk_.values.size() * sizeof(double) + samples * kSampleBytes, samples); !fits) return fits.error();
    return true;
  }

 private:
  void append_row(std::size_t i, Block& block) {
    if (!chunk_.histograms.empty()) block.histograms.resize(block.values.size());
    for (std::uint32_t step = 0; step < chunk_.steps; ++step) {
      if (is_absent(chunk_.row(i)[step])) continue;
      block.time_ms.push_back(inner_steps_.at(step));
      block.values.push_back(chunk_.row(i)[step]);
      if (!chunk_.histograms.empty()) block.histograms.push_back(without_hint(chunk_.histogram(i, step)));
    }
    block.ends.push_back(static_cast<std::uint32_t>(block.values.size()));
  }

  // A subquery may leave out or repeat samples: what a hint says of its neighbour does not hold any more.
  static HistogramPtr without_hint(const HistogramPtr& histogram) {
    if (!histogram || (histogram->hint != CounterResetHint::Reset && histogram->hint != CounterResetHint::NotReset)) {
      return histogram;
    }
    auto plain = std::make_shared<FloatHistogram>(*histogram);
    plain->hint = CounterResetHint::Unknown;
    return plain;
  }

  Run& run_;
  MemoryUse memory_;
  OperatorPtr inner_;
  std::int64_t step_ms_;
  Steps inner_steps_;
  bool none_ = false;
  Grid chunk_;
};

}  // namespace

RangeSourcePtr make_selected_range(Run& run, Selection selection, std::int64_t range_ms, Margin margin, SourceRange source) {
  return std::make_unique<SelectedRange>(run, std::move(selection), range_ms, margin, source);
}

RangeSourcePtr make_subquery_range(Run& run, OperatorPtr inner, std::int64_t range_ms, std::int64_t step_ms, Shift shift,
                                   SourceRange source) {
  return std::make_unique<SubqueryRange>(run, std::move(inner), range_ms, step_ms, shift, source);
}

}  // namespace tocsin::rules::promql
