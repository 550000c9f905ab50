// SPDX-License-Identifier: Apache-2.0
// The check of each kind of file. Threads: pure.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/check/check.h"
#include "agent/check/known_meters.h"
#include "agent/check/query_check.h"
#include "rules/rule_file.h"

namespace tocsin::agent {

// What is known of all dashboards together.
struct CheckedBoards {
  std::set<std::string> shown = {};               // meters, by panels
  std::map<std::string, std::string> uids = {};   // whose each is
};
void check_dashboard(const GivenFile& file, const KnownMeters& known, CheckedBoards& boards, std::vector<Finding>& findings);

// What the rule files record becomes known, with labels and units; recordings may build upon each other in any order.
void learn_recordings(const std::vector<rules::RuleFile>& files, KnownMeters& known);
// How far back an agent's history goes.
struct KeptHistory {
  std::chrono::nanoseconds retention = std::chrono::hours{2}, recorded = std::chrono::hours{24 * 35}, lookback = std::chrono::minutes{5};
  std::set<std::string> names = {};  // that rules record
};
// A file that was read without faults. All that is found are warnings.
void check_rules(const GivenFile& file, const rules::RuleFile& rules, const KnownMeters& known, const KeptHistory& kept,
                 std::vector<Finding>& findings);

// What is odd about the form of an alert's expression, whatever meters there are: no comparison that filters, or a guard that
// holds for one side of an "or" only.
std::vector<QueryFinding> check_form(const rules::promql::Expr& expr);

}  // namespace tocsin::agent
