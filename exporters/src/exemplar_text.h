// SPDX-License-Identifier: Apache-2.0
// Exemplars as OpenMetrics writes them, within its limit of 128 code points for names and texts together.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meters/snapshot.h"

namespace tocsin::exporters {

// trace_id, span_id, then further attributes for as long as they fit; each name once.
std::vector<std::pair<std::string, std::string>> exemplar_labels(const meters::Exemplar& exemplar);

// ` # {trace_id="..."} 0.67 1520879607.789`
void append_exemplar(std::string& out, const meters::Exemplar& exemplar);

}  // namespace tocsin::exporters
