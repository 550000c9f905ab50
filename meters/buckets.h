// SPDX-License-Identifier: Apache-2.0
// Buckets: the bounds of a histogram, and how a value finds its bucket.
//
//   Result<Buckets> buckets = Buckets::make(std::array{0.1, 0.5, 1.0, 5.0});
//   std::uint32_t bucket = buckets->of(0.5);       // 1: bounds are inclusive upper bounds; the last bucket is +Inf's
//
// Threads: immutable. Costs 1 ns a value: the double's exponent and two bits of its mantissa are looked up in a table,
// and one compare settles the rest. Where two bounds are within a quarter octave (or the range is vast) it searches.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::meters {

// What a histogram has that declares no bounds (OpenTelemetry SDK, "Explicit Bucket Histogram Aggregation").
inline constexpr double kDefaultBounds[] = {0,   5,   10,   25,   50,   75,   100,  250,
                                            500, 750, 1000, 2500, 5000, 7500, 10000};

class Buckets {
 public:
  Buckets();  // one bucket for all
  // Errors: Fault::Configuration where bounds are not finite and ascending, or more than 500.
  static Result<Buckets> make(std::span<const double> bounds);

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(bounds_->size()) + 1; }
  // Without +Inf.
  const std::shared_ptr<const std::vector<double>>& bounds() const noexcept { return bounds_; }

  // Requires: value is not NaN.
  std::uint32_t of(double value) const noexcept {
    if (table_.empty()) [[unlikely]]
      return search(value);
    // As a signed number the bits of every negative value are below those of every positive one.
    const std::int64_t cell = (std::bit_cast<std::int64_t>(value) >> kCellShift) - first_cell_;
    const std::uint32_t candidate = table_[static_cast<std::size_t>(std::clamp<std::int64_t>(cell, 0, last_cell_))];
    return candidate + (value > padded_[candidate] ? 1U : 0U);
  }

 private:
  static constexpr int kCellShift = 50;  // 11 bits of exponent, 2 of mantissa: quarter octaves
  std::uint32_t search(double value) const noexcept;
  bool make_table();

  std::shared_ptr<const std::vector<double>> bounds_;
  std::vector<double> padded_;       // bounds and +Inf
  std::vector<std::uint8_t> table_;  // by quarter octave: bounds below its smallest value
  std::int64_t first_cell_ = 0, last_cell_ = 0;
};

}  // namespace tocsin::meters
