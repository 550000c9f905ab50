// SPDX-License-Identifier: Apache-2.0
// A native histogram as text.
//
//   to_string(h);        // {count:3, sum:-0.3, [-0.5,0.5]:1, (1,2]:2}: as Prometheus' API and interface show it
//   notation(h);         // {{schema:1 count:3 sum:-0.3 z_bucket:1 z_bucket_w:0.5 buckets:[2]}}: as test scripts write it
//
// Threads: pure. Costs about 100 ns a number.
#pragma once

#include <string>

#include "rules/promql/float_histogram.h"

namespace tocsin::rules::promql {

std::string to_string(const FloatHistogram& histogram);
std::string notation(const FloatHistogram& histogram);

}  // namespace tocsin::rules::promql
