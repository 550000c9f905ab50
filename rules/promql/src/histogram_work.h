// SPDX-License-Identifier: Apache-2.0
// HistogramWork: a histogram taken apart into (index, count) cells, to be added to. Each number may keep what rounding
// loses (Kahan). Threads: one.
#pragma once

#include <cstdint>
#include <vector>

#include "rules/promql/histogram_math.h"

namespace tocsin::rules::promql {

struct HistogramCell {
  std::int32_t index;
  double count, lost;
};
using HistogramCells = std::vector<HistogramCell>;

// Calls f(index, position in the buckets) for each bucket; stops where the buckets are fewer than the spans say. Spans
// come from outside: an index may wrap around.
template <class F>
void for_each_bucket(const std::vector<BucketSpan>& spans, std::size_t buckets, F&& f) {
  std::size_t at = 0;
  std::uint32_t index = 0;
  for (const BucketSpan& span : spans) {
    index += static_cast<std::uint32_t>(span.offset);
    for (std::uint32_t i = 0; i < span.length && at < buckets; ++i) f(static_cast<std::int32_t>(index++), at++);
  }
}

// The index a bucket has at a lower resolution.
constexpr std::int32_t index_at(std::int32_t index, std::int32_t schema, std::int32_t target) noexcept {
  // No schema is far from another; what comes from outside may say so.
  const std::int64_t apart = std::int64_t{schema} - target;
  return static_cast<std::int32_t>(((std::int64_t{index} - 1) >> (apart < 40 ? apart : 40)) + 1);
}

HistogramCells cells_of(const std::vector<BucketSpan>& spans, const std::vector<double>& buckets);
// Spans and counts of cells that ascend.
void store_cells(const HistogramCells& cells, std::vector<BucketSpan>& spans, std::vector<double>& buckets);
void drop_empty(HistogramCells& cells);
void reduce_cells(HistogramCells& cells, std::int32_t schema, std::int32_t target, bool exact);
// Cells of custom buckets moved to the bounds that remain.
void rebound_cells(HistogramCells& cells, const std::vector<double>& from, const std::vector<double>& to, bool exact);
std::vector<double> common_bounds(const std::vector<double>& a, const std::vector<double>& b);

class HistogramWork {
 public:
  HistogramWork(const FloatHistogram& histogram, bool exact);
  Result<HistogramRemarks> take(const FloatHistogram& other, double sign);
  FloatHistogram total() const;
  const std::vector<double>& bounds() const noexcept { return bounds_; }
  void scale(double factor) noexcept;
  bool has_infinity() const noexcept;
  // Whether another one like `other` might overflow.
  bool near_infinity(const FloatHistogram& other) const noexcept;

 private:
  struct Number {
    double value = 0, lost = 0;
  };
  void increase(double& value, double& lost, double by) const noexcept;
  bool adjust_hint(CounterResetHint other) noexcept;
  double meet_zero(const FloatHistogram& other);
  double widen_zero(double threshold);
  void merge(HistogramCells& into, HistogramCells from, double sign, bool side_with_zero);
  bool add_in_place(HistogramCells& into, const std::vector<BucketSpan>& spans, const std::vector<double>& buckets,
                    double sign) const;
  void take_custom(const FloatHistogram& other, double sign, HistogramRemarks& remarks);
  template <class Test>
  bool any_number(Test test) const;
  void take_exponential(const FloatHistogram& other, double sign);

  bool exact_;
  CounterResetHint hint_;
  std::int32_t schema_;
  double zero_threshold_;
  Number zero_, count_, sum_;
  HistogramCells positive_, negative_;
  std::vector<double> bounds_;
};

}  // namespace tocsin::rules::promql
