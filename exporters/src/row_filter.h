// SPDX-License-Identifier: Apache-2.0
// Which families, and which rows of them, a SeriesFilter takes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "exporters/selector.h"
#include "meters/series_identity.h"
#include "meters/snapshot.h"

namespace tocsin::exporters {

// `suffixes` are those that make its sample names. True where some row may be taken.
bool takes_name(const SeriesFilter& filter, std::string_view name, const std::vector<std::string_view>& suffixes);

class RowFilter {
 public:
  // All must outlive this.
  RowFilter(const SeriesFilter& filter, std::string_view name, const std::vector<std::string_view>& suffixes,
            const meters::LabelSets& labels, const meters::SeriesIdentity& identity);

  bool takes_all() const noexcept { return all_; }
  bool takes(meters::Row row);

 private:
  // A matcher and, where it looks at one column, what it said of the texts met so far.
  struct Test {
    const Matcher* matcher;
    std::size_t column;              // kByText where the label must be put together
    std::vector<std::uint8_t> said;  // by value id: 0 not asked, 1 no, 2 yes
  };
  static constexpr std::size_t kByText = ~std::size_t{0};

  bool takes(std::vector<Test>& tests, meters::Row row);
  bool takes(Test& test, meters::Row row);

  const meters::LabelSets& labels_;
  const meters::SeriesIdentity& identity_;
  bool all_ = false;
  std::vector<std::vector<Test>> selectors_;  // those that can take a row
  meters::LabelPairs pairs_;
  meters::Row pairs_row_ = ~meters::Row{0};
};

}  // namespace tocsin::exporters
