// SPDX-License-Identifier: Apache-2.0
// BatchAppender: a Batch into the store. Remembers the series of each row by label table, for as long as the table is
// used and no row of the store was given up.
//
// Threads: the window's lock. Costs 16 bytes a row.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "rules/batch.h"
#include "rules/src/window_naming.h"
#include "rules/src/window_store.h"

namespace tocsin::rules {

class BatchAppender {
 public:
  explicit BatchAppender(WindowStore& store) : store_(store) {}

  void append(const Batch& batch);
  // Tables that were not used since the last call but one are forgotten.
  void forget_unused();
  void forget_all() { tables_.clear(); }
  std::size_t bytes() const noexcept;

 private:
  struct Row {
    promql::SeriesRow series = kNoSeries;
    std::int64_t start_ms = 0;
  };
  struct Table {
    Table(SeriesSet& series, const SampleFamily& family) : naming(series, family), columns(family.labels->columns()) {}
    Naming naming;
    std::size_t columns;
    std::uint64_t generation = 0;  // of the store, when rows were remembered
    std::uint32_t unused = 0;
    promql::Symbol name = promql::kEmptySymbol;
    std::vector<Row> rows;
  };
  Table& table(const SampleFamily& family);
  promql::SeriesRow series_of(const Batch& batch, std::size_t sample, Table& table);

  WindowStore& store_;
  std::unordered_map<std::uint64_t, Table> tables_;
  std::vector<Table*> of_batch_;
  std::vector<promql::SeriesRow> rows_;
};

}  // namespace tocsin::rules
