// SPDX-License-Identifier: Apache-2.0
// What a family of histograms shows.
#include <algorithm>
#include <limits>

#include "meters/src/cell_space.h"
#include "meters/src/exemplar_cells.h"
#include "meters/src/family_core.h"
#include "meters/src/native_cells.h"

namespace tocsin::meters::detail {

Histograms FamilyCore::histograms(const Sums& sums, std::uint32_t rows) const {
  const HistogramForm& form = *setup_.form;
  Histograms points;
  points.bounds = form.buckets.bounds();
  const std::uint32_t buckets = form.buckets.size();
  points.counts.reserve(std::size_t{rows} * buckets);
  points.sums.reserve(rows);
  for (Row row = 0; row < rows; ++row) {
    const std::uint32_t slot = slot_of(row);
    std::span<const std::uint64_t> now = of_slot(sums, slot);
    std::span<const std::uint64_t> before;
    if (const auto past = past_.find(slot); past != past_.end()) {
      if (rows_.record(slot).phase == Phase::Ended) now = past->second.ended_with;
      before = past->second.begun_with;
    }
    const double sum = std::bit_cast<double>(now[0]) - (before.empty() ? 0 : std::bit_cast<double>(before[0]));
    points.sums.push_back(sum);
    for (std::uint32_t i = 1; i <= buckets; ++i) points.counts.push_back(now[i] - (before.empty() ? 0 : before[i]));
    if (form.native) add_native(points, slot);
  }
  return points;
}

void FamilyCore::add_native(Histograms& points, std::uint32_t slot) const {
  double min = kNoValueSent, max = kNoValueSent;
  NativeHistogram native = native_of(slot, min, max);
  if (const auto past = past_.find(slot); past != past_.end()) {
    if (rows_.record(slot).phase == Phase::Ended) native = past->second.native_ended;
    subtract(native, past->second.native_begun);
    // The extremes of a life that began in the middle are not known.
    if (!past->second.begun_with.empty()) min = max = kNoValueSent;
  }
  // Without bounds the count is that of the native buckets, read at the same moment.
  if (points.bounds->empty()) points.counts.back() = count(native);
  points.min.push_back(min);
  points.max.push_back(max);
  points.native.push_back(std::move(native));
}

NativeHistogram FamilyCore::native_of(std::uint32_t slot, double& min, double& max) const {
  NativeHistogram total;
  total.scale = kMaxExponentialScale;
  min = max = kNoValueSent;
  const auto add = [&](Cell* cells) {
    const NativeCells::Read part = NativeCells(cells).read();
    if (part.empty) return;
    merge(total, part.buckets);
    // Comparisons with NaN are false: the first part sets both.
    if (!(min <= part.min)) min = part.min;
    if (!(max >= part.max)) max = part.max;
  };
  if (const CellIndex native = rows_.record(slot).native.load(std::memory_order_relaxed); native != kNowhere)
    for_each_arena(native, kNativeCells, [&](std::span<const Cell> cells) { add(const_cast<Cell*>(cells.data())); });
  for (std::uint32_t stripe = 0; stripe < kNativeStripes; ++stripe) add(native_stripe(slot, stripe));
  if (total.positive.empty()) total.positive_offset = 0;
  return total;
}

std::vector<Exemplar> FamilyCore::exemplars(std::uint32_t rows) const {
  std::vector<Exemplar> kept;
  const bool only_native = setup_.form->buckets.size() == 1;
  const std::uint32_t most = exemplars_of(*setup_.form);
  for (Row row = 0; row < rows; ++row) {
    const std::uint32_t slot = slot_of(row);
    for (std::uint32_t i = 0; i < most; ++i) {
      auto exemplar = ExemplarCells{this->exemplar(slot, i)}.read();
      if (!exemplar || to_unix_ns(exemplar->time) < rows_.record(slot).start_ns) continue;
      exemplar->row = row;
      exemplar->bucket = only_native ? 0 : i;
      kept.push_back(std::move(*exemplar));
    }
  }
  return kept;
}

}  // namespace tocsin::meters::detail
