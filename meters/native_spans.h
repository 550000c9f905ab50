// SPDX-License-Identifier: Apache-2.0
// Exponential buckets as Prometheus stores them: sparse spans of buckets indexed by their upper bound, with counts as
// differences.
//
//   NativeSpans spans = native_spans(histogram.positive, histogram.positive_offset, shift);
//
// Threads: pure. Costs a pass over the buckets.
#pragma once

#include <cstdint>
#include <vector>

#include "meters/snapshot.h"

namespace tocsin::meters {

inline constexpr std::int32_t kLeastSchema = -4, kMostSchema = 8;
inline constexpr double kLeastZeroThreshold = 1e-128;

struct NativeSpans {
  struct Span {
    std::int32_t offset;  // from the end of the span before; of the first, its index
    std::uint32_t length;
  };
  std::vector<Span> spans;
  std::vector<std::int64_t> deltas;
  std::uint64_t count = 0;
};

// counts[i] is bucket offset + i of the OTLP numbering; `shift` halves the resolution that often.
NativeSpans native_spans(const std::vector<std::uint64_t>& counts, std::int32_t offset, std::int32_t shift);

}  // namespace tocsin::meters
