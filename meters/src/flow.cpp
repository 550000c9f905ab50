// SPDX-License-Identifier: Apache-2.0
#include "meters/flow.h"

#include <algorithm>
#include <cassert>

namespace tocsin::meters {

namespace {

// Used by an assert only.
[[maybe_unused]] bool columns_match(const Family& family) {
  const std::size_t rows = family.states.size();
  const auto fits = [rows](std::size_t size) { return size == 0 || size == rows; };
  if (family.labels->rows() < rows || !fits(family.start_ns.size()) || !fits(family.time_ns.size())) return false;
  if (const auto* scalars = std::get_if<Scalars>(&family.points)) return scalars->bits.size() == rows;
  if (const auto* summaries = std::get_if<Summaries>(&family.points))
    return summaries->counts.size() == rows && summaries->sums.size() == rows && summaries->quantiles.size() == rows;
  const auto& histograms = std::get<Histograms>(family.points);
  return histograms.bounds && histograms.counts.size() == rows * histograms.buckets() &&
         histograms.sums.size() == rows && fits(histograms.min.size()) && fits(histograms.max.size()) &&
         fits(histograms.native.size());
}

constexpr std::chrono::minutes kEndedShownFor{5};

}  // namespace

void SnapshotBuilder::add(Family family) {
  assert(family.descriptor && family.origin && family.origin->resource && family.labels);
  assert(columns_match(family));
  if (family.states.empty()) return;
  if (family.descriptor->formerly) add_formerly(family);
  families_.push_back(std::make_shared<const Family>(std::move(family)));
}

// At its end the rows of the former name are shown as ended for a while, as those of any series that ends.
void SnapshotBuilder::add_formerly(const Family& family) {
  const Time until = family.descriptor->formerly_until;
  if (time_ >= until + kEndedShownFor) return;
  Family before = family;
  before.descriptor = family.descriptor->formerly;
  if (time_ >= until) before.states.assign(before.states.size(), RowState::Ended);
  families_.push_back(std::make_shared<const Family>(std::move(before)));
}

std::shared_ptr<const Snapshot> SnapshotBuilder::finish(std::uint64_t sequence) && {
  std::stable_sort(families_.begin(), families_.end(), [](const auto& a, const auto& b) {
    return a->descriptor->prometheus_name < b->descriptor->prometheus_name;
  });
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->sequence = sequence;
  snapshot->time = time_;
  snapshot->families = std::move(families_);
  return snapshot;
}

}  // namespace tocsin::meters
