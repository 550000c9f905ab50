// SPDX-License-Identifier: Apache-2.0
// Exemplar cells: the latest exemplar of each bucket, in kExemplarCells shared cells each.
//
// Threads: keep() on any; where two meet one of them is not kept. read() on any while others keep.
#pragma once

#include <optional>

#include "meters/arena.h"
#include "meters/histogram.h"

namespace tocsin::meters::detail {

inline constexpr std::uint32_t kExemplarCells = 6;  // version, value, time, trace id, span id
// A histogram without bounds keeps this many, told apart by the octave of their values.
inline constexpr std::uint32_t kNativeExemplars = 8;

inline std::uint32_t exemplars_of(const HistogramForm& form) noexcept {
  return form.buckets.size() > 1 ? form.buckets.size() : kNativeExemplars;
}

struct ExemplarCells {
  Cell* cells;

  void keep(double value, std::int64_t time_ns, const ExemplarContext& context) noexcept;
  // Nothing where none was kept, or one is being kept.
  std::optional<Exemplar> read() const noexcept;
};

}  // namespace tocsin::meters::detail
