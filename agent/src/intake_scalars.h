// SPDX-License-Identifier: Apache-2.0
// ScalarCells: the values of a counter's, up-down counter's or gauge's series, and what a number point does to them.
//
// One of the cell kinds that Series is made over; see intake_series.h for what each function must do.
// Threads: its target's lock.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "agent/metric_points.h"
#include "agent/src/intake_context.h"
#include "agent/src/intake_judge.h"

namespace tocsin::agent {

class ScalarCells {
 public:
  using Point = NumberPoint;
  struct Row {
    RowHead head;
    std::uint64_t bits = 0;
  };

  explicit ScalarCells(meters::Kind kind) noexcept : kind_(kind) {}

  // A point of the form that the cells have, growing where it may only grow: written at once.
  bool quick(Row& row, const MetricPoints&, const Point& point) const noexcept {
    if (kind_ == meters::Kind::Gauge || point.form != form_) {
      if (point.form != form_) return false;
    } else if (form_ == NumberForm::Integer) {
      if (kind_ == meters::Kind::Counter &&
          std::bit_cast<std::int64_t>(point.bits) < std::bit_cast<std::int64_t>(row.bits))
        return false;
    } else {
      const double value = std::bit_cast<double>(point.bits);
      if (!(std::abs(value) <= std::numeric_limits<double>::max())) return false;
      if (kind_ == meters::Kind::Counter && value < std::bit_cast<double>(row.bits)) return false;
    }
    row.bits = point.bits;
    return true;
  }

  std::optional<Rejection> check(const MetricPoints& batch, const Point& point) const noexcept;
  // Makes the cells able to hold the point. The rows of the series and its hidden streams are changed alike.
  void adapt(const Point& point, std::vector<Row>& rows, std::vector<Row>& streams);

  bool decreased(const Row& row, const MetricPoints& batch, const Point& point) const noexcept;
  void assign(Row& row, const MetricPoints& batch, const Point& point) noexcept;
  void add(Row& row, const MetricPoints& batch, const Point& point) noexcept;
  // row += point - stream: what the stream's new total adds to the sum of all streams.
  void add_difference(Row& row, const Row& stream, const MetricPoints& batch, const Point& point) noexcept;
  void subtract(Row& row, const Row& stream) noexcept;
  void copy(Row& into, const Row& from) noexcept { into.bits = from.bits; }
  void clear(Row& row) noexcept { row.bits = 0; }

  // A gauge's start time says nothing.
  bool start_matters() const noexcept { return kind_ != meters::Kind::Gauge; }
  void make_row(Row&) noexcept {}
  void release(Row&) noexcept {}
  std::uint32_t bucket_of(const PointExemplar&) const noexcept { return 0; }
  bool monotonic() const noexcept { return kind_ == meters::Kind::Counter; }
  std::size_t bytes() const noexcept { return 0; }  // besides the rows

  void fill(std::span<const Row> rows, meters::Family& family) const;

 private:
  std::uint64_t converted(const Point& point) const noexcept;
  std::uint64_t sum(std::uint64_t a, std::uint64_t b) const noexcept;
  std::uint64_t difference(std::uint64_t a, std::uint64_t b) const noexcept;

  meters::Kind kind_;
  NumberForm form_ = NumberForm::None;  // of all rows; doubles once one was seen
};

}  // namespace tocsin::agent
