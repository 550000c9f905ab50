// SPDX-License-Identifier: Apache-2.0
// Operators that save work: StepInvariant evaluates once for all steps, Shared once for all who ask.
#pragma once

#include "rules/promql/src/operator.h"

namespace tocsin::rules::promql {

OperatorPtr make_step_invariant(Run& run, OperatorPtr child);

// What several parts of a plan read. While only one does, it streams.
struct SharedPart;
std::shared_ptr<SharedPart> make_shared_part(Run& run, OperatorPtr child);
OperatorPtr make_reader(Run& run, std::shared_ptr<SharedPart> part);

}  // namespace tocsin::rules::promql
