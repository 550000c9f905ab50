// SPDX-License-Identifier: Apache-2.0
// A received exponential histogram as PromQL computes with it.
//
// Threads: pure. Costs a pass over its buckets and about 150 bytes.
#pragma once

#include "meters/snapshot.h"
#include "rules/promql/float_histogram.h"

namespace tocsin::rules {

// Null where its scale is coarser than Prometheus knows.
promql::HistogramPtr float_histogram(const meters::NativeHistogram& from, double sum);

// Of the same resolution, with no observation.
promql::HistogramPtr empty_histogram(const meters::NativeHistogram& like);

}  // namespace tocsin::rules
