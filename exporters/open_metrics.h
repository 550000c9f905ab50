// SPDX-License-Identifier: Apache-2.0
// OpenMetrics text, version 1.0.0: what a Prometheus asks for first unless it scrapes native histograms.
//
//   encode_open_metrics(*snapshot, {}, sink);     // # TYPE, # UNIT, # HELP, exemplars, ... # EOF
//
// Samples have the same names as in text 0.0.4: a counter whose name lacks _total is of type unknown. Where the
// format forbids what we have it is left out: a sum beside negative buckets (and the count with it), a counter below
// zero, a family whose sample names belong to an earlier one. Without "# EOF" at its end an answer is incomplete.
// Threads: pure. Costs as text 0.0.4. Lost in this format: native buckets; start times unless created_lines is on.
#pragma once

#include "exporters/exposition.h"

namespace tocsin::exporters {

ExpositionReport encode_open_metrics(const meters::Snapshot& snapshot, const ExpositionOptions& options,
                                     const BlockSink& sink);

}  // namespace tocsin::exporters
