// SPDX-License-Identifier: Apache-2.0
// /api/v1/status/tsdb: which names and labels the history's series are made of.
// Threads: pure. Costs a pass over all labels of all series, 50 ns each.
#pragma once

#include "agent/api/src/api_call.h"
#include "rules/window.h"

namespace tocsin::agent {

void answer_tsdb(ApiCall& call, const rules::WindowView& view);

}  // namespace tocsin::agent
