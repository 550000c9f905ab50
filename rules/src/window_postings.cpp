// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_postings.h"

#include <algorithm>

namespace tocsin::rules {

using promql::kEmptySymbol;
using promql::LabelId;
using promql::SeriesRow;
using promql::Symbol;

LabelPostings::LabelPostings(std::span<const Symbol> values) {
  // Neighbours often have the same value: sorted are the values where it changes, not all of them.
  for (const Symbol value : values)
    if (values_.empty() || values_.back() != value) values_.push_back(value);
  std::sort(values_.begin(), values_.end());
  values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
  values_.shrink_to_fit();
  starts_.resize(values_.size() + 1);
  if (values_.size() <= 1) {
    starts_.back() = static_cast<std::uint32_t>(values.size());
    return;
  }
  value_of_.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    value_of_[i] = i > 0 && values[i] == values[i - 1] ? value_of_[i - 1] : *find(values[i]);
    ++starts_[value_of_[i] + 1];
  }
  for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
  places_.resize(values.size());
  std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
  for (std::uint32_t i = 0; i < values.size(); ++i) places_[next[value_of_[i]]++] = i;
}

std::optional<std::uint32_t> LabelPostings::find(Symbol value) const noexcept {
  const auto at = std::lower_bound(values_.begin(), values_.end(), value);
  if (at == values_.end() || *at != value) return std::nullopt;
  return static_cast<std::uint32_t>(at - values_.begin());
}

std::size_t LabelPostings::bytes() const noexcept {
  return sizeof *this + (values_.capacity() + starts_.capacity() + places_.capacity() + value_of_.capacity()) * sizeof(std::uint32_t);
}

const LabelPostings* NamePostings::label(Symbol label, const LabelsOf& labels_of) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [symbol, made] : labels_)
    if (symbol == label) return made.get();
  std::vector<Symbol> values;
  values.reserve(rows_.size());
  bool any = false;
  for (const SeriesRow row : rows_) {
    const auto labels = labels_of(row);
    const auto found = std::find_if(labels.begin(), labels.end(), [&](const LabelId& of) { return of.name == label; });
    values.push_back(found == labels.end() ? kEmptySymbol : found->value);
    any = any || found != labels.end();
  }
  // Not kept: any text of the window can be asked for as a label.
  if (!any) return nullptr;
  labels_.emplace_back(label, std::make_unique<const LabelPostings>(values));
  label_bytes_ += labels_.back().second->bytes() + sizeof labels_[0];
  return labels_.back().second.get();
}

}  // namespace tocsin::rules
