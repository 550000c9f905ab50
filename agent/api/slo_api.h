// SPDX-License-Identifier: Apache-2.0
// How the service level objectives stand, as JSON: /api/v1/status/slo.
//
//   send_json(responder, 200, slo_answer(alerting.state().slos));
//
// Threads: pure. Costs about 1 us a group and window.
#pragma once

#include <string>

#include "agent/slo/slo_engine.h"

namespace tocsin::agent {

std::string slo_answer(const SloStates& states);

}  // namespace tocsin::agent
