// SPDX-License-Identifier: Apache-2.0
// SeriesTable: the label sets of one series table, its overflow rows and its exemplars; nothing about values.
//
// Threads: its target's lock.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/metric_points.h"
#include "agent/src/intake_labels.h"
#include "meters/labels.h"
#include "meters/snapshot.h"

namespace tocsin::agent {

class SeriesTable {
 public:
  using Labels = std::span<const LabelReader::Label>;

  // No `names`: label names are Prometheus' own and stay as they are.
  SeriesTable(meters::Kind kind, std::optional<meters::NameStrategy> names);

  std::uint32_t rows() const noexcept { return labels_->rows(); }
  std::optional<meters::Row> find(Labels labels) const;
  // False where the labels would bring more different names than `limit`.
  bool room_for(Labels labels, std::uint32_t limit) const noexcept;
  // Requires: not found.
  meters::Row append(Labels labels);

  // The row for label sets beyond the limit: {otel.metric.overflow, server_name where it is a label}. It is appended
  // where it is not there; of more than kOverflowNames server names the others share one row.
  meters::Row overflow(Labels labels);
  bool is_overflow(meters::Row row) const noexcept { return row < overflow_.size() && overflow_[row]; }
  std::uint32_t overflow_rows() const noexcept { return overflow_rows_; }

  std::shared_ptr<const meters::LabelSets> view() { return labels_->view(); }
  std::string text_of(meters::Row row);  // {a="b", c="d"}
  // The label name with the most different texts.
  std::pair<std::string, std::uint32_t> widest();

  void keep_exemplar(meters::Row row, std::uint32_t bucket, const PointExemplar& exemplar);
  void drop_exemplars(meters::Row row);
  std::vector<meters::Exemplar> exemplars() const;

  // A new table of the rows that are kept. Returns each old row's new place, kGone where there is none.
  static constexpr meters::Row kGone = 0xFFFFFFFF;
  std::vector<meters::Row> compact(const std::vector<bool>& keep);

  std::size_t bytes() const noexcept;

 private:
  static constexpr std::uint32_t kOverflowNames = 64;
  std::size_t column_for(std::string_view name);

  meters::Kind kind_;
  std::optional<meters::NameStrategy> names_;
  std::unique_ptr<meters::LabelSetTable> labels_;
  std::vector<bool> overflow_;  // by row
  std::uint32_t overflow_rows_ = 0;
  std::map<std::pair<meters::Row, std::uint32_t>, meters::Exemplar> exemplars_;  // by row and bucket
  mutable std::vector<meters::ValueId> ids_;                                     // scratch
};

}  // namespace tocsin::agent
