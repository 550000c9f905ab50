// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_column.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace tocsin::rules {

namespace {

using promql::is_stale;
using promql::kStaleBits;
using promql::SeriesRow;

// The two least codes are no differences.
template <class Code>
constexpr Code kStaleCode = std::numeric_limits<Code>::min();
template <class Code>
constexpr Code kHoleCode = std::numeric_limits<Code>::min() + 1;
template <class Code>
constexpr double kLeastCode = double{std::numeric_limits<Code>::min()} + 2;
template <class Code>
constexpr double kMostCode = double{std::numeric_limits<Code>::max()};

template <class Code>
bool holds(double least, double most) noexcept {
  return least >= kLeastCode<Code> && most <= kMostCode<Code>;
}

// Bytes that hold every difference; 8 where one is no whole number.
std::uint8_t width_of(std::span<const double> values, const ColumnBase& base, bool special) noexcept {
  double least = 0, most = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (is_hole(values[i]) || is_stale(values[i])) continue;
    const double difference = values[i] - base[i];
    if (difference != std::trunc(difference) ||
        std::bit_cast<std::uint64_t>(base[i] + difference) != std::bit_cast<std::uint64_t>(values[i]))
      return 8;
    least = std::min(least, difference);
    most = std::max(most, difference);
  }
  if (least == 0 && most == 0 && !special) return 0;
  if (holds<std::int8_t>(least, most)) return 1;
  if (holds<std::int16_t>(least, most)) return 2;
  return holds<std::int32_t>(least, most) ? 4 : 8;
}

constexpr std::size_t aligned(std::size_t bytes) noexcept { return (bytes + 7) & ~std::size_t{7}; }

template <class Offset>
void put_offsets(std::byte* to, std::span<const double> values, std::span<const std::int64_t> times,
                 std::int64_t min_ms) noexcept {
  auto* const offsets = reinterpret_cast<Offset*>(to);
  for (std::size_t i = 0; i < values.size(); ++i)
    offsets[i] = is_hole(values[i]) ? Offset{0} : static_cast<Offset>(times[i] - min_ms);
}

}  // namespace

Column::Column(std::span<const double> values, std::span<const std::int64_t> times,
               std::shared_ptr<const ColumnBase> base, std::unique_ptr<const HistogramColumn> histograms)
    : min_ms_(std::numeric_limits<std::int64_t>::max()),
      max_ms_(std::numeric_limits<std::int64_t>::min()),
      histograms_(std::move(histograms)),
      slots_(static_cast<std::uint16_t>(values.size())),
      has_holes_(false),
      has_markers_(false) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (is_hole(values[i])) {
      has_holes_ = true;
      continue;
    }
    has_markers_ = has_markers_ || is_stale(values[i]);
    min_ms_ = std::min(min_ms_, times[i]);
    max_ms_ = std::max(max_ms_, times[i]);
  }
  const auto spread = static_cast<std::uint64_t>(max_ms_) - static_cast<std::uint64_t>(min_ms_);
  time_width_ = spread == 0 ? 0 : spread <= 0xFFFF ? 2 : spread <= 0xFFFF'FFFF ? 4 : 8;
  width_ = width_of(values, *base, has_holes_ || has_markers_);
  if (width_ != 8) base_ = std::move(base);

  const std::size_t value_bytes = aligned(values.size() * width_);
  const std::size_t all = value_bytes + values.size() * time_width_;
  if (all != 0) data_.reset(new std::byte[all]);
  switch (width_) {
    case 1: encode<std::int8_t>(values); break;
    case 2: encode<std::int16_t>(values); break;
    case 4: encode<std::int32_t>(values); break;
    case 8: std::copy(values.begin(), values.end(), reinterpret_cast<double*>(data_.get())); break;
    default: break;
  }
  std::byte* const after = data_.get() + value_bytes;
  if (time_width_ == 2) put_offsets<std::uint16_t>(after, values, times, min_ms_);
  if (time_width_ == 4) put_offsets<std::uint32_t>(after, values, times, min_ms_);
  if (time_width_ == 8) put_offsets<std::uint64_t>(after, values, times, min_ms_);
}

template <class Code>
void Column::encode(std::span<const double> values) {
  auto* const codes = reinterpret_cast<Code*>(data_.get());
  for (std::size_t i = 0; i < values.size(); ++i)
    codes[i] = is_hole(values[i])    ? kHoleCode<Code>
               : is_stale(values[i]) ? kStaleCode<Code>
                                     : static_cast<Code>(values[i] - (*base_)[i]);
}

template <class Code>
double Column::decode(std::uint32_t slot) const noexcept {
  const Code code = reinterpret_cast<const Code*>(data_.get())[slot];
  if (code == kHoleCode<Code>) return hole();
  if (code == kStaleCode<Code>) return std::bit_cast<double>(kStaleBits);
  return (*base_)[slot] + code;
}

double Column::value(std::uint32_t slot) const noexcept {
  if (slot >= slots_) return hole();
  switch (width_) {
    case 0: return (*base_)[slot];
    case 1: return decode<std::int8_t>(slot);
    case 2: return decode<std::int16_t>(slot);
    case 4: return decode<std::int32_t>(slot);
    default: return reinterpret_cast<const double*>(data_.get())[slot];
  }
}

