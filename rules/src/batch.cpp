// SPDX-License-Identifier: Apache-2.0
#include "rules/batch.h"

#include <utility>

namespace tocsin::rules {

std::uint32_t BatchBuilder::family(std::string_view name) {
  const auto [at, added] = by_name_.try_emplace(std::string(name), static_cast<std::uint32_t>(families_.size()));
  if (added) families_.push_back({at->first, std::make_unique<meters::LabelSetTable>(), nullptr, {}});
  return at->second;
}

BatchBuilder::Place BatchBuilder::place(std::string_view name, std::span<const Label> labels) {
  const std::uint32_t at = family(name);
  Family& into = families_[at];
  std::vector<meters::ValueId> ids(into.table->columns());
  for (const auto& [label, text] : labels) {
    if (text.empty()) continue;
    const auto [column, added] = into.columns.try_emplace(std::string(label), into.table->columns());
    if (added) into.table->add_column({column->first, column->first});
    ids.resize(into.table->columns());
    ids[column->second] = into.table->intern(column->second, text, meters::LabelType::String);
  }
  return {at, into.table->find_or_append(ids)};
}

void BatchBuilder::describe(std::string_view name, std::shared_ptr<const meters::Descriptor> descriptor) {
  families_[family(name)].descriptor = std::move(descriptor);
}

void BatchBuilder::add(Place place, std::int64_t time_ms, double value, std::int64_t start_ms) {
  batch_.family.push_back(place.family);
  batch_.row.push_back(place.row);
  batch_.time_ms.push_back(time_ms);
  batch_.start_ms.push_back(start_ms);
  batch_.values.push_back(value);
  if (!batch_.histograms.empty()) batch_.histograms.emplace_back();
}

void BatchBuilder::add(Place place, std::int64_t time_ms, promql::HistogramPtr histogram, std::int64_t start_ms) {
  batch_.histograms.resize(batch_.size());
  add(place, time_ms, 0.0, start_ms);
  batch_.histograms.resize(batch_.size());
  batch_.histograms.back() = std::move(histogram);
}

void BatchBuilder::add_exemplar(Place place, SampleExemplar exemplar) {
  exemplar.family = place.family;
  exemplar.row = place.row;
  batch_.exemplars.push_back(std::move(exemplar));
}

const Batch& BatchBuilder::batch() {
  batch_.families.clear();
  for (Family& family : families_) batch_.families.push_back({family.name, family.table->view(), family.descriptor});
  return batch_;
}

void BatchBuilder::clear() {
  Batch empty;
  empty.families = std::move(batch_.families);
  empty.recorded = batch_.recorded;
  empty.internal = batch_.internal;
  batch_ = std::move(empty);
}

}  // namespace tocsin::rules
