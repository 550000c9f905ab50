// SPDX-License-Identifier: Apache-2.0
// The parts of `tocsin generate` that have flags of their own. Threads: the main thread.
#pragma once

#include <optional>

#include "agent/commands/commands.h"

namespace tocsin::agent {

// `tocsin generate grafana|prometheus|alertmanager ...`: the exit status; nothing where it is none of these.
std::optional<int> generate_provisioning(Words words);

}  // namespace tocsin::agent
