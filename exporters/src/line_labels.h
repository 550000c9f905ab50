// SPDX-License-Identifier: Apache-2.0
// The labels of a family's rows as they stand in a line of text: `,func="GET /items",ret="0"`. Texts of small
// dictionaries are rendered once a family; a row is then a few short copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "meters/series_identity.h"
#include "meters/snapshot.h"

namespace tocsin::exporters {

class LineLabels {
 public:
  static constexpr std::size_t kChunk = 128;  // rows whose ids are fetched at once

  // Both must outlive this.
  LineLabels(const meters::Family& family, const meters::SeriesIdentity& identity);

  // The constant labels, `,job="shop",instance="a"`; not part of append() unless the names collide.
  std::string_view constants() const noexcept { return constants_; }

  // Makes rows first .. first + count - 1 ready. Requires: count <= kChunk.
  void load(meters::Row first, std::size_t count);
  // Most bytes that append(index) writes; index counts from the first row loaded.
  std::size_t bound(std::size_t index);
  // Requires: room for bound(index) bytes and BlockWriter::kSpill; bound(index) was called last.
  char* append(char* to, std::size_t index) const noexcept;

 private:
  struct Column {
    std::string open;  // ,name="
    bool rendered = false;
    std::vector<std::uint32_t> ends;  // rendered: snippet of id is arena[ends[id-1] .. ends[id])
    std::string arena;
  };
  bool render(Column& column, std::size_t index) const;
  std::size_t merged_bound(std::size_t index);

  const meters::LabelSets& labels_;
  const meters::SeriesIdentity& identity_;
  std::string constants_;
  std::vector<Column> columns_;
  bool all_rendered_ = true;
  meters::Row first_ = 0;
  std::vector<meters::ValueId> ids_;            // column-major, kChunk a column
  std::vector<meters::LabelSets::Text> texts_;  // of the row of the last bound()
  meters::LabelPairs pairs_;
  std::string merged_;
};

}  // namespace tocsin::exporters
