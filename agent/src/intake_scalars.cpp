// SPDX-License-Identifier: Apache-2.0
#include "agent/src/intake_scalars.h"

namespace tocsin::agent {

namespace {

double as_double(const NumberPoint& point) noexcept {
  return point.form == NumberForm::Integer ? static_cast<double>(std::bit_cast<std::int64_t>(point.bits))
                                           : std::bit_cast<double>(point.bits);
}

}  // namespace

std::optional<Rejection> ScalarCells::check(const MetricPoints&, const Point& point) const noexcept {
  if (point.form == NumberForm::None) return Rejection::NoValue;
  if (kind_ == meters::Kind::Gauge) return std::nullopt;
  const double value = as_double(point);
  if (!std::isfinite(value)) return Rejection::NotFinite;
  if (kind_ == meters::Kind::Counter && value < 0) return Rejection::Negative;
  return std::nullopt;
}

void ScalarCells::adapt(const Point& point, std::vector<Row>& rows, std::vector<Row>& streams) {
  if (form_ == NumberForm::None) form_ = point.form;
  if (point.form == form_ || form_ == NumberForm::Double) return;
  for (std::vector<Row>* all : {&rows, &streams})
    for (Row& row : *all)
      row.bits = std::bit_cast<std::uint64_t>(static_cast<double>(std::bit_cast<std::int64_t>(row.bits)));
  form_ = NumberForm::Double;
}

std::uint64_t ScalarCells::converted(const Point& point) const noexcept {
  return point.form == form_ ? point.bits : std::bit_cast<std::uint64_t>(as_double(point));
}

// Integers stop at the ends of their range: a counter never turns negative.
std::uint64_t ScalarCells::sum(std::uint64_t a, std::uint64_t b) const noexcept {
  if (form_ == NumberForm::Integer) {
    std::int64_t total = 0;
    const auto left = std::bit_cast<std::int64_t>(a), right = std::bit_cast<std::int64_t>(b);
    if (__builtin_add_overflow(left, right, &total))
      total = right > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
    return std::bit_cast<std::uint64_t>(total);
  }
  return std::bit_cast<std::uint64_t>(std::bit_cast<double>(a) + std::bit_cast<double>(b));
}

std::uint64_t ScalarCells::difference(std::uint64_t a, std::uint64_t b) const noexcept {
  if (form_ == NumberForm::Integer) return a - b;
  return std::bit_cast<std::uint64_t>(std::bit_cast<double>(a) - std::bit_cast<double>(b));
}

bool ScalarCells::decreased(const Row& row, const MetricPoints&, const Point& point) const noexcept {
  if (kind_ != meters::Kind::Counter) return false;
  if (form_ == NumberForm::Integer)
    return std::bit_cast<std::int64_t>(point.bits) < std::bit_cast<std::int64_t>(row.bits);
  return as_double(point) < std::bit_cast<double>(row.bits);
}

void ScalarCells::assign(Row& row, const MetricPoints&, const Point& point) noexcept { row.bits = converted(point); }

void ScalarCells::add(Row& row, const MetricPoints&, const Point& point) noexcept {
  row.bits = sum(row.bits, converted(point));
}

void ScalarCells::add_difference(Row& row, const Row& stream, const MetricPoints&, const Point& point) noexcept {
  row.bits = sum(row.bits, difference(converted(point), stream.bits));
}

void ScalarCells::subtract(Row& row, const Row& stream) noexcept { row.bits = difference(row.bits, stream.bits); }

void ScalarCells::fill(std::span<const Row> rows, meters::Family& family) const {
  meters::Scalars scalars;
  scalars.type = form_ == NumberForm::Integer ? meters::NumberType::Integer : meters::NumberType::Double;
  scalars.bits.reserve(rows.size());
  for (const Row& row : rows) scalars.bits.push_back(row.bits);
  family.points = std::move(scalars);
}

}  // namespace tocsin::agent
