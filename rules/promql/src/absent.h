// SPDX-License-Identifier: Apache-2.0
// absent: 1, with these labels, at the steps where the vector is empty.
#pragma once

#include "rules/promql/src/operator.h"

namespace tocsin::rules::promql {

OperatorPtr make_absent(Run& run, OperatorPtr child, SeriesKey labels);

}  // namespace tocsin::rules::promql
