// SPDX-License-Identifier: Apache-2.0
// The Prometheus text format, version 0.0.4 (and 1.0.0, which adds quoted UTF-8 names): what every scraper reads.
//
//   encode_text(*snapshot, {}, sink);       // # HELP, # TYPE, one line a sample; le as Go writes it: le="5e+06"
//
// A histogram that has native buckets only is shown by its count, sum and +Inf bucket: see docs/decisions.
// Threads: pure. Costs about 25 ns a series with integer value and three labels. Lost in this format: units, exemplars,
// start times, native buckets.
#pragma once

#include "exporters/exposition.h"

namespace tocsin::exporters {

ExpositionReport encode_text(const meters::Snapshot& snapshot, const ExpositionOptions& options, const BlockSink& sink);

}  // namespace tocsin::exporters
