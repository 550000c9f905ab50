// SPDX-License-Identifier: Apache-2.0
// A native histogram as it was sent, as PromQL computes with it. Errors: Input, in Prometheus' words, where its parts do not fit
// together.
#pragma once

#include "meters/base/result.h"
#include "rules/promql/float_histogram.h"
#include "wire/sparse_histogram.h"

namespace tocsin::agent {

Result<rules::promql::HistogramPtr> native_sample(const wire::SparseHistograms& from, const wire::SparseHistogram& histogram);

}  // namespace tocsin::agent
