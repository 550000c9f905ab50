// SPDX-License-Identifier: Apache-2.0
// Cells of histograms: HistogramCells with explicit bounds, all rows alike; NativeCells with exponential buckets, each
// row at its own scale. And SummaryCells, whose quantiles nobody can add.
//
// Cell kinds that Series is made over; see intake_scalars.h for what each function must do.
// Threads: their target's lock. Costs 8 bytes a bucket and row.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "agent/metric_points.h"
#include "agent/src/intake_context.h"
#include "agent/src/intake_judge.h"
#include "meters/snapshot.h"

namespace tocsin::agent {

struct HistogramRow {
  RowHead head;
  std::uint32_t slot = 0;  // of the buckets
  std::uint64_t count = 0;
  double sum = 0, min = meters::kNoValueSent, max = meters::kNoValueSent;
};

class HistogramCells {
 public:
  using Point = HistogramPoint;
  using Row = HistogramRow;

  explicit HistogramCells(std::vector<double> bounds);

  bool quick(Row& row, const MetricPoints& batch, const Point& point) noexcept;
  bool start_matters() const noexcept { return true; }
  std::optional<Rejection> check(const MetricPoints& batch, const Point& point) const noexcept;
  void adapt(const Point&, std::vector<Row>&, std::vector<Row>&) noexcept {}
  bool decreased(const Row& row, const MetricPoints&, const Point& point) const noexcept {
    return point.count < row.count;
  }
  void assign(Row& row, const MetricPoints& batch, const Point& point) noexcept;
  void add(Row& row, const MetricPoints& batch, const Point& point) noexcept;
  void add_difference(Row& row, const Row& stream, const MetricPoints& batch, const Point& point) noexcept;
  void subtract(Row& row, const Row& stream) noexcept;
  void copy(Row& into, const Row& from) noexcept;
  void clear(Row& row) noexcept;
  void make_row(Row& row);
  void release(Row& row) { free_.push_back(row.slot); }

  std::uint32_t bucket_of(const PointExemplar& exemplar) const noexcept;
  bool monotonic() const noexcept { return true; }
  std::size_t bytes() const noexcept;
  void fill(std::span<const Row> rows, meters::Family& family) const;

 private:
  std::uint64_t* counts(const Row& row) noexcept { return counts_.data() + std::size_t{row.slot} * buckets_; }
  const std::uint64_t* counts(const Row& row) const noexcept { return counts_.data() + std::size_t{row.slot} * buckets_; }
  void plus(Row& row, const MetricPoints& batch, const Point& point) noexcept;
  std::uint32_t bucket(double value) const noexcept;

  std::shared_ptr<const std::vector<double>> bounds_;
  std::size_t buckets_;
  std::vector<std::uint64_t> counts_;
  std::vector<std::uint32_t> free_;
};

class NativeCells {
 public:
  using Point = ExponentialPoint;
  struct Row {
    RowHead head;
    std::uint64_t count = 0;
    double sum = 0, min = meters::kNoValueSent, max = meters::kNoValueSent;
    meters::NativeHistogram native;
  };

  bool quick(Row& row, const MetricPoints& batch, const Point& point);
  bool start_matters() const noexcept { return true; }
  std::optional<Rejection> check(const MetricPoints& batch, const Point& point) const;
  void adapt(const Point&, std::vector<Row>&, std::vector<Row>&) noexcept {}
  bool decreased(const Row& row, const MetricPoints&, const Point& point) const noexcept {
    return point.count < row.count;
  }
  void assign(Row& row, const MetricPoints& batch, const Point& point);
  void add(Row& row, const MetricPoints& batch, const Point& point);
  void add_difference(Row& row, const Row& stream, const MetricPoints& batch, const Point& point);
  void subtract(Row& row, const Row& stream);
  void copy(Row& into, const Row& from);
  void clear(Row& row);
  void make_row(Row&) noexcept {}
  void release(Row&) noexcept {}
  std::uint32_t bucket_of(const PointExemplar&) const noexcept { return 0; }
  bool monotonic() const noexcept { return true; }
  std::size_t bytes() const noexcept { return heap_bytes_; }
  void fill(std::span<const Row> rows, meters::Family& family) const;

 private:
  static meters::NativeHistogram native_of(const MetricPoints& batch, const Point& point);
  std::size_t heap_bytes_ = 0;  // of buckets, about
};

class SummaryCells {
 public:
  using Point = SummaryPoint;
  struct Row {
    RowHead head;
    std::uint64_t count = 0;
    double sum = 0;
    std::vector<meters::Quantile> quantiles;
  };

  bool quick(Row& row, const MetricPoints& batch, const Point& point);
  bool start_matters() const noexcept { return true; }
  std::optional<Rejection> check(const MetricPoints& batch, const Point& point) const noexcept;
  void adapt(const Point&, std::vector<Row>&, std::vector<Row>&) noexcept {}
  bool decreased(const Row&, const MetricPoints&, const Point&) const noexcept { return false; }
  void assign(Row& row, const MetricPoints& batch, const Point& point);
  // Summaries are only ever the latest; these are for the streams that they never have.
  void add(Row& row, const MetricPoints& batch, const Point& point) { assign(row, batch, point); }
  void add_difference(Row& row, const Row&, const MetricPoints& batch, const Point& point) { assign(row, batch, point); }
  void subtract(Row&, const Row&) noexcept {}
  void copy(Row& into, const Row& from);
  void clear(Row& row) noexcept;
  void make_row(Row&) noexcept {}
  void release(Row&) noexcept {}
  std::uint32_t bucket_of(const PointExemplar&) const noexcept { return 0; }
  bool monotonic() const noexcept { return true; }
  std::size_t bytes() const noexcept { return 0; }
  void fill(std::span<const Row> rows, meters::Family& family) const;
};

// Bounds that ascend, are numbers, and are not too many.
bool bounds_valid(std::span<const double> bounds) noexcept;

}  // namespace tocsin::agent
