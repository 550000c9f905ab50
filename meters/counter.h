// SPDX-License-Identifier: Apache-2.0
// Counter: a total that only grows.
//
//   Meter<Counter> requests = registry.counter({.name = "jobs_total", .unit = "{job}", .labels = {"queue"}}).value();
//   Counter mail = requests.with({"mail"});    // bind once, keep
//   mail.add();                                // 1 ns
//
// A DoubleCounter adds fractions. What would make a counter fall, or is not finite, is dropped and counted by reason.
// Threads: all. Costs one load and one store of this thread's own cell; 8 bytes a thread that records.
#pragma once

#include <limits>

#include "meters/row.h"
#include "meters/snapshot.h"

namespace tocsin::meters {

class Counter {
 public:
  using Value = std::int64_t;
  struct Context {};  // nothing but the row is needed to record
  static constexpr Kind kKind = Kind::Counter;
  static constexpr NumberType kNumberType = NumberType::Integer;

  Counter() noexcept = default;
  Counter(detail::BoundRow row, Context) noexcept : row_(std::move(row)) {}

  void add(std::int64_t by = 1) const noexcept { record(row_.place(), {}, by); }

  static void record(const detail::RowPlace& place, Context, std::int64_t by) noexcept {
    if (by < 0) [[unlikely]]
      return detail::count_drop(place.family, Drop::Negative);
    increase(place.cell, static_cast<std::uint64_t>(by));
  }

 private:
  detail::BoundRow row_;
};

class DoubleCounter {
 public:
  using Value = double;
  struct Context {};
  static constexpr Kind kKind = Kind::Counter;
  static constexpr NumberType kNumberType = NumberType::Double;

  DoubleCounter() noexcept = default;
  DoubleCounter(detail::BoundRow row, Context) noexcept : row_(std::move(row)) {}

  void add(double by = 1) const noexcept { record(row_.place(), {}, by); }

  static void record(const detail::RowPlace& place, Context, double by) noexcept {
    if (!(by >= 0 && by <= std::numeric_limits<double>::max())) [[unlikely]]
      return detail::count_drop(place.family, by);
    increase(place.cell, by);
  }

 private:
  detail::BoundRow row_;
};

}  // namespace tocsin::meters
