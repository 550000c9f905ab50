// SPDX-License-Identifier: Apache-2.0
// Naming: the labels of a family's series as the window keeps them: sorted by name, as symbols. A histogram has many
// series a row: they differ in __name__ and in le alone.
//
// Threads: the window's lock. Costs 4 bytes a label text of the family; no text is looked at twice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "meters/series_identity.h"
#include "meters/snapshot.h"
#include "rules/batch.h"
#include "rules/src/window_series.h"

namespace tocsin::rules {

// Which of a row's series: its name and the text of le or quantile, or the empty symbol.
struct Variant {
  promql::Symbol name = promql::kEmptySymbol, last = promql::kEmptySymbol;
};

class Naming {
 public:
  // `last` is the label that tells variants apart: "le", "quantile" or empty.
  Naming(SeriesSet& series, meters::SeriesIdentity identity, std::string last);
  // Columns as they are.
  Naming(SeriesSet& series, const SampleFamily& family);

  // Valid until the next call.
  std::span<const promql::LabelId> labels(const meters::LabelSets& sets, meters::Row row, Variant variant);
  std::size_t bytes() const noexcept;

 private:
  enum class From : std::uint8_t { Constant, Column, Name, Last };
  struct Source {
    From from;
    promql::Symbol name;
    promql::Symbol constant;
    std::uint32_t column;
  };
  void add(From from, std::string_view name, promql::Symbol constant = promql::kEmptySymbol, std::size_t column = 0);
  void sort();
  promql::Symbol symbol_of(const meters::LabelSets& sets, std::size_t column, meters::ValueId id);
  void merged(const meters::LabelSets& sets, meters::Row row, Variant variant);

  SeriesSet& series_;
  meters::SeriesIdentity identity_;
  std::string last_;
  std::vector<Source> sources_;
  std::vector<std::vector<promql::Symbol>> symbols_;  // by column and value id; kEmptySymbol: not looked up yet
  std::vector<promql::LabelId> labels_;
  meters::LabelPairs pairs_;
};

}  // namespace tocsin::rules
