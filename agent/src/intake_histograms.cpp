// SPDX-License-Identifier: Apache-2.0
#include "agent/src/intake_histograms.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "meters/exponential_histogram.h"

namespace tocsin::agent {

namespace {

constexpr std::size_t kMaxBounds = 1'024;
constexpr std::size_t kMaxNativeBuckets = 320;  // of a side: senders may keep more than we do
constexpr std::uint64_t kMaxCount = std::numeric_limits<std::int64_t>::max();

std::span<const std::uint64_t> words_of(const MetricPoints& batch, WordRange words) noexcept {
  return std::span(batch.words).subspan(words.begin, words.size);
}

// False where the sum does not fit into what others read as a signed number.
bool sum_up(std::span<const std::uint64_t> counts, std::uint64_t& total) noexcept {
  for (const std::uint64_t count : counts) {
    if (count > kMaxCount - total) return false;
    total += count;
  }
  return true;
}

// One that is not known makes the result unknown.
double least(double a, double b) noexcept { return std::isnan(a) || std::isnan(b) ? meters::kNoValueSent : std::min(a, b); }
double most(double a, double b) noexcept { return std::isnan(a) || std::isnan(b) ? meters::kNoValueSent : std::max(a, b); }

std::uint64_t less(std::uint64_t from, std::uint64_t by) noexcept { return from - std::min(from, by); }

// A count that has reached the most that others read stays there, rather than to begin anew.
std::uint64_t saturated(std::uint64_t count, std::uint64_t more) noexcept {
  return more > kMaxCount - std::min(count, kMaxCount) ? kMaxCount : count + more;
}

// Columns that every histogram has; min and max only where a row has them.
template <class Row>
void fill_moments(std::span<const Row> rows, meters::Histograms& out) {
  bool extremes = false;
  out.sums.reserve(rows.size());
  for (const Row& row : rows) {
    out.sums.push_back(row.sum);
    extremes = extremes || !std::isnan(row.min) || !std::isnan(row.max);
  }
  if (!extremes) return;
  for (const Row& row : rows) {
    out.min.push_back(row.min);
    out.max.push_back(row.max);
  }
}

template <class Row, class Point>
void set_moments(Row& row, const Point& point) noexcept {
  row.count = point.count;
  row.sum = point.sum;
  row.min = point.min;
  row.max = point.max;
}

// What a row without an observation has no say in.
template <class Row, class Point>
void add_moments(Row& row, const Point& point) noexcept {
  if (point.count == 0) return;
  row.min = row.count == 0 ? point.min : least(row.min, point.min);
  row.max = row.count == 0 ? point.max : most(row.max, point.max);
  row.sum = row.count == 0 ? point.sum : row.sum + point.sum;
  row.count = saturated(row.count, point.count);
}

template <class Row>
void take_moments(Row& row, const Row& stream) noexcept {
  row.count = less(row.count, stream.count);
  if (stream.count != 0) row.sum -= stream.sum;
}

}  // namespace

bool bounds_valid(std::span<const double> bounds) noexcept {
  if (bounds.size() > kMaxBounds) return false;
  for (std::size_t i = 0; i < bounds.size(); ++i)
    if (!std::isfinite(bounds[i]) || (i != 0 && !(bounds[i - 1] < bounds[i]))) return false;
  return true;
}

HistogramCells::HistogramCells(std::vector<double> bounds)
    : bounds_(std::make_shared<const std::vector<double>>(std::move(bounds))), buckets_(bounds_->size() + 1) {}

std::optional<Rejection> HistogramCells::check(const MetricPoints& batch, const Point& point) const noexcept {
  std::uint64_t total = 0;
  if (point.not_finite) return Rejection::NotFinite;
  // Without any buckets there is only the count.
  if (point.counts.size == 0 && point.bounds.size == 0)
    return point.count > kMaxCount ? std::optional(Rejection::BadBuckets) : std::nullopt;
  const bool fits = point.counts.size == buckets_ && sum_up(words_of(batch, point.counts), total) && total == point.count;
  return fits ? std::nullopt : std::optional(Rejection::BadBuckets);
}

bool HistogramCells::quick(Row& row, const MetricPoints& batch, const Point& point) noexcept {
  if (point.count < row.count || check(batch, point)) return false;
  assign(row, batch, point);
  return true;
}

void HistogramCells::make_row(Row& row) {
  if (free_.empty()) {
    row.slot = static_cast<std::uint32_t>(counts_.size() / buckets_);
    counts_.resize(counts_.size() + buckets_);
  } else {
    row.slot = free_.back();
    free_.pop_back();
  }
  clear(row);
}

void HistogramCells::clear(Row& row) noexcept {
  std::fill_n(counts(row), buckets_, 0);
  row.count = 0;
  row.sum = 0;
  row.min = row.max = meters::kNoValueSent;
}

void HistogramCells::copy(Row& into, const Row& from) noexcept {
  std::copy_n(counts(from), buckets_, counts(into));
  into.count = from.count;
  into.sum = from.sum;
  into.min = from.min;
  into.max = from.max;
}

void HistogramCells::assign(Row& row, const MetricPoints& batch, const Point& point) noexcept {
  if (point.counts.size == 0) {
    *counts(row) = point.count;
  } else {
    std::memcpy(counts(row), batch.words.data() + point.counts.begin, buckets_ * sizeof(std::uint64_t));
  }
  set_moments(row, point);
}

void HistogramCells::plus(Row& row, const MetricPoints& batch, const Point& point) noexcept {
  std::uint64_t* into = counts(row);
  if (point.counts.size == 0) {
    *into = saturated(*into, point.count);
    return;
  }
  // All buckets together saturate, as their sum does: cumulative ones must not wrap.
  std::uint64_t room = kMaxCount - std::min(row.count, kMaxCount);
  const auto from = words_of(batch, point.counts);
  for (std::size_t i = 0; i < buckets_; ++i) {
    const std::uint64_t more = std::min(from[i], room);
    into[i] += more;
    room -= more;
  }
}

void HistogramCells::add(Row& row, const MetricPoints& batch, const Point& point) noexcept {
  plus(row, batch, point);
  add_moments(row, point);
}

void HistogramCells::subtract(Row& row, const Row& stream) noexcept {
  std::uint64_t* from = counts(row);
  const std::uint64_t* by = counts(stream);
  for (std::size_t i = 0; i < buckets_; ++i) from[i] = less(from[i], by[i]);
  take_moments(row, stream);
}

void HistogramCells::add_difference(Row& row, const Row& stream, const MetricPoints& batch, const Point& point) noexcept {
  const double min = row.min, max = row.max;
  subtract(row, stream);
  plus(row, batch, point);
  row.count = saturated(row.count, point.count);
  if (point.count != 0) row.sum += point.sum;
  row.min = least(min, point.min);
  row.max = most(max, point.max);
}

std::uint32_t HistogramCells::bucket(double value) const noexcept {
  return static_cast<std::uint32_t>(std::lower_bound(bounds_->begin(), bounds_->end(), value) - bounds_->begin());
}

std::uint32_t HistogramCells::bucket_of(const PointExemplar& exemplar) const noexcept {
  return bucket(exemplar.form == NumberForm::Integer ? static_cast<double>(std::bit_cast<std::int64_t>(exemplar.bits))
                                                     : std::bit_cast<double>(exemplar.bits));
}

std::size_t HistogramCells::bytes() const noexcept {
  return counts_.capacity() * sizeof(counts_[0]) + bounds_->size() * sizeof(double);
}

void HistogramCells::fill(std::span<const Row> rows, meters::Family& family) const {
  meters::Histograms out;
  out.bounds = bounds_;
  out.counts.reserve(rows.size() * buckets_);
  for (const Row& row : rows) out.counts.insert(out.counts.end(), counts(row), counts(row) + buckets_);
  fill_moments(rows, out);
  family.points = std::move(out);
}

meters::NativeHistogram NativeCells::native_of(const MetricPoints& batch, const Point& point) {
  meters::NativeHistogram native;
  native.scale = point.scale;
  native.zero_threshold = point.zero_threshold;
  native.zero_count = point.zero_count;
  native.positive_offset = point.positive_offset;
  native.negative_offset = point.negative_offset;
  const auto positive = words_of(batch, point.positive), negative = words_of(batch, point.negative);
  native.positive.assign(positive.begin(), positive.end());
  native.negative.assign(negative.begin(), negative.end());
  return native;
}

std::optional<Rejection> NativeCells::check(const MetricPoints& batch, const Point& point) const {
  std::uint64_t total = 0;
  const auto positive = words_of(batch, point.positive), negative = words_of(batch, point.negative);
  const std::uint64_t zero[] = {point.zero_count};
  const bool fits = sum_up(zero, total) && sum_up(positive, total) && sum_up(negative, total) && total == point.count &&
                    point.zero_threshold >= 0 && std::isfinite(point.zero_threshold) &&
                    meters::indices_fit(point.scale, point.positive_offset, positive.size()) &&
                    meters::indices_fit(point.scale, point.negative_offset, negative.size());
  return fits ? std::nullopt : std::optional(Rejection::BadBuckets);
}

bool NativeCells::quick(Row& row, const MetricPoints& batch, const Point& point) {
  if (point.count < row.count || check(batch, point)) return false;
  assign(row, batch, point);
  return true;
}

void NativeCells::assign(Row& row, const MetricPoints& batch, const Point& point) {
  meters::NativeHistogram& native = row.native;
  const std::size_t before = native.positive.capacity() + native.negative.capacity();
  const auto positive = words_of(batch, point.positive), negative = words_of(batch, point.negative);
  native.scale = point.scale;
  native.zero_threshold = point.zero_threshold;
  native.zero_count = point.zero_count;
  native.positive_offset = point.positive_offset;
  native.negative_offset = point.negative_offset;
  native.positive.assign(positive.begin(), positive.end());
  native.negative.assign(negative.begin(), negative.end());
  meters::bound(native, kMaxNativeBuckets);
  heap_bytes_ += (native.positive.capacity() + native.negative.capacity() - before) * sizeof(std::uint64_t);
  set_moments(row, point);
}

void NativeCells::add(Row& row, const MetricPoints& batch, const Point& point) {
  if (row.count == 0) return assign(row, batch, point);
  meters::merge(row.native, native_of(batch, point), kMaxNativeBuckets);
  add_moments(row, point);
}

void NativeCells::add_difference(Row& row, const Row& stream, const MetricPoints& batch, const Point& point) {
  const double min = row.min, max = row.max;
  subtract(row, stream);
  meters::merge(row.native, native_of(batch, point), kMaxNativeBuckets);
  row.count = saturated(row.count, point.count);
  if (point.count != 0) row.sum += point.sum;
  row.min = least(min, point.min);
  row.max = most(max, point.max);
}

void NativeCells::subtract(Row& row, const Row& stream) {
  meters::subtract(row.native, stream.native);
  take_moments(row, stream);
}

void NativeCells::copy(Row& into, const Row& from) {
  into.native = from.native;
  into.count = from.count;
  into.sum = from.sum;
  into.min = from.min;
  into.max = from.max;
}

void NativeCells::clear(Row& row) {
  const RowHead head = row.head;
  row = {};
  row.head = head;
}

void NativeCells::fill(std::span<const Row> rows, meters::Family& family) const {
  static const auto no_bounds = std::make_shared<const std::vector<double>>();
  meters::Histograms out;
  out.bounds = no_bounds;
  out.counts.reserve(rows.size());
  out.native.reserve(rows.size());
  for (const Row& row : rows) {
    out.counts.push_back(row.count);
    out.native.push_back(row.native);
  }
  fill_moments(rows, out);
  family.points = std::move(out);
}

std::optional<Rejection> SummaryCells::check(const MetricPoints& batch, const Point& point) const noexcept {
  const auto words = words_of(batch, point.quantiles);
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const double quantile = std::bit_cast<double>(words[i]);
    if (!(quantile >= 0 && quantile <= 1)) return Rejection::BadBuckets;
  }
  return point.count > kMaxCount || words.size() > 2 * kMaxBounds ? std::optional(Rejection::BadBuckets) : std::nullopt;
}

