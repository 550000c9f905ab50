// SPDX-License-Identifier: Apache-2.0
// Histogram: how values are spread. With explicit bounds, exponential (native) buckets, or both at once.
//
//   Meter<Histogram> sizes = registry.histogram({.name = "reply_size", .unit = "By"}, {.bounds = {1e2, 1e4, 1e6}}).value();
//   Histogram all = sizes.with({});
//   all.observe(1234);
//   all.observe(1234, {trace_id, span_id});    // keeps the value as its bucket's exemplar
//
// NaN, infinite and (unless a bound is negative) negative values are dropped and counted. The count is the sum of the
// buckets; while threads record, the sum may lack one observation of each, and the two kinds of buckets may differ by as
// much. Pass an exemplar only for a trace that is sampled.
// Threads: all. Costs 5 ns, native buckets 8 more, an exemplar 40 more; 8 bytes a bucket and recording thread.
#pragma once

#include <array>
#include <limits>
#include <vector>

#include "meters/buckets.h"
#include "meters/row.h"
#include "meters/snapshot.h"

namespace tocsin::meters {

struct HistogramShape {
  std::vector<double> bounds = {std::begin(kDefaultBounds), std::end(kDefaultBounds)};  // empty: native buckets only
  bool native = false;  // exponential buckets besides: scale 20 at first, at most 160
};

struct ExemplarContext {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
};

namespace detail {

struct HistogramForm {
  Buckets buckets;
  double least = 0;             // values below are dropped
  double per_nanosecond = 0;    // in the meter's unit; 0 where that is no unit of time
  bool native = false;
};
const HistogramForm& nowhere_form() noexcept;  // of a handle that was never bound

[[gnu::cold]] void observe_elsewhere(CellIndex cell, std::uint32_t bucket, double value) noexcept;
void observe_native(const RowPlace& place, double value) noexcept;
void keep_exemplar(const RowPlace& place, std::uint32_t bucket, double value, const ExemplarContext& context) noexcept;

}  // namespace detail

class Histogram {
 public:
  using Value = double;
  struct Context {
    const detail::HistogramForm* form = &detail::nowhere_form();
  };
  static constexpr Kind kKind = Kind::Histogram;
  static constexpr NumberType kNumberType = NumberType::Double;

  Histogram() noexcept = default;
  Histogram(detail::BoundRow row, Context context) noexcept
      : row_(std::move(row)), context_(row_.place().family == nullptr ? Context{} : context) {}

  void observe(double value) const noexcept { record(row_.place(), context_, value); }
  void observe(double value, const ExemplarContext& exemplar) const noexcept {
    if (accepts(*context_.form, value))
      detail::keep_exemplar(row_.place(), context_.form->buckets.of(value), value, exemplar);
    observe(value);
  }
  // The meter's unit a nanosecond: 0.001 where it is "us"; 0 where it is no unit of time.
  double per_nanosecond() const noexcept { return context_.form->per_nanosecond; }

  static void record(const detail::RowPlace& place, Context context, double value) noexcept {
    const detail::HistogramForm& form = *context.form;
    if (!accepts(form, value)) [[unlikely]]
      return detail::count_drop(place.family, value);
    const std::uint32_t bucket = form.buckets.of(value);
    const detail::ThreadArena& mine = detail::thread_arena;
    if (place.cell < mine.limit) [[likely]] {
      increase_own(mine.cells[place.cell], value);
      increase_own(mine.cells[place.cell + 1 + bucket], std::uint64_t{1});
    } else {
      detail::observe_elsewhere(place.cell, bucket, value);
    }
    if (form.native) detail::observe_native(place, value);
  }

 private:
  static bool accepts(const detail::HistogramForm& form, double value) noexcept {
    return value >= form.least && value <= std::numeric_limits<double>::max();
  }
  detail::BoundRow row_;
  Context context_;
};

}  // namespace tocsin::meters
