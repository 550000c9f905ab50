// SPDX-License-Identifier: Apache-2.0
// info(): adds to each series the labels of the info series (target_info) of the same instance and job.
#pragma once

#include "rules/promql/src/selector.h"

namespace tocsin::rules::promql {

struct InfoPlan {
  OperatorPtr child;
  std::vector<Matcher> matchers;  // of the second argument
  bool has_matchers = false;
  Shift shift;                    // of the first argument's selector
};

OperatorPtr make_info(Run& run, InfoPlan plan);

}  // namespace tocsin::rules::promql
