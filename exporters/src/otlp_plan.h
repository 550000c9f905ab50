// SPDX-License-Identifier: Apache-2.0
// The plan of one load: which families, in which order, and which of their rows are to be sent.
// Threads: immutable once made.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "exporters/otlp_encode.h"
#include "meters/snapshot.h"

namespace tocsin::exporters {

struct PlannedFamily {
  const meters::Family* family = nullptr;
  const meters::Family* previous = nullptr;  // the same series in the Snapshot before; null: not there
  std::int64_t snapshot_ns = 0;              // of the Snapshot that the family is from
  bool only_ended = false;                   // which was left out
  std::uint32_t resource = 0;                // equal for families of equal resources; they are neighbours
  std::uint32_t scope = 0;                   // likewise, within the resource

  // The row has something new to tell, apart from deltas. Requires: row < family->rows().
  bool is_news(meters::Row row) const noexcept;
};

struct OtlpPlan {
  std::vector<PlannedFamily> families;
  // By PlannedFamily::resource: the Resource message, and its schema URL.
  std::vector<std::string> resources, resource_schemas;
};

// In the order of the load, resources and scopes not numbered. The load must outlive them.
std::vector<PlannedFamily> families_of(const ExportLoad& load);
// Rows that are news.
std::uint64_t news_in(const ExportLoad& load);

// `added` goes to each resource that lacks the key. The load must outlive the plan.
OtlpPlan make_plan(const ExportLoad& load, const meters::Attributes& added);

}  // namespace tocsin::exporters
