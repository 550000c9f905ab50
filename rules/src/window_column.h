// SPDX-License-Identifier: Apache-2.0
// Column: one sample of each of a strip's series, taken at about one time. Newest samples are kept so: time-major, as
// small differences to a base that some columns share, so that a rate over all series reads little memory in order.
//
// Threads: immutable. Costs 0, 1, 2 or 4 bytes a series where all values are whole numbers near their base, else 8; 2 to 8
// more where their times differ.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "rules/promql/series_reader.h"

namespace tocsin::rules {

// No sample here. A value that has these bits by chance is stored as an ordinary NaN.
inline constexpr std::uint64_t kHoleBits = 0x7ff0'686f'6c65'0001;
inline double hole() noexcept { return std::bit_cast<double>(kHoleBits); }
inline bool is_hole(double value) noexcept { return std::bit_cast<std::uint64_t>(value) == kHoleBits; }

using ColumnBase = std::vector<double>;  // one value a slot
using HistogramColumn = std::vector<promql::HistogramPtr>;

class Column {
 public:
  // values: one a slot, hole() where there is no sample; times where there is one. Requires: at least one sample; base
  // has an element a slot, finite.
  Column(std::span<const double> values, std::span<const std::int64_t> times, std::shared_ptr<const ColumnBase> base,
         std::unique_ptr<const HistogramColumn> histograms);

  std::int64_t min_ms() const noexcept { return min_ms_; }
  std::int64_t max_ms() const noexcept { return max_ms_; }
  std::uint32_t slots() const noexcept { return slots_; }
  bool one_time() const noexcept { return min_ms_ == max_ms_; }
  bool has_holes() const noexcept { return has_holes_; }  // among its slots
  bool has_histograms() const noexcept { return histograms_ != nullptr; }
  unsigned width() const noexcept { return width_; }  // bytes a value

  double value(std::uint32_t slot) const noexcept;  // hole() where there is none, beyond its slots too
  std::int64_t time_ms(std::uint32_t slot) const noexcept;
  const promql::HistogramPtr& histogram(std::uint32_t slot) const noexcept { return (*histograms_)[slot]; }
  // How many of the first rows have the first one's time. Requires: they are of its slots.
  std::size_t at_one_time(std::span<const promql::SeriesRow> rows, std::uint32_t mask) const noexcept;
  // into[i] is the value of rows[i] & mask. False, and nothing of use is there, where one has none or a staleness marker. Requires: the
  // rows ascend within `mask`, and are of its slots; no histograms.
  bool numbers(std::span<const promql::SeriesRow> rows, std::uint32_t mask, double* into) const noexcept;
  // into[i * stride] is the value of slots[i] & mask.
  void values(std::span<const promql::SeriesRow> rows, std::uint32_t mask, double* into, std::size_t stride) const noexcept;
  void times(std::span<const promql::SeriesRow> rows, std::uint32_t mask, std::int64_t* into,
             std::size_t stride) const noexcept;

  std::size_t bytes() const noexcept;  // without the base

 private:
  template <class Code>
  void encode(std::span<const double> values);
  template <class Code>
  double decode(std::uint32_t slot) const noexcept;
  template <class Code>
  void decode(std::span<const promql::SeriesRow> rows, std::uint32_t mask, double* into, std::size_t stride) const noexcept;
  template <class Code>
  bool numbers_of(std::span<const promql::SeriesRow> rows, std::uint32_t mask, double* into) const noexcept;
  template <class Offset>
  const Offset* offsets() const noexcept;

  std::int64_t min_ms_, max_ms_;
  std::shared_ptr<const ColumnBase> base_;  // null at width 8
  std::unique_ptr<const HistogramColumn> histograms_;
  std::unique_ptr<std::byte[]> data_;  // values, then time offsets
  std::uint16_t slots_;
  std::uint8_t width_, time_width_;
  bool has_holes_, has_markers_;
};

}  // namespace tocsin::rules
