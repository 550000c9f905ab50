// SPDX-License-Identifier: Apache-2.0
#include "meters/labels.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstring>

#include "meters/base/segmented.h"

namespace tocsin::meters {

namespace detail {

// One label name: its dictionary and its cells. Rows before first_row have no cell: they are kNoValue.
struct Column {
  LabelColumn label;
  Row first_row = 0;
  Segmented<ValueId> cells;
  Segmented<LabelText> texts;  // texts[id - 1]
  std::vector<std::unique_ptr<char[]>> blocks;
  std::size_t block_used = 0, block_size = 0, block_bytes = 0;
  std::vector<ValueId> index;  // open addressing over texts; 0 = free

  const char* store(std::string_view text) {
    if (block_size - block_used < text.size()) {
      block_size = std::max<std::size_t>(text.size(), std::clamp<std::size_t>(block_bytes, 64, 16 * 1024));
      blocks.push_back(std::make_unique<char[]>(block_size));
      block_bytes += block_size;
      block_used = 0;
    }
    char* place = blocks.back().get() + block_used;
    if (!text.empty()) std::memcpy(place, text.data(), text.size());
    block_used += text.size();
    return place;
  }

  std::string_view text(ValueId id) const noexcept {
    const LabelText& entry = texts[id - 1];
    return {entry.data, entry.size};
  }

  // The slot that holds the text, or the free one where it belongs. Requires: a free slot is left.
  std::size_t slot(std::string_view wanted) const noexcept {
    std::size_t at = std::hash<std::string_view>{}(wanted) & (index.size() - 1);
    while (index[at] != kNoValue && text(index[at]) != wanted) at = (at + 1) & (index.size() - 1);
    return at;
  }

  void grow() {
    index.assign(std::max<std::size_t>(8, index.size() * 2), kNoValue);
    for (ValueId id = 1; id <= texts.size(); ++id) index[slot(text(id))] = id;
  }
};

}  // namespace detail

namespace {

std::uint64_t next_table_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::uint64_t mix(std::uint64_t value) noexcept {
  value ^= value >> 32;
  value *= 0x9E3779B97F4A7C15ULL;
  return value ^ (value >> 29);
}

constexpr std::uint64_t kHashHalf = 0xFFFFFFFF00000000ULL;

}  // namespace

const LabelColumn& LabelSets::column(std::size_t column) const noexcept { return columns_[column].column->label; }

ValueId LabelSets::id(Row row, std::size_t column) const noexcept {
  assert(row < rows_);
  const detail::Column& cells = *columns_[column].column;
  return row < cells.first_row ? kNoValue : cells.cells[row - cells.first_row];
}

std::string_view LabelSets::text(std::size_t column, ValueId id) const noexcept {
  return id == kNoValue ? std::string_view{} : columns_[column].column->text(id);
}

LabelType LabelSets::type(std::size_t column, ValueId id) const noexcept {
  return id == kNoValue ? LabelType::String : columns_[column].column->texts[id - 1].type;
}

bool LabelSets::needs_escape(std::size_t column, ValueId id) const noexcept {
  return id != kNoValue && columns_[column].column->texts[id - 1].needs_escape;
}

LabelSets::Text LabelSets::label_text(std::size_t column, ValueId id) const noexcept {
  if (id == kNoValue) return {{}, false};
  const detail::LabelText& entry = columns_[column].column->texts[id - 1];
  return {{entry.data, entry.size}, entry.needs_escape};
}

void LabelSets::read_ids(std::size_t column, Row first, std::span<ValueId> into) const noexcept {
  assert(first + into.size() <= rows_);
  const detail::Column& cells = *columns_[column].column;
  std::size_t i = 0;
  for (; i < into.size() && first + i < cells.first_row; ++i) into[i] = kNoValue;
  for (; i < into.size(); ++i) into[i] = cells.cells[static_cast<Row>(first + i) - cells.first_row];
}

ValueId LabelSets::ids(std::size_t column) const noexcept { return columns_[column].ids; }

LabelSetTable::LabelSetTable(std::vector<LabelColumn> columns) : id_(next_table_id()) {
  for (LabelColumn& column : columns) add_column(std::move(column));
}

LabelSetTable::~LabelSetTable() = default;

std::optional<std::size_t> LabelSetTable::find_column(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i]->label.name == name) return i;
  return std::nullopt;
}

std::size_t LabelSetTable::add_column(LabelColumn column) {
  for (const auto& other : columns_)
    names_collide_ = names_collide_ || other->label.prometheus_name == column.prometheus_name;
  auto added = std::make_shared<detail::Column>();
  added->label = std::move(column);
  added->first_row = rows_;
  columns_.push_back(std::move(added));
  view_.reset();
  return columns_.size() - 1;
}

