// SPDX-License-Identifier: Apache-2.0
// The parts of recording a histogram that are not one's own two cells.
#include "meters/histogram.h"

#include <cmath>
#include <thread>

#include "meters/src/exemplar_cells.h"
#include "meters/src/family_core.h"
#include "meters/src/native_cells.h"

namespace tocsin::meters::detail {

// Never destroyed: handles may be used in static destructors.
const HistogramForm& nowhere_form() noexcept {
  static const HistogramForm& only = *new HistogramForm;
  return only;
}

void observe_elsewhere(CellIndex cell, std::uint32_t bucket, double value) noexcept {
  increase(cell, value);
  increase(cell + 1 + bucket, std::uint64_t{1});
}

void observe_native(const RowPlace& place, double value) noexcept {
  if (place.native != kNowhere) {
    const ThreadArena& mine = thread_arena;
    Cell* own = place.native < mine.limit ? &mine.cells[place.native] : private_cell(place.native);
    if (own != nullptr) return NativeCells(own).add_alone(value);
  }
  // A stripe is held for nanoseconds; that both are, again and again, takes threads that lost their cores inside.
  for (std::uint32_t stripe = 0;; stripe = (stripe + 1) % kNativeStripes) {
    if (NativeCells(place.family->native_stripe(place.slot, stripe)).try_add_locked(value)) return;
    if (stripe + 1 == kNativeStripes) std::this_thread::yield();
  }
}

void keep_exemplar(const RowPlace& place, std::uint32_t bucket, double value, const ExemplarContext& context) noexcept {
  if (place.family == nullptr) return;
  const RegistryLedger& ledger = place.family->ledger();
  if (ledger.closed.load(std::memory_order_acquire)) return;
  std::uint32_t index = bucket;
  if (place.family->setup().form->buckets.size() == 1) {
    const int octave = value > 0 ? std::ilogb(value) : 0;
    index = static_cast<std::uint32_t>(octave) % kNativeExemplars;
  }
  ExemplarCells{place.family->exemplar(place.slot, index)}.keep(value, to_unix_ns(ledger.clock->now()), context);
}

}  // namespace tocsin::meters::detail
