// SPDX-License-Identifier: Apache-2.0
// Label sets of one family, dictionary-encoded: a row is a series, a column a label name, a cell a number that stands
// for the label's text. Grouping rows by a label compares integers; a text is stored once a column.
//
//   LabelSetTable table(std::vector<LabelColumn>{{"func", "func"}});
//   Row row = table.find_or_append(std::array{table.intern(0, "GET /items", LabelType::String)});
//   std::shared_ptr<const LabelSets> sets = table.view();       // immutable: rows appended later do not show
//   sets->text(0, sets->id(row, 0));                            // "GET /items"
//
// Threads: LabelSetTable has one writer at a time (its owner's lock). LabelSets is immutable; it may be read on any
// thread while the table grows, since rows and texts never move. A table only grows; whoever wants rows gone copies
// the living ones into a new table, which has a new id().
// Costs 4 bytes a row and column, 8 bytes a row for the index, and each distinct text once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::meters {

using Row = std::uint32_t;
using ValueId = std::uint32_t;  // within a column; 0 = the label is not set
inline constexpr ValueId kNoValue = 0;

// What the attribute was before it became text, so that it can be sent on as it came.
enum class LabelType : std::uint8_t { String, Bool, Int, Double, Json };

struct LabelColumn {
  std::string name;             // as declared or received: "http.route"
  std::string prometheus_name;  // as scraped: "http_route"
};

namespace detail {
struct Column;
struct LabelText {
  const char* data;
  std::uint32_t size;
  LabelType type;
  bool needs_escape;
};
}  // namespace detail

class LabelSets {
 public:
  std::uint64_t table_id() const noexcept { return table_id_; }
  std::uint32_t rows() const noexcept { return rows_; }
  std::size_t columns() const noexcept { return columns_.size(); }
  const LabelColumn& column(std::size_t column) const noexcept;
  // Two columns may have one prometheus_name ("a.b" and "a_b"): an encoder then joins their texts with ';'.
  bool names_collide() const noexcept { return names_collide_; }

  // Requires: row < rows(), column < columns().
  ValueId id(Row row, std::size_t column) const noexcept;
  // Empty for kNoValue. Valid as long as this view or its table lives.
  std::string_view text(std::size_t column, ValueId id) const noexcept;
  LabelType type(std::size_t column, ValueId id) const noexcept;
  // True where the text has a backslash, a double quote or a line feed (kept so that encoders need not look).
  bool needs_escape(std::size_t column, ValueId id) const noexcept;
  // Both of these at once.
  struct Text {
    std::string_view text;
    bool needs_escape;
  };
  Text label_text(std::size_t column, ValueId id) const noexcept;
  // The ids of rows first, first + 1, ... of one column, for those who walk all rows. Requires: they are in the view.
  void read_ids(std::size_t column, Row first, std::span<ValueId> into) const noexcept;
  // One more than the largest id of the column in this view.
  ValueId ids(std::size_t column) const noexcept;

 private:
  friend class LabelSetTable;
  struct Seen {
    std::shared_ptr<const detail::Column> column;
    ValueId ids;
  };
  std::uint64_t table_id_ = 0;
  std::uint32_t rows_ = 0;
  bool names_collide_ = false;
  std::vector<Seen> columns_;
};

class LabelSetTable {
 public:
  explicit LabelSetTable(std::vector<LabelColumn> columns = {});
  ~LabelSetTable();
  LabelSetTable(const LabelSetTable&) = delete;
  LabelSetTable& operator=(const LabelSetTable&) = delete;

  std::uint64_t id() const noexcept { return id_; }
  std::uint32_t rows() const noexcept { return rows_; }
  std::size_t columns() const noexcept { return columns_.size(); }

  std::optional<std::size_t> find_column(std::string_view name) const noexcept;
  // Rows that are there have no value in a new column. Requires: the name is not a column yet.
  std::size_t add_column(LabelColumn column);

  // The id of a text, entered if new. An empty text is kNoValue: a label that is empty is not set.
  ValueId intern(std::size_t column, std::string_view text, LabelType type);
  // Without entering; kNoValue where the text is unknown (or empty).
  ValueId lookup(std::size_t column, std::string_view text) const noexcept;

  // `ids` has one id a column; missing ones at the end are kNoValue.
  std::optional<Row> find(std::span<const ValueId> ids) const noexcept;
  Row find_or_append(std::span<const ValueId> ids);
  // For a caller that keeps an index of its own (src/label_index.h): find() and find_or_append() do not see this row.
  // Requires: no row has these ids.
  Row append(std::span<const ValueId> ids);
  // The text behind an id: it stays where it is as long as a view or the table lives. Null for kNoValue.
  const detail::LabelText* stored(std::size_t column, ValueId id) const noexcept;

  // What is there now; the same object again while nothing was added.
  std::shared_ptr<const LabelSets> view();

  // Memory of rows, dictionaries and index, label texts included.
  std::size_t bytes() const noexcept;

 private:
  std::uint64_t hash(std::span<const ValueId> ids) const noexcept;
  bool equal(Row row, std::span<const ValueId> ids) const noexcept;
  void grow_index();

  std::uint64_t id_;
  std::uint32_t rows_ = 0;
  bool names_collide_ = false;
  std::vector<std::shared_ptr<detail::Column>> columns_;
  std::vector<std::uint64_t> index_;  // open addressing: high half of the hash, row + 1; 0 = free
  std::shared_ptr<const LabelSets> view_;
};

}  // namespace tocsin::meters
