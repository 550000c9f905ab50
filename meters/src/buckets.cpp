// SPDX-License-Identifier: Apache-2.0
#include "meters/buckets.h"

#include <cmath>
#include <limits>
#include <string>

#include "meters/base/number.h"

namespace tocsin::meters {

namespace {
constexpr std::size_t kMostBounds = 500, kMostCells = 4096;
}

Buckets::Buckets() : bounds_(std::make_shared<const std::vector<double>>()) { make_table(); }

Result<Buckets> Buckets::make(std::span<const double> bounds) {
  const auto fault = [&](std::size_t at, const std::string& why) {
    std::string text = "bound " + std::to_string(at + 1) + " (";
    append_double(text, bounds[at]);
    return Error{Fault::Configuration, text + ") " + why};
  };
  if (bounds.size() > kMostBounds)
    return Error{Fault::Configuration, std::to_string(bounds.size()) + " bounds are more than " + std::to_string(kMostBounds)};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (!std::isfinite(bounds[i])) return fault(i, "is not finite; the last bucket is +Inf's without being named");
    if (i > 0 && bounds[i] <= bounds[i - 1]) return fault(i, "is not above the one before it");
  }
  Buckets made;
  made.bounds_ = std::make_shared<const std::vector<double>>(bounds.begin(), bounds.end());
  if (!made.make_table()) made.table_.clear();
  return made;
}

// False where a quarter octave has two bounds.
bool Buckets::make_table() {
  padded_ = *bounds_;
  padded_.push_back(std::numeric_limits<double>::infinity());
  table_.assign(1, 0);
  first_cell_ = last_cell_ = 0;
  const auto positive = std::upper_bound(bounds_->begin(), bounds_->end(), 0.0);
  if (positive - bounds_->begin() > 1 || bounds_->size() > 255) return false;
  if (positive == bounds_->end()) return true;  // one bound at most, and it is not above zero: the one cell has it

  const auto cell_of = [](double value) { return std::bit_cast<std::int64_t>(value) >> kCellShift; };
  first_cell_ = cell_of(*positive) - 1;  // the cell before has zero and all that is below, too
  last_cell_ = cell_of(bounds_->back()) + 1 - first_cell_;
  if (last_cell_ >= static_cast<std::int64_t>(kMostCells)) return false;
  table_.assign(static_cast<std::size_t>(last_cell_) + 1, 0);
  std::size_t below = static_cast<std::size_t>(positive - bounds_->begin());
  for (std::size_t cell = 1; cell < table_.size(); ++cell) {
    table_[cell] = static_cast<std::uint8_t>(below);
    const std::size_t before = below;
    while (padded_[below] < std::bit_cast<double>((first_cell_ + static_cast<std::int64_t>(cell) + 1) << kCellShift)) ++below;
    if (below > before + 1) return false;
  }
  return true;
}

std::uint32_t Buckets::search(double value) const noexcept {
  return static_cast<std::uint32_t>(std::lower_bound(bounds_->begin(), bounds_->end(), value) - bounds_->begin());
}

}  // namespace tocsin::meters