ValueId LabelSetTable::intern(std::size_t column, std::string_view text, LabelType type) {
  if (text.empty()) return kNoValue;
  detail::Column& into = *columns_[column];
  if ((into.texts.size() + 1) * 4 > into.index.size() * 3) into.grow();
  const std::size_t slot = into.slot(text);
  if (into.index[slot] != kNoValue) return into.index[slot];
  const bool needs_escape = text.find_first_of("\\\"\n") != std::string_view::npos;
  into.texts.push_back({into.store(text), static_cast<std::uint32_t>(text.size()), type, needs_escape});
  return into.index[slot] = into.texts.size();
}

ValueId LabelSetTable::lookup(std::size_t column, std::string_view text) const noexcept {
  const detail::Column& in = *columns_[column];
  return text.empty() || in.index.empty() ? kNoValue : in.index[in.slot(text)];
}

// Trailing kNoValue cells do not count, so that a set hashes alike before and after a column is added.
std::uint64_t LabelSetTable::hash(std::span<const ValueId> ids) const noexcept {
  std::uint64_t value = 0x51ED270B;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] != kNoValue) value = mix(value ^ (std::uint64_t{ids[i]} << 20) ^ i);
  return mix(value);
}

bool LabelSetTable::equal(Row row, std::span<const ValueId> ids) const noexcept {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const detail::Column& column = *columns_[i];
    const ValueId cell = row < column.first_row ? kNoValue : column.cells[row - column.first_row];
    if (cell != (i < ids.size() ? ids[i] : kNoValue)) return false;
  }
  return true;
}

std::optional<Row> LabelSetTable::find(std::span<const ValueId> ids) const noexcept {
  if (index_.empty()) return std::nullopt;
  const std::uint64_t wanted = hash(ids);
  for (std::size_t at = wanted & (index_.size() - 1);; at = (at + 1) & (index_.size() - 1)) {
    const std::uint64_t entry = index_[at];
    if (entry == 0) return std::nullopt;
    const Row row = static_cast<Row>(entry) - 1;
    if ((entry & kHashHalf) == (wanted & kHashHalf) && equal(row, ids)) return row;
  }
}

Row LabelSetTable::find_or_append(std::span<const ValueId> ids) {
  assert(ids.size() <= columns_.size());
  if (const auto row = find(ids)) return *row;
  if ((std::size_t{rows_} + 1) * 4 > index_.size() * 3) grow_index();
  const std::uint64_t key = hash(ids);
  std::size_t at = key & (index_.size() - 1);
  while (index_[at] != 0) at = (at + 1) & (index_.size() - 1);
  index_[at] = (key & kHashHalf) | (std::uint64_t{rows_} + 1);
  return append(ids);
}

Row LabelSetTable::append(std::span<const ValueId> ids) {
  for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i]->cells.push_back(i < ids.size() ? ids[i] : kNoValue);
  view_.reset();
  return rows_++;
}

const detail::LabelText* LabelSetTable::stored(std::size_t column, ValueId id) const noexcept {
  return id == kNoValue ? nullptr : &columns_[column]->texts[id - 1];
}

void LabelSetTable::grow_index() {
  std::vector<std::uint64_t> grown(std::max<std::size_t>(8, index_.size() * 2));
  std::vector<ValueId> ids(columns_.size());
  for (Row row = 0; row < rows_; ++row) {
    for (std::size_t i = 0; i < columns_.size(); ++i)
      ids[i] = row < columns_[i]->first_row ? kNoValue : columns_[i]->cells[row - columns_[i]->first_row];
    const std::uint64_t key = hash(ids);
    std::size_t at = key & (grown.size() - 1);
    while (grown[at] != 0) at = (at + 1) & (grown.size() - 1);
    grown[at] = (key & kHashHalf) | (std::uint64_t{row} + 1);
  }
  index_ = std::move(grown);
}

std::shared_ptr<const LabelSets> LabelSetTable::view() {
  if (view_) return view_;
  auto sets = std::make_shared<LabelSets>();
  sets->table_id_ = id_;
  sets->rows_ = rows_;
  sets->names_collide_ = names_collide_;
  for (const auto& column : columns_) sets->columns_.push_back({column, column->texts.size() + 1});
  return view_ = std::move(sets);
}

std::size_t LabelSetTable::bytes() const noexcept {
  std::size_t total = index_.size() * sizeof(index_[0]);
  for (const auto& column : columns_)
    total += column->cells.bytes() + column->texts.bytes() + column->block_bytes +
             column->index.size() * sizeof(column->index[0]);
  return total;
}

}  // namespace tocsin::meters
