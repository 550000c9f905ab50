// SPDX-License-Identifier: Apache-2.0
// Gauge: a value that is what was last said.
//
//   Gauge depth = registry.gauge({.name = "queue_depth", .unit = "{job}", .labels = {"queue"}}).value().with({"mail"});
//   depth.set(17);
//
// For a level that several threads raise and lower use an up-down counter: it costs a tenth. NaN and infinity are
// dropped and counted. In a forked child a gauge is zero until it is set there.
// Threads: all; one atomic number for all threads. set() costs 1 ns, add() an atomic compare-exchange.
#pragma once

#include <limits>

#include "meters/row.h"
#include "meters/snapshot.h"

namespace tocsin::meters {

// Number: std::int64_t or double.
template <class Number>
class BasicGauge {
 public:
  using Value = Number;
  struct Context {};
  static constexpr Kind kKind = Kind::Gauge;
  static constexpr NumberType kNumberType = std::is_same_v<Number, double> ? NumberType::Double : NumberType::Integer;

  BasicGauge() noexcept = default;
  BasicGauge(detail::BoundRow row, Context) noexcept : row_(std::move(row)) {}

  void set(Number value) const noexcept { record(row_.place(), {}, value); }
  void add(Number by) const noexcept {
    const detail::RowPlace& place = row_.place();
    if (!finite(by)) [[unlikely]]
      return detail::count_drop(place.family, static_cast<double>(by));
    if constexpr (std::is_same_v<Number, double>)
      increase_shared(place.shared[0], by);
    else
      increase_shared(place.shared[0], static_cast<std::uint64_t>(by));
    place.shared[1].store(1, std::memory_order_relaxed);
  }
  // What was last set, by whichever thread.
  Number value() const noexcept {
    return std::bit_cast<Number>(row_.place().shared[0].load(std::memory_order_relaxed));
  }

  static void record(const detail::RowPlace& place, Context, Number value) noexcept {
    if (!finite(value)) [[unlikely]]
      return detail::count_drop(place.family, static_cast<double>(value));
    place.shared[0].store(std::bit_cast<std::uint64_t>(value), std::memory_order_relaxed);
    place.shared[1].store(1, std::memory_order_relaxed);  // tells an idle series from one that is set to what it was
  }

 private:
  static bool finite(Number value) noexcept {
    return value >= std::numeric_limits<Number>::lowest() && value <= std::numeric_limits<Number>::max();
  }
  detail::BoundRow row_;
};

using Gauge = BasicGauge<double>;
using IntegerGauge = BasicGauge<std::int64_t>;

}  // namespace tocsin::meters
