// SPDX-License-Identifier: Apache-2.0
// QueryCheck: an expression of PromQL against the meters that exist: unknown names, labels and closed values, a counter
// without rate, a rate of a gauge, a quantile without `le`, a division by itself.
//
//   QueryMeaning meaning = check_query(*expr, known);
//   for (const QueryFinding& finding : meaning.findings) say(finding.message);
//   meaning.unit, meaning.labels;                        // of the result
//
// Sound rather than complete: what it cannot know it does not complain about.
// Threads: pure. Costs about a microsecond a node.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/check/known_meters.h"
#include "agent/check/unit.h"
#include "rules/promql/ast.h"

namespace tocsin::agent {

struct QueryFinding {
  rules::promql::SourceRange range;  // of the expression's text
  std::string word;                  // what it is about, as it stands there; may be empty
  std::string message;
  bool doubtful = false;             // may be as it was meant: a warning, in a dashboard too
};

// The labels that a result may have; false where they are not known: any.
class ResultLabels {
 public:
  ResultLabels() = default;
  explicit ResultLabels(std::set<std::string> names) : known_(true), names_(std::move(names)) {}
  explicit operator bool() const noexcept { return known_; }
  const std::set<std::string>& operator*() const noexcept { return names_; }
  const std::set<std::string>* operator->() const noexcept { return &names_; }
  std::set<std::string>& names() noexcept { return names_; }
  void forget() noexcept { known_ = false; }

 private:
  bool known_ = false;
  std::set<std::string> names_;
};

struct QueryMeaning {
  std::vector<QueryFinding> findings;
  ResultLabels labels;
  SeriesKind kind = SeriesKind::Unknown;
  Unit unit;
  bool raw_counter = false;       // it is what a counter counted since its start
  Unit bound_unit;                // of results with `le`: what it measures
  std::set<std::string> meters;   // that it reads, by their declared names
};

// `recorded`: for other queries to read, so that a raw counter is no finding.
QueryMeaning check_query(const rules::promql::Expr& expr, const KnownMeters& known, bool recorded = false);

// What a variable of a dashboard stands for in a name or a value, until somebody chooses: matches everything.
inline constexpr std::string_view kVariable = "tocsin_variable_";

}  // namespace tocsin::agent
