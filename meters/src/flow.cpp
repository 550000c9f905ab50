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

}  // namespace

void SnapshotBuilder::add(Family family) {
  assert(family.descriptor && family.origin && family.origin->resource && family.labels);
  assert(columns_match(family));
  if (family.states.empty()) return;
  families_.push_back(std::make_shared<const Family>(std::move(family)));
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