bool SummaryCells::quick(Row& row, const MetricPoints& batch, const Point& point) {
  if (check(batch, point)) return false;
  assign(row, batch, point);
  return true;
}

void SummaryCells::assign(Row& row, const MetricPoints& batch, const Point& point) {
  row.count = point.count;
  row.sum = point.sum;
  row.quantiles.clear();
  const auto words = words_of(batch, point.quantiles);
  for (std::size_t i = 0; i + 1 < words.size(); i += 2)
    row.quantiles.push_back({std::bit_cast<double>(words[i]), std::bit_cast<double>(words[i + 1])});
  const auto less_quantile = [](const meters::Quantile& a, const meters::Quantile& b) { return a.quantile < b.quantile; };
  const auto same_quantile = [](const meters::Quantile& a, const meters::Quantile& b) { return a.quantile == b.quantile; };
  std::stable_sort(row.quantiles.begin(), row.quantiles.end(), less_quantile);
  row.quantiles.erase(std::unique(row.quantiles.begin(), row.quantiles.end(), same_quantile), row.quantiles.end());
}

void SummaryCells::copy(Row& into, const Row& from) {
  into.count = from.count;
  into.sum = from.sum;
  into.quantiles = from.quantiles;
}

void SummaryCells::clear(Row& row) noexcept {
  row.count = 0;
  row.sum = 0;
  row.quantiles.clear();
}

void SummaryCells::fill(std::span<const Row> rows, meters::Family& family) const {
  meters::Summaries out;
  for (const Row& row : rows) {
    out.counts.push_back(row.count);
    out.sums.push_back(row.sum);
    out.quantiles.push_back(row.quantiles);
  }
  family.points = std::move(out);
}

}  // namespace tocsin::agent