template <class Offset>
const Offset* Column::offsets() const noexcept {
  return reinterpret_cast<const Offset*>(data_.get() + aligned(std::size_t{slots_} * width_));
}

std::int64_t Column::time_ms(std::uint32_t slot) const noexcept {
  if (slot >= slots_) return min_ms_;
  switch (time_width_) {
    case 0: return min_ms_;
    case 2: return min_ms_ + offsets<std::uint16_t>()[slot];
    case 4: return min_ms_ + offsets<std::uint32_t>()[slot];
    default: return min_ms_ + static_cast<std::int64_t>(offsets<std::uint64_t>()[slot]);
  }
}

template <class Code>
void Column::decode(std::span<const SeriesRow> rows, std::uint32_t mask, double* into,
                    std::size_t stride) const noexcept {
  const auto* const codes = reinterpret_cast<const Code*>(data_.get());
  const double* const base = base_->data();
  for (const SeriesRow row : rows) {
    const std::uint32_t slot = row & mask;
    *into = base[slot] + codes[slot];
    into += stride;
  }
}

void Column::values(std::span<const SeriesRow> rows, std::uint32_t mask, double* into,
                    std::size_t stride) const noexcept {
  const bool beyond = (rows.back() & mask) >= slots_;
  if (beyond || ((has_holes_ || has_markers_) && width_ != 8)) {
    for (const SeriesRow row : rows) {
      *into = value(row & mask);
      into += stride;
    }
    return;
  }
  const double* const wide = width_ == 0 ? base_->data() : reinterpret_cast<const double*>(data_.get());
  switch (width_) {
    case 1: return decode<std::int8_t>(rows, mask, into, stride);
    case 2: return decode<std::int16_t>(rows, mask, into, stride);
    case 4: return decode<std::int32_t>(rows, mask, into, stride);
    default:
      for (const SeriesRow row : rows) {
        *into = wide[row & mask];
        into += stride;
      }
  }
}

namespace {

// Calls visit(i, slot) for each row; rows that follow each other are gone through as such.
template <class Visit>
void each_slot(std::span<const SeriesRow> rows, std::uint32_t mask, const Visit& visit) {
  const std::uint32_t first = rows.front() & mask;
  if (rows.back() - rows.front() + 1 == rows.size()) {
    for (std::size_t i = 0; i < rows.size(); ++i) visit(i, first + i);
  } else {
    for (std::size_t i = 0; i < rows.size(); ++i) visit(i, rows[i] & mask);
  }
}

}  // namespace

template <class Code>
bool Column::numbers_of(std::span<const SeriesRow> rows, std::uint32_t mask, double* into) const noexcept {
  static_assert(kStaleCode<Code> < kHoleCode<Code>);
  const auto* const codes = reinterpret_cast<const Code*>(data_.get());
  const double* const base = base_->data();
  bool special = false;
  each_slot(rows, mask, [&](std::size_t i, std::size_t slot) {
    special |= codes[slot] <= kHoleCode<Code>;
    into[i] = base[slot] + codes[slot];
  });
  return !special;
}

bool Column::numbers(std::span<const SeriesRow> rows, std::uint32_t mask, double* into) const noexcept {
  switch (width_) {
    case 1: return numbers_of<std::int8_t>(rows, mask, into);
    case 2: return numbers_of<std::int16_t>(rows, mask, into);
    case 4: return numbers_of<std::int32_t>(rows, mask, into);
    default: break;
  }
  const double* const wide = width_ == 0 ? base_->data() : reinterpret_cast<const double*>(data_.get());
  bool special = false;
  each_slot(rows, mask, [&](std::size_t i, std::size_t slot) {
    special |= is_hole(wide[slot]) || is_stale(wide[slot]);
    into[i] = wide[slot];
  });
  return !special;
}

std::size_t Column::at_one_time(std::span<const SeriesRow> rows, std::uint32_t mask) const noexcept {
  if (time_width_ == 0) return rows.size();
  const std::int64_t first_ms = time_ms(rows[0] & mask);
  std::size_t alike = 1;
  while (alike < rows.size() && time_ms(rows[alike] & mask) == first_ms) ++alike;
  return alike;
}

void Column::times(std::span<const SeriesRow> rows, std::uint32_t mask, std::int64_t* into,
                   std::size_t stride) const noexcept {
  for (const SeriesRow row : rows) {
    *into = time_width_ == 0 ? min_ms_ : time_ms(row & mask);
    into += stride;
  }
}

std::size_t Column::bytes() const noexcept {
  constexpr std::size_t kAllocation = 16;
  std::size_t bytes = sizeof(Column) + 2 * kAllocation + 16 + aligned(std::size_t{slots_} * width_) +
                      std::size_t{slots_} * time_width_;
  if (!histograms_) return bytes;
  for (const promql::HistogramPtr& histogram : *histograms_) {
    bytes += sizeof(histogram);
    if (histogram)
      bytes += sizeof(*histogram) + 8 * (histogram->positive.size() + histogram->negative.size() +
                                         histogram->positive_spans.size() + histogram->negative_spans.size());
  }
  return bytes;
}

}  // namespace tocsin::rules
