// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "rules/promql/src/aggregate.h"

namespace tocsin::rules::promql {

Grouper::Grouper(LabelSpace& space, std::vector<Symbol> labels, bool without)
    : space_(space), labels_(std::move(labels)), without_(without), slots_(64) {
  if (without_) labels_.push_back(space_.name());
  std::sort(labels_.begin(), labels_.end(), [&](Symbol a, Symbol b) { return space_.text(a) < space_.text(b); });
  labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
  wanted_.resize(labels_.size());
  places_.resize(labels_.size());
}

void Grouper::forget() {
  groups_ = 0;
  values_.clear();
  std::fill(slots_.begin(), slots_.end(), 0);
  rest_ = KeyTable();
}

std::uint32_t Grouper::group_by(SeriesKey key) {
  for (std::size_t i = 0; i < labels_.size(); ++i) wanted_[i] = value_of(key, i);
  if (groups_ > 0 && is_wanted(last_)) return last_;  // neighbours are often of one group
  std::uint64_t hash = 0;
  for (const Symbol wanted : wanted_) hash = mix(hash, wanted);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const std::uint32_t slot = slots_[at];
    if (slot != 0) {
      if (is_wanted(slot - 1)) return last_ = slot - 1;
      continue;
    }
    values_.insert(values_.end(), wanted_.begin(), wanted_.end());
    slots_[at] = static_cast<std::uint32_t>(++groups_);
    const auto group = static_cast<std::uint32_t>(groups_ - 1);
    last_ = group;
    if (groups_ * 2 >= slots_.size()) grow();
    return group;
  }
}

// Of series of one metric a label mostly stands at the same place.
Symbol Grouper::value_of(SeriesKey key, std::size_t i) noexcept {
  if (places_[i] < key.size && key.data[places_[i]].name == labels_[i]) [[likely]] return key.data[places_[i]].value;
  for (std::uint32_t place = 0; place < key.size; ++place) {
    if (key.data[place].name != labels_[i]) continue;
    places_[i] = place;
    return key.data[place].value;
  }
  return kEmptySymbol;
}

bool Grouper::is_wanted(std::uint32_t group) const noexcept {
  const Symbol* const values = values_.data() + group * labels_.size();
  for (std::size_t i = 0; i < labels_.size(); ++i)
    if (values[i] != wanted_[i]) return false;
  return true;
}

void Grouper::grow() {
  std::vector<std::uint32_t> larger(slots_.size() * 4);
  const std::size_t mask = larger.size() - 1;
  for (std::uint32_t group = 0; group < groups_; ++group) {
    std::uint64_t hash = 0;
    for (std::size_t i = 0; i < labels_.size(); ++i) hash = mix(hash, values_[group * labels_.size() + i]);
    std::size_t at = hash & mask;
    while (larger[at] != 0) at = (at + 1) & mask;
    larger[at] = group + 1;
  }
  slots_ = std::move(larger);
}

std::uint32_t Grouper::group_without(SeriesKey key) {
  const SeriesKey rest = space_.without_view(key, labels_);
  const std::size_t before = rest_.keys().size();
  const std::uint32_t group = rest_.number(rest);
  if (group == before) rest_.keys()[group] = space_.lasting(rest);
  return group;
}

SeriesKey Grouper::labels(std::size_t group) const {
  if (without_) {
    SeriesKey key = rest_.keys()[group];
    key.drop_name = false;
    return key;
  }
  std::vector<LabelId> labels;
  for (std::size_t i = 0; i < labels_.size(); ++i) labels.push_back({labels_[i], values_[group * labels_.size() + i]});
  return space_.make(std::move(labels));
}

}  // namespace tocsin::rules::promql
