// SPDX-License-Identifier: Apache-2.0
// Going through the rows of a load, family after family: what encoders of every format share.
// Threads: pure.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "exporters/metrics_encoder.h"
#include "exporters/src/otlp_plan.h"

namespace tocsin::exporters {

inline ExportCursor end_of(const std::vector<PlannedFamily>& families) noexcept {
  return {static_cast<std::uint32_t>(families.size()), 0};
}

inline void step(ExportCursor& at, const std::vector<PlannedFamily>& families) noexcept {
  if (++at.row < families[at.family].family->rows()) return;
  ++at.family;
  at.row = 0;
}

// The request in at least two. `fill`: a request of the rows from one cursor until another, of so many points at most.
template <class Fill>
std::vector<ExportRequest> halved(const ExportRequest& request, const Fill& fill) {
  std::vector<ExportRequest> parts;
  if (request.points < 2) return parts;
  for (ExportCursor from = request.begin; from < request.end; from = parts.back().end) {
    ExportRequest part = fill(from, request.end, (request.points + 1) / 2);
    if (part.points == 0) break;
    parts.push_back(std::move(part));
  }
  if (!parts.empty()) parts.back().end = request.end;
  return parts;
}

}  // namespace tocsin::exporters
