// SPDX-License-Identifier: Apache-2.0
// Native histograms of one series in bytes: each as its difference to the one before while their buckets are the same.
//
// Threads: pure. Costs about 1 byte a bucket that moved.
#pragma once

#include <span>
#include <vector>

#include "rules/src/window_bits.h"
#include "rules/promql/float_histogram.h"

namespace tocsin::rules {

// Null histograms stand for the float at the same place.
void write_histogram_run(std::span<const promql::HistogramPtr> histograms, std::span<const double> values, ByteWriter& writer);
// False where the bytes do not hold `count` samples.
bool read_histogram_run(ByteReader& reader, std::size_t count, std::vector<promql::HistogramPtr>& histograms,
                        std::vector<double>& values);

}  // namespace tocsin::rules
