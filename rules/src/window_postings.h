// SPDX-License-Identifier: Apache-2.0
// NamePostings: the rows of one name, and for each label that a matcher asked of, which of them have which value. So a
// matcher looks at each value once, never at each row.
//
//   const LabelPostings* postings = name.label(symbol, [&](SeriesRow row) { return view.labels(row); });
//   postings->places(*postings->find(value));        // in name.rows(), ascending
//
// Views share it for as long as no series of that name comes or goes: the labels of its rows are the same in all of them.
// Threads: thread-safe; a label's postings are made under a lock, by the first who asks. Costs 8 bytes a row and label that
// was asked of (nothing where all rows have the same value), 3 ms to make for 100,000 rows.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "rules/promql/series_reader.h"

namespace tocsin::rules {

class LabelPostings {
 public:
  // values[i]: that of place i; kEmptySymbol where its row does not have the label.
  explicit LabelPostings(std::span<const promql::Symbol> values);

  // Distinct, ascending. A value is known by its place here.
  std::span<const promql::Symbol> values() const noexcept { return values_; }
  std::optional<std::uint32_t> find(promql::Symbol value) const noexcept;
  std::uint32_t count(std::uint32_t value) const noexcept { return starts_[value + 1] - starts_[value]; }
  // Requires: more than one value.
  std::span<const std::uint32_t> places(std::uint32_t value) const noexcept {
    return std::span(places_).subspan(starts_[value], count(value));
  }
  std::uint32_t value_of(std::uint32_t place) const noexcept { return value_of_[place]; }
  std::size_t bytes() const noexcept;

 private:
  std::vector<promql::Symbol> values_;
  std::vector<std::uint32_t> starts_;
  std::vector<std::uint32_t> places_, value_of_;  // empty where there is one value
};

class NamePostings {
 public:
  using LabelsOf = std::function<std::span<const promql::LabelId>(promql::SeriesRow)>;

  explicit NamePostings(std::vector<promql::SeriesRow> rows) : rows_(std::move(rows)) {}

  std::span<const promql::SeriesRow> rows() const noexcept { return rows_; }
  // Null where no row has the label; valid as long as this. Requires: labels_of says the same of each row in every call.
  const LabelPostings* label(promql::Symbol label, const LabelsOf& labels_of) const;
  std::size_t bytes() const noexcept { return rows_.capacity() * sizeof(rows_[0]) + label_bytes_; }

 private:
  const std::vector<promql::SeriesRow> rows_;  // ascending

  mutable std::mutex mutex_;
  mutable std::vector<std::pair<promql::Symbol, std::unique_ptr<const LabelPostings>>> labels_;  // guarded by mutex_
  mutable std::atomic<std::size_t> label_bytes_{0};
};

}  // namespace tocsin::rules
