// SPDX-License-Identifier: Apache-2.0
// `tocsin generate slo`: the objectives of a configuration as rule files of Prometheus, each with its unit test.
#pragma once

#include "agent/commands/commands.h"

namespace tocsin::agent {

int generate_slo_command(Words words);

}  // namespace tocsin::agent
