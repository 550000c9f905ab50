// SPDX-License-Identifier: Apache-2.0
// An answer of /api/v1/explain as a terminal shows it: the verdict first, then the expression's parts, then each alert.
// Threads: pure.
#pragma once

#include <string>

#include "agent/check/json_tree.h"

namespace tocsin::agent {

std::string explain_text(const JsonValue& answer, bool colour);

}  // namespace tocsin::agent
