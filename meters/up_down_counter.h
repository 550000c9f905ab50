// SPDX-License-Identifier: Apache-2.0
// Up-down counter: a sum that also falls, such as the number of requests in flight.
//
//   UpDownCounter in_flight = registry.up_down_counter({.name = "jobs_active", .unit = "{job}"}).value().with({});
//   in_flight.add(1);
//   in_flight.add(-1);                              // on any thread
//
// Threads: all. Costs as a counter, and a second cell that tells an idle series from a balanced one.
#pragma once

#include <limits>

#include "meters/row.h"
#include "meters/snapshot.h"

namespace tocsin::meters {

// Number: std::int64_t or double.
template <class Number>
class BasicUpDownCounter {
 public:
  using Value = Number;
  struct Context {};
  static constexpr Kind kKind = Kind::UpDownCounter;
  static constexpr NumberType kNumberType = std::is_same_v<Number, double> ? NumberType::Double : NumberType::Integer;

  BasicUpDownCounter() noexcept = default;
  BasicUpDownCounter(detail::BoundRow row, Context) noexcept : row_(std::move(row)) {}

  void add(Number by) const noexcept { record(row_.place(), {}, by); }

  static void record(const detail::RowPlace& place, Context, Number by) noexcept {
    if constexpr (std::is_same_v<Number, double>) {
      if (!(by >= std::numeric_limits<double>::lowest() && by <= std::numeric_limits<double>::max())) [[unlikely]]
        return detail::count_drop(place.family, by);
      increase(place.cell, by);
    } else {
      increase(place.cell, static_cast<std::uint64_t>(by));  // modulo 2^64: the sum over arenas comes out right
    }
    increase(place.cell + 1, std::uint64_t{1});
  }

 private:
  detail::BoundRow row_;
};

using UpDownCounter = BasicUpDownCounter<std::int64_t>;
using DoubleUpDownCounter = BasicUpDownCounter<double>;

}  // namespace tocsin::meters
