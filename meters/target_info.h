// SPDX-License-Identifier: Apache-2.0
// target_info: what is known of each sender, one series a job and instance, joined by queries on those two labels.
//
//   for (const auto& family : target_info_families(*snapshot)) encode(*family);
//
// Threads: pure. Costs a small family a sender.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "meters/snapshot.h"

namespace tocsin::meters {

inline constexpr std::string_view kTargetInfoName = "target_info";

// Null where there is nothing to tell besides job and instance. Promoted attributes are among these labels anyway.
std::shared_ptr<const Family> target_info_family(const Resource& resource);
// One family with one row for each resource that has live rows and attributes besides those that make job and instance.
std::vector<std::shared_ptr<const Family>> target_info_families(const Snapshot& snapshot);

}  // namespace tocsin::meters
