// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_naming.h"

#include <algorithm>
#include <utility>

#include "meters/base/text.h"

namespace tocsin::rules {

using promql::kEmptySymbol;
using promql::Symbol;

Naming::Naming(SeriesSet& series, meters::SeriesIdentity identity, std::string last)
    : series_(series), identity_(std::move(identity)), last_(std::move(last)) {
  if (identity_.collides) return;
  add(From::Name, "__name__");
  if (!last_.empty()) add(From::Last, last_);
  for (const meters::ConstantLabel& label : identity_.constants)
    add(From::Constant, label.name, series_.symbols().intern(label.text));
  for (std::size_t i = 0; i < identity_.columns.size(); ++i) add(From::Column, identity_.columns[i], kEmptySymbol, i);
  sort();
}

Naming::Naming(SeriesSet& series, const SampleFamily& family) : series_(series) {
  add(From::Name, "__name__");
  for (std::size_t i = 0; i < family.labels->columns(); ++i)
    add(From::Column, family.labels->column(i).prometheus_name, kEmptySymbol, i);
  sort();
}

void Naming::add(From from, std::string_view name, Symbol constant, std::size_t column) {
  sources_.push_back({from, series_.symbols().intern(name), constant, static_cast<std::uint32_t>(column)});
}

void Naming::sort() {
  const Symbols& symbols = series_.symbols();
  std::sort(sources_.begin(), sources_.end(),
            [&](const Source& a, const Source& b) { return symbols.text(a.name) < symbols.text(b.name); });
}

Symbol Naming::symbol_of(const meters::LabelSets& sets, std::size_t column, meters::ValueId id) {
  if (symbols_.size() < sets.columns()) symbols_.resize(sets.columns());
  auto& known = symbols_[column];
  if (known.size() <= id) known.resize(std::max<std::size_t>(id + 1, sets.ids(column)), kEmptySymbol);
  if (known[id] == kEmptySymbol) {
    const std::string_view text = sets.text(column, id);
    known[id] = series_.symbols().intern(is_utf8(text) ? text : std::string_view(to_utf8(text)));
  }
  return known[id];
}

std::span<const promql::LabelId> Naming::labels(const meters::LabelSets& sets, meters::Row row, Variant variant) {
  labels_.clear();
  if (identity_.collides) {
    merged(sets, row, variant);
    return labels_;
  }
  for (const Source& source : sources_) {
    Symbol value = source.constant;
    if (source.from == From::Name) value = variant.name;
    if (source.from == From::Last) value = variant.last;
    if (source.from == From::Column) {
      const meters::ValueId id = sets.id(row, source.column);
      value = id == meters::kNoValue ? kEmptySymbol : symbol_of(sets, source.column, id);
    }
    if (value != kEmptySymbol) labels_.push_back({source.name, value});
  }
  return labels_;
}

std::size_t Naming::bytes() const noexcept {
  std::size_t bytes = sources_.capacity() * sizeof(Source) + labels_.capacity() * sizeof(labels_[0]);
  for (const auto& known : symbols_) bytes += known.capacity() * sizeof(known[0]);
  return bytes;
}

void Naming::merged(const meters::LabelSets& sets, meters::Row row, Variant variant) {
  meters::merge_labels(identity_, sets, row, pairs_);
  Symbols& symbols = series_.symbols();
  for (const auto& [name, text] : pairs_) labels_.push_back({symbols.intern(name), symbols.intern(text)});
  labels_.push_back({series_.name_symbol(), variant.name});
  if (variant.last != kEmptySymbol) labels_.push_back({symbols.intern(last_), variant.last});
  std::sort(labels_.begin(), labels_.end(),
            [&](const auto& a, const auto& b) { return symbols.text(a.name) < symbols.text(b.name); });
}

}  // namespace tocsin::rules
