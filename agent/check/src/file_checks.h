// SPDX-License-Identifier: Apache-2.0
// The check of each kind of file. Threads: pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/check/check.h"
#include "agent/check/known_meters.h"
#include "rules/rule_file.h"

namespace tocsin::agent {

// Adds to `shown` the meters that panels show.
void check_dashboard(const GivenFile& file, const KnownMeters& known, std::set<std::string>& shown, std::vector<Finding>& findings);

// What the rule files record becomes known, with labels and units; recordings may build upon each other in any order.
void learn_recordings(const std::vector<rules::RuleFile>& files, KnownMeters& known);
// A file that was read without faults.
void check_rules(const GivenFile& file, const rules::RuleFile& rules, const KnownMeters& known, std::vector<Finding>& findings);

}  // namespace tocsin::agent
