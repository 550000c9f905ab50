// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/histogram_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "rules/promql/histogram_buckets.h"
#include "rules/promql/series_reader.h"
#include "rules/promql/src/histogram_work.h"

namespace tocsin::rules::promql {
namespace {

bool same_bits(double a, double b) noexcept {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// The same layout, however it is cut into spans.
bool same_layout(const std::vector<BucketSpan>& a, const std::vector<BucketSpan>& b, std::size_t buckets) {
  if (a == b) return true;
  std::vector<std::int32_t> indexes;
  for_each_bucket(a, buckets, [&](std::int32_t index, std::size_t) { indexes.push_back(index); });
  bool same = true;
  for_each_bucket(b, buckets, [&](std::int32_t index, std::size_t at) {
    same = same && at < indexes.size() && indexes[at] == index;
  });
  return same;
}

template <class Same>
bool same_parts(const FloatHistogram& a, const FloatHistogram& b, Same same) {
  const auto side = [&](const auto& spans_a, const auto& a_counts, const auto& spans_b, const auto& b_counts) {
    return a_counts.size() == b_counts.size() && same_layout(spans_a, spans_b, a_counts.size()) &&
           std::equal(a_counts.begin(), a_counts.end(), b_counts.begin(), same);
  };
  return a.schema == b.schema && a.zero_threshold == b.zero_threshold && same(a.count, b.count) &&
         same(a.sum, b.sum) && same(a.zero_count, b.zero_count) && a.custom_bounds == b.custom_bounds &&
         side(a.positive_spans, a.positive, b.positive_spans, b.positive) &&
         side(a.negative_spans, a.negative, b.negative_spans, b.negative);
}

void compact_side(std::vector<BucketSpan>& spans, std::vector<double>& counts) {
  const bool nothing = std::none_of(counts.begin(), counts.end(), [](double count) { return count == 0; }) &&
                       std::none_of(spans.begin(), spans.end(), [&](const BucketSpan& span) {
                         return span.length == 0 || (span.offset == 0 && &span != &spans.front());
                       });
  if (nothing) return;
  HistogramCells cells = cells_of(spans, counts);
  drop_empty(cells);
  store_cells(cells, spans, counts);
}

// Whether a cell of `previous` is missing in `current` or greater there; both ascend.
bool decreased(const HistogramCells& current, const HistogramCells& previous) {
  auto now = current.begin();
  for (const HistogramCell& before : previous) {
    while (now != current.end() && now->index < before.index) ++now;
    const double count = now != current.end() && now->index == before.index ? now->count : 0;
    if (count < before.count) return true;
  }
  return false;
}

HistogramCells cells_above(const FloatHistogram& histogram, bool positive, std::int32_t schema, double threshold) {
  HistogramCells cells = positive ? cells_of(histogram.positive_spans, histogram.positive)
                                  : cells_of(histogram.negative_spans, histogram.negative);
  if (histogram.custom()) return cells;
  reduce_cells(cells, histogram.schema, schema, false);
  if (threshold > 0)
    std::erase_if(cells, [&](const HistogramCell& c) { return exponential_bound(c.index, schema) <= threshold; });
  return cells;
}

bool custom_decreased(const FloatHistogram& current, const FloatHistogram& previous) {
  HistogramCells now = cells_of(current.positive_spans, current.positive);
  HistogramCells before = cells_of(previous.positive_spans, previous.positive);
  const std::vector<double> common = common_bounds(current.custom_bounds, previous.custom_bounds);
  rebound_cells(now, current.custom_bounds, common, false);
  rebound_cells(before, previous.custom_bounds, common, false);
  return decreased(now, before);
}

// The zero count at a larger threshold; false where the threshold cuts a populated bucket.
bool zero_count_within(const FloatHistogram& histogram, double threshold, double& count) {
  count = histogram.zero_count;
  if (threshold == histogram.zero_threshold) return true;
  for (const HistogramBucket& bucket : positive_buckets(histogram)) {
    if (bucket.lower >= threshold) break;
    if (bucket.upper > threshold && bucket.count != 0) return false;
    count += bucket.count;
  }
  for (const HistogramBucket& bucket : negative_buckets(histogram)) {
    if (bucket.upper <= -threshold) break;
    if (bucket.lower < -threshold && bucket.count != 0) return false;
    count += bucket.count;
  }
  return true;
}

}  // namespace

Result<HistogramRemarks> add(FloatHistogram& into, const FloatHistogram& other) {
  HistogramWork work(into, false);
  auto remarks = work.take(other, 1);
  if (remarks) into = work.total();
  return remarks;
}

Result<HistogramRemarks> subtract(FloatHistogram& from, const FloatHistogram& other) {
  HistogramWork work(from, false);
  auto remarks = work.take(other, -1);
  if (remarks) from = work.total();
  return remarks;
}

void multiply(FloatHistogram& histogram, double factor) noexcept {
  histogram.zero_count *= factor, histogram.count *= factor, histogram.sum *= factor;
  for (double& count : histogram.positive) count *= factor;
  for (double& count : histogram.negative) count *= factor;
  if (factor < 0) histogram.hint = CounterResetHint::Gauge;
}

void divide(FloatHistogram& histogram, double divisor) noexcept {
  histogram.zero_count /= divisor, histogram.count /= divisor, histogram.sum /= divisor;
  if (divisor == 0) {
    histogram.positive.clear(), histogram.negative.clear();
    histogram.positive_spans.clear(), histogram.negative_spans.clear();
    return;
  }
  for (double& count : histogram.positive) count /= divisor;
  for (double& count : histogram.negative) count /= divisor;
  if (divisor < 0) histogram.hint = CounterResetHint::Gauge;
}

void compact(FloatHistogram& histogram) {
  compact_side(histogram.positive_spans, histogram.positive);
  compact_side(histogram.negative_spans, histogram.negative);
}

void reduce_resolution(FloatHistogram& histogram, std::int32_t target_schema) {
  const auto reduce = [&](std::vector<BucketSpan>& spans, std::vector<double>& counts) {
    HistogramCells cells = cells_of(spans, counts);
    reduce_cells(cells, histogram.schema, target_schema, false);
    store_cells(cells, spans, counts);
  };
  reduce(histogram.positive_spans, histogram.positive);
  reduce(histogram.negative_spans, histogram.negative);
  histogram.schema = target_schema;
}

bool detect_reset(const FloatHistogram& current, const FloatHistogram& previous) {
  if (current.hint == CounterResetHint::Reset) return true;
  if (current.hint == CounterResetHint::NotReset) return false;
  if (current.count < previous.count) return true;
  if (current.custom()) {
    if (!previous.custom()) return true;
    if (current.custom_bounds != previous.custom_bounds) return custom_decreased(current, previous);
  }
  if (current.schema > previous.schema) return true;
  if (current.zero_threshold < previous.zero_threshold) return true;
  double zero_before = 0;
  if (!zero_count_within(previous, current.zero_threshold, zero_before)) return true;
  if (current.zero_count < zero_before) return true;
  const auto side = [&](bool positive) {
    return decreased(cells_above(current, positive, current.schema, current.zero_threshold),
                     cells_above(previous, positive, current.schema, current.zero_threshold));
  };
  return side(true) || side(false);
}

bool continues(const FloatHistogram& current, const FloatHistogram& previous) {
  if (current.hint == CounterResetHint::Reset || is_stale(previous.sum)) return false;
  if (current.schema != previous.schema || current.zero_threshold != previous.zero_threshold ||
      current.custom_bounds != previous.custom_bounds)
    return false;
  if (current.count < previous.count || current.zero_count < previous.zero_count) return false;
  return !decreased(cells_above(current, true, current.schema, 0), cells_above(previous, true, current.schema, 0)) &&
         !decreased(cells_above(current, false, current.schema, 0), cells_above(previous, false, current.schema, 0));
}

bool same_data(const FloatHistogram& a, const FloatHistogram& b) noexcept { return same_parts(a, b, same_bits); }

bool nearly_same(double a, double b, double tolerance) noexcept {
  if (is_stale(a) || is_stale(b)) return is_stale(a) && is_stale(b);
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  const double both = std::abs(a) + std::abs(b), apart = std::abs(a - b);
  constexpr double kLeast = std::numeric_limits<double>::min();
  if (a == 0 || b == 0 || both < kLeast) return apart < tolerance * kLeast;
  return apart / std::min(both, std::numeric_limits<double>::max()) < tolerance;
}

bool nearly_same(const FloatHistogram& a, const FloatHistogram& b, double tolerance) noexcept {
  return same_parts(a, b, [&](double left, double right) { return nearly_same(left, right, tolerance); });
}

bool has_infinity(const FloatHistogram& histogram) noexcept {
  const auto infinite = [](double value) { return std::isinf(value); };
  const auto any = [&](const std::vector<double>& values) { return std::any_of(values.begin(), values.end(), infinite); };
  return infinite(histogram.zero_count) || infinite(histogram.count) || infinite(histogram.sum) ||
         any(histogram.positive) || any(histogram.negative) || any(histogram.custom_bounds);
}

}  // namespace tocsin::rules::promql
