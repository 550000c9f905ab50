// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/histogram_work.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "rules/promql/histogram_buckets.h"

namespace tocsin::rules::promql {
namespace {

// Kahan's sum with Neumaier's improvement: the lost part is kept beside the sum.
void kahan(double& value, double& lost, double by) noexcept {
  const double total = value + by;
  if (std::isinf(total)) lost = 0;
  else if (std::abs(value) >= std::abs(by)) lost += (value - total) + by;
  else lost += (by - total) + value;
  value = total;
}

void increase_cell(HistogramCell& cell, double by, bool exact) noexcept {
  if (exact) kahan(cell.count, cell.lost, by);
  else cell.count += by;
}

// Puts a cell behind others, into the last one where both have the same index.
void append_cell(HistogramCells& cells, const HistogramCell& cell, bool exact) {
  if (cells.empty() || cells.back().index != cell.index) {
    cells.push_back(cell);
    return;
  }
  increase_cell(cells.back(), cell.count, exact);
  increase_cell(cells.back(), cell.lost, exact);
}

// A threshold of NaN is none: nothing could ever meet it.
double threshold_of(const FloatHistogram& histogram) {
  return std::isnan(histogram.zero_threshold) ? 0 : histogram.zero_threshold;
}

// What the zero count would be at a larger threshold; a populated bucket that the threshold cuts moves it outwards.
double zero_count_at(const FloatHistogram& histogram, double& threshold) {
  if (threshold == threshold_of(histogram)) return histogram.zero_count;
  const auto positive = positive_buckets(histogram), negative = negative_buckets(histogram);
  for (;;) {
    double count = histogram.zero_count;
    for (const HistogramBucket& bucket : positive) {
      if (bucket.lower >= threshold) break;
      count += bucket.count;
      if (bucket.upper > threshold) {
        if (bucket.count != 0) threshold = bucket.upper;
        break;
      }
    }
    bool again = false;
    for (const HistogramBucket& bucket : negative) {
      if (bucket.upper <= -threshold) break;
      count += bucket.count;
      if (bucket.lower < -threshold) {
        again = bucket.count != 0;
        if (again) threshold = -bucket.lower;
        break;
      }
    }
    if (!again) return count;
  }
}

}  // namespace

HistogramCells cells_of(const std::vector<BucketSpan>& spans, const std::vector<double>& buckets) {
  HistogramCells cells;
  cells.reserve(buckets.size());
  for_each_bucket(spans, buckets.size(),
                  [&](std::int32_t index, std::size_t at) { cells.push_back({index, buckets[at], 0}); });
  return cells;
}

void store_cells(const HistogramCells& cells, std::vector<BucketSpan>& spans, std::vector<double>& buckets) {
  spans.clear(), buckets.clear();
  std::uint32_t next = 0;
  for (const HistogramCell& cell : cells) {
    const auto index = static_cast<std::uint32_t>(cell.index);
    if (spans.empty() || index != next) spans.push_back({static_cast<std::int32_t>(index - next), 0});
    ++spans.back().length;
    buckets.push_back(cell.count + cell.lost);
    next = index + 1;
  }
}

void drop_empty(HistogramCells& cells) {
  std::erase_if(cells, [](const HistogramCell& cell) { return cell.count == 0 && cell.lost == 0; });
}

void reduce_cells(HistogramCells& cells, std::int32_t schema, std::int32_t target, bool exact) {
  HistogramCells reduced;
  for (const HistogramCell& cell : cells)
    append_cell(reduced, {index_at(cell.index, schema, target), cell.count, cell.lost}, exact);
  cells = std::move(reduced);
}

void rebound_cells(HistogramCells& cells, const std::vector<double>& from, const std::vector<double>& to, bool exact) {
  HistogramCells moved;
  for (const HistogramCell& cell : cells) {
    auto index = static_cast<std::int32_t>(to.size());
    if (cell.index >= 0 && static_cast<std::size_t>(cell.index) < from.size())
      index = static_cast<std::int32_t>(
          std::lower_bound(to.begin(), to.end(), from[static_cast<std::size_t>(cell.index)]) - to.begin());
    append_cell(moved, {index, cell.count, cell.lost}, exact);
  }
  cells = std::move(moved);
}

std::vector<double> common_bounds(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> common;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
  return common;
}

HistogramWork::HistogramWork(const FloatHistogram& histogram, bool exact)
    : exact_(exact), hint_(histogram.hint), schema_(histogram.schema), zero_threshold_(threshold_of(histogram)),
      zero_{histogram.zero_count, 0}, count_{histogram.count, 0}, sum_{histogram.sum, 0},
      positive_(cells_of(histogram.positive_spans, histogram.positive)),
      negative_(cells_of(histogram.negative_spans, histogram.negative)), bounds_(histogram.custom_bounds) {}

void HistogramWork::increase(double& value, double& lost, double by) const noexcept {
  if (exact_) kahan(value, lost, by);
  else value += by;
}

// True where one side says reset and the other not.
bool HistogramWork::adjust_hint(CounterResetHint other) noexcept {
  if (other == hint_ || hint_ == CounterResetHint::Gauge) return false;
  if (other == CounterResetHint::Gauge) {
    hint_ = CounterResetHint::Gauge;
    return false;
  }
  const bool collision = hint_ != CounterResetHint::Unknown && other != CounterResetHint::Unknown;
  hint_ = CounterResetHint::Unknown;
  return collision;
}

Result<HistogramRemarks> HistogramWork::take(const FloatHistogram& other, double sign) {
  if ((schema_ == kCustomBounds) != other.custom()) return Error{Fault::Input, kMixedSchemas};
  HistogramRemarks remarks;
  remarks.reset_collision = adjust_hint(other.hint);
  if (other.custom()) take_custom(other, sign, remarks);
  else take_exponential(other, sign);
  increase(count_.value, count_.lost, sign * other.count);
  increase(sum_.value, sum_.lost, sign * other.sum);
  return remarks;
}

void HistogramWork::take_custom(const FloatHistogram& other, double sign, HistogramRemarks& remarks) {
  if (bounds_ == other.custom_bounds) {
    if (!add_in_place(positive_, other.positive_spans, other.positive, sign))
      merge(positive_, cells_of(other.positive_spans, other.positive), sign, false);
    return;
  }
  HistogramCells cells = cells_of(other.positive_spans, other.positive);
  remarks.bounds_reconciled = true;
  const std::vector<double> common = common_bounds(bounds_, other.custom_bounds);
  rebound_cells(positive_, bounds_, common, exact_);
  rebound_cells(cells, other.custom_bounds, common, exact_);
  merge(positive_, std::move(cells), sign, false);
  drop_empty(positive_);
  bounds_ = common;
}

void HistogramWork::take_exponential(const FloatHistogram& other, double sign) {
  increase(zero_.value, zero_.lost, sign * meet_zero(other));
  if (schema_ == other.schema) {
    const auto side = [&](HistogramCells& cells, const std::vector<BucketSpan>& spans, const std::vector<double>& buckets) {
      if (!add_in_place(cells, spans, buckets, sign)) merge(cells, cells_of(spans, buckets), sign, true);
    };
    side(positive_, other.positive_spans, other.positive);
    side(negative_, other.negative_spans, other.negative);
    return;
  }
  HistogramCells positive = cells_of(other.positive_spans, other.positive);
  HistogramCells negative = cells_of(other.negative_spans, other.negative);
  if (other.schema < schema_) {
    reduce_cells(positive_, schema_, other.schema, exact_);
    reduce_cells(negative_, schema_, other.schema, exact_);
    schema_ = other.schema;
  } else if (other.schema > schema_) {
    reduce_cells(positive, other.schema, schema_, exact_);
    reduce_cells(negative, other.schema, schema_, exact_);
  }
  merge(positive_, std::move(positive), sign, true);
  merge(negative_, std::move(negative), sign, true);
}

// Widens our zero bucket until it ends where no populated bucket of either side is cut; the other's zero count there.
double HistogramWork::meet_zero(const FloatHistogram& other) {
  double count = other.zero_count, threshold = threshold_of(other);
  while (threshold != zero_threshold_) {
    if (zero_threshold_ > threshold) {
      threshold = zero_threshold_;
      count = zero_count_at(other, threshold);
    }
    if (threshold > zero_threshold_) zero_threshold_ = widen_zero(threshold);
  }
  return count;
}

double HistogramWork::widen_zero(double threshold) {
  FloatHistogram whole = total();
  zero_ = {zero_count_at(whole, threshold), 0};
  const auto inside = [&](const HistogramCell& cell) { return exponential_bound(cell.index, schema_) <= threshold; };
  std::erase_if(positive_, inside);
  std::erase_if(negative_, inside);
  drop_empty(positive_);
  drop_empty(negative_);
  return threshold;
}

// The usual case: both have the same buckets, none of which the zero bucket covers. False where it is another.
bool HistogramWork::add_in_place(HistogramCells& into, const std::vector<BucketSpan>& spans,
                                 const std::vector<double>& buckets, double sign) const {
  if (into.size() != buckets.size()) return false;
  if (into.empty()) return true;
  if (schema_ != kCustomBounds && zero_threshold_ > 0 && exponential_bound(into.front().index, schema_) <= zero_threshold_)
    return false;
  bool same = true;
  std::size_t seen = 0;
  for_each_bucket(spans, buckets.size(), [&](std::int32_t index, std::size_t at) {
    same = same && into[at].index == index;
    ++seen;
  });
  if (!same || seen != into.size()) return false;
  for (std::size_t i = 0; i < into.size(); ++i) increase_cell(into[i], sign * buckets[i], exact_);
  return true;
}

void HistogramWork::merge(HistogramCells& into, HistogramCells from, double sign, bool side_with_zero) {
  if (side_with_zero && zero_threshold_ > 0) {
    const auto first = std::find_if(from.begin(), from.end(), [&](const HistogramCell& cell) {
      return exponential_bound(cell.index, schema_) > zero_threshold_;
    });
    from.erase(from.begin(), first);
  }
  HistogramCells merged;
  merged.reserve(std::max(into.size(), from.size()));
  auto left = into.begin();
  for (const HistogramCell& cell : from) {
    while (left != into.end() && left->index < cell.index) merged.push_back(*left++);
    if (left != into.end() && left->index == cell.index) merged.push_back(*left++);
    else merged.push_back({cell.index, 0, 0});
    increase_cell(merged.back(), sign * cell.count, exact_);
    if (cell.lost != 0) increase_cell(merged.back(), sign * cell.lost, exact_);
  }
  merged.insert(merged.end(), left, into.end());
  into = std::move(merged);
}

template <class Test>
bool HistogramWork::any_number(Test test) const {
  const auto cell = [&](const HistogramCell& c) { return test(c.count); };
  return test(zero_.value) || test(count_.value) || test(sum_.value) ||
         std::any_of(positive_.begin(), positive_.end(), cell) || std::any_of(negative_.begin(), negative_.end(), cell);
}

bool HistogramWork::has_infinity() const noexcept {
  return any_number([](double value) { return std::isinf(value); });
}

bool HistogramWork::near_infinity(const FloatHistogram& other) const noexcept {
  constexpr double kGreat = 1e300;
  const auto great = [](double value) { return std::abs(value) > kGreat; };
  const auto any = [&](const std::vector<double>& values) { return std::any_of(values.begin(), values.end(), great); };
  return any_number(great) || great(other.zero_count) || great(other.count) || great(other.sum) || any(other.positive) ||
         any(other.negative);
}

void HistogramWork::scale(double factor) noexcept {
  for (Number* number : {&zero_, &count_, &sum_}) number->value *= factor, number->lost *= factor;
  for (HistogramCells* cells : {&positive_, &negative_})
    for (HistogramCell& cell : *cells) cell.count *= factor, cell.lost *= factor;
}

FloatHistogram HistogramWork::total() const {
  FloatHistogram whole;
  whole.hint = hint_;
  whole.schema = schema_;
  whole.zero_threshold = zero_threshold_;
  whole.zero_count = zero_.value + zero_.lost;
  whole.count = count_.value + count_.lost;
  whole.sum = sum_.value + sum_.lost;
  whole.custom_bounds = bounds_;
  store_cells(positive_, whole.positive_spans, whole.positive);
  store_cells(negative_, whole.negative_spans, whole.negative);
  return whole;
}

}  // namespace tocsin::rules::promql
