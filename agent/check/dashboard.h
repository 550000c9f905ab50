// SPDX-License-Identifier: Apache-2.0
// Dashboard: what a dashboard of Grafana asks for, of its JSON: also one as Grafana's API wraps it, and one of before version 8,
// whose panels stand in rows.
//
//   DashboardReading dashboard = read_dashboard(tree);
//   for (const DashboardQuery& query : dashboard.queries) check(filled_in(query.expression, true));
//
// Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/check/json_tree.h"

namespace tocsin::agent {

struct DashboardQuery {
  enum class Use : unsigned char { Panel, Annotation, Variable };
  Use use = Use::Panel;
  std::string where;               // "panel "Failures" A", "variable dc"
  std::string expression;          // as it stands there, variables and all
  std::string legend;              // "{{status}}"
  std::optional<std::string> unit;  // that its values are shown in; nothing: cannot be told
  bool heatmap = false;            // unit is that of the buckets' bounds
  std::size_t offset = 0;          // of the expression's text in the file
};

struct DashboardReading {
  std::string uid, title, description;
  std::size_t uid_offset = 0;
  std::vector<DashboardQuery> queries;  // of Prometheus only
  std::vector<std::pair<std::size_t, std::string>> faults;  // by offset: what is no dashboard
};

DashboardReading read_dashboard(const JsonTree& tree);

// With variables replaced so that it can be parsed: ranges by 5m, names and values by kVariable and the variable's name.
// `numbers`: outside of texts variables are numbers.
std::string filled_in(std::string_view expression, bool numbers);

}  // namespace tocsin::agent
