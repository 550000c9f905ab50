// SPDX-License-Identifier: Apache-2.0
#include "traces/src/latency_histogram.h"

namespace tocsin::traces {

void NativeCells::grow(std::int32_t index) {
  std::int32_t low = index >> (kMaxNativeScale - scale), high = low;
  std::int32_t first = 0, last = -1;  // the buckets that are in use
  for (std::int32_t i = 0; i < size; ++i) {
    if (counts[i] == 0) continue;
    if (last < first) first = i;
    last = i;
  }
  if (last >= first) {
    low = std::min(low, offset + first);
    high = std::max(high, offset + last);
  }
  std::int32_t shift = 0;
  while ((high >> shift) - (low >> shift) >= kMaxNativeBuckets) ++shift;
  low >>= shift;
  high >>= shift;
  // Room on both sides, so that a latency that drifts does not grow bucket by bucket.
  const std::int32_t spare = std::min(kMaxNativeBuckets - (high - low + 1), std::max(8, (high - low + 1) / 2));
  const std::int32_t new_offset = low - spare / 2;
  const std::int32_t new_size = high - low + 1 + spare;
  auto wider = std::make_unique<std::uint64_t[]>(static_cast<std::size_t>(new_size));
  for (std::int32_t i = first; i <= last; ++i) wider[((offset + i) >> shift) - new_offset] += counts[i];
  counts = std::move(wider);
  offset = new_offset;
  size = new_size;
  scale -= shift;
}

}  // namespace tocsin::traces
