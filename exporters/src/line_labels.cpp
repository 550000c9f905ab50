// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/line_labels.h"

#include <algorithm>
#include <span>

#include "exporters/src/block_writer.h"
#include "wire/escaping.h"

namespace tocsin::exporters {

namespace {

constexpr std::size_t kArenaBytes = 256UL * 1024;
constexpr std::size_t kPadding = 16;  // copy_padded reads past a snippet

void append_label(std::string& out, std::string_view name, std::string_view text) {
  out += ',';
  if (wire::is_legacy_label_name(name)) {
    out += name;
  } else {
    out += '"';
    wire::append_quoted_text(out, name);
    out += '"';
  }
  out += "=\"";
  wire::append_quoted_text(out, text);
  out += '"';
}

char* copy_escaped(char* to, std::string_view text) noexcept {
  for (const char c : text) {
    if (c == '\\' || c == '"' || c == '\n') *to++ = '\\';
    *to++ = c == '\n' ? 'n' : c;
  }
  return to;
}

}  // namespace

LineLabels::LineLabels(const meters::Family& family, const meters::SeriesIdentity& identity)
    : labels_(*family.labels), identity_(identity) {
  if (identity.collides) return;
  for (const meters::ConstantLabel& label : identity.constants) append_label(constants_, label.name, label.text);
  columns_.resize(identity.columns.size());
  texts_.resize(columns_.size());
  ids_.resize(columns_.size() * kChunk);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    append_label(column.open, identity.columns[i], {});
    column.open.pop_back();
    // A dictionary that is not shared by rows is used once: rendering it first would be work for nothing.
    column.rendered = labels_.ids(i) <= family.rows() / 2 && render(column, i);
    if (!column.rendered) all_rendered_ = false;
  }
}

bool LineLabels::render(Column& column, std::size_t index) const {
  const meters::ValueId ids = labels_.ids(index);
  column.ends.assign(1, 0);  // id 0: no label, nothing
  column.ends.reserve(ids + 1);
  column.ends.push_back(0);
  for (meters::ValueId id = 1; id < ids; ++id) {
    const auto [text, needs_escape] = labels_.label_text(index, id);
    column.arena += column.open;
    if (needs_escape) {
      wire::append_quoted_text(column.arena, text);
    } else {
      column.arena += text;
    }
    column.arena += '"';
    column.ends.push_back(static_cast<std::uint32_t>(column.arena.size()));
    if (column.arena.size() > kArenaBytes) {
      column.arena = {};
      column.ends = {};
      return false;
    }
  }
  column.arena.append(kPadding, '\0');
  return true;
}

void LineLabels::load(meters::Row first, std::size_t count) {
  first_ = first;
  for (std::size_t i = 0; i < columns_.size(); ++i)
    labels_.read_ids(i, first, std::span(ids_).subspan(i * kChunk, count));
}

std::size_t LineLabels::bound(std::size_t index) {
  if (identity_.collides) return merged_bound(index);
  std::size_t bound = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const meters::ValueId id = ids_[i * kChunk + index];
    const Column& column = columns_[i];
    if (column.rendered) {
      bound += column.ends[id + 1] - column.ends[id];
      continue;
    }
    texts_[i] = labels_.label_text(i, id);
    if (id != meters::kNoValue)
      bound += column.open.size() + 1 + texts_[i].text.size() * (texts_[i].needs_escape ? 2 : 1);
  }
  return bound;
}

std::size_t LineLabels::merged_bound(std::size_t index) {
  meters::merge_labels(identity_, labels_, first_ + static_cast<meters::Row>(index), pairs_);
  merged_.clear();
  for (const auto& [name, text] : pairs_) append_label(merged_, name, text);
  return merged_.size();
}

char* LineLabels::append(char* to, std::size_t index) const noexcept {
  if (identity_.collides) return copy(to, merged_);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const meters::ValueId id = ids_[i * kChunk + index];
    const Column& column = columns_[i];
    if (column.rendered) {
      const std::uint32_t start = column.ends[id];
      to = copy_padded(to, column.arena.data() + start, column.ends[id + 1] - start);
    } else if (id != meters::kNoValue) {
      to = copy(to, column.open);
      to = texts_[i].needs_escape ? copy_escaped(to, texts_[i].text) : copy(to, texts_[i].text);
      *to++ = '"';
    }
  }
  return to;
}

}  // namespace tocsin::exporters
