// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "agent/check/dashboard.h"
#include "agent/check/query_check.h"
#include "agent/check/src/file_checks.h"
#include "agent/check/src/selector_check.h"
#include "meters/base/text.h"
#include "rules/promql/parse.h"

namespace tocsin::agent {

namespace {

using rules::promql::Parsed;

// The labels that a legend shows: {{name}}.
std::vector<std::string> legend_labels(std::string_view legend) {
  std::vector<std::string> labels;
  for (std::size_t at = legend.find("{{"); at != std::string_view::npos; at = legend.find("{{", at + 2)) {
    const auto end = legend.find("}}", at);
    if (end == std::string_view::npos) break;
    labels.emplace_back(trim(legend.substr(at + 2, end - at - 2)));
  }
  return labels;
}

class DashboardCheck {
 public:
  DashboardCheck(const GivenFile& file, const JsonTree& tree, const KnownMeters& known, std::vector<Finding>& findings)
      : file_(file), tree_(tree), known_(known), findings_(findings) {}

  // What the query reads, if it can be read.
  std::set<std::string> check(const DashboardQuery& query) {
    if (query.use == DashboardQuery::Use::Variable) return check_variable(query);
    const QueryMeaning meaning = check_expression(query, query.expression);
    if (query.use != DashboardQuery::Use::Panel) return {};
    if (meaning.labels)
      for (const std::string& label : legend_labels(query.legend))
        if (!meaning.labels->contains(label))
          add(query, "{{" + label, "the legend shows label " + label + ", which the result does not have" + did_you_mean(label, *meaning.labels));
    check_unit(query, meaning);
    return meaning.meters;
  }

 private:
  void add(const DashboardQuery& query, std::string_view word, const std::string& message, bool warning = false) {
    // The text stands there with escapes; a word of a query has none.
    std::size_t at = find_word(file_.text, word, query.offset);
    if (at == std::string::npos || at > query.offset + query.expression.size() * 2 + query.legend.size() + 400) at = query.offset;
    const JsonPlace place = tree_.place(at);
    findings_.push_back({file_.name, place.line, place.column, query.where + ": " + message, warning});
  }

  QueryMeaning check_expression(const DashboardQuery& query, const std::string& expression) {
    Parsed parsed = rules::promql::parse_all(filled_in(expression, false));
    if (!parsed.faults.empty()) {
      if (Parsed again = rules::promql::parse_all(filled_in(expression, true)); again.faults.empty()) parsed = std::move(again);
    }
    for (const auto& fault : parsed.faults) add(query, "", "not PromQL: " + fault.message);
    if (!parsed.faults.empty()) return {};
    QueryMeaning meaning = check_query(*parsed.expr, known_, query.use != DashboardQuery::Use::Panel);
    for (const QueryFinding& finding : meaning.findings) add(query, finding.word, finding.message, finding.doubtful);
    return meaning;
  }

  void check_unit(const DashboardQuery& query, const QueryMeaning& meaning) {
    if (!query.unit) return;
    const auto shown = panel_unit(*query.unit);
    const Unit& measured = query.heatmap ? meaning.bound_unit : meaning.unit;
    if (!shown || shown->fits(measured)) return;
    add(query, "", "shows " + measured.words() + " in unit \"" + *query.unit + '"' +
                       (shown->known() ? ", which is for " + shown->words() : ", which is for plain numbers"));
  }

  // label_values(selector, label), label_values(label), query_result(query).
  std::set<std::string> check_variable(const DashboardQuery& query) {
    std::string_view text = trim(query.expression);
    const auto inner = [&](std::string_view function) -> std::optional<std::string> {
      if (!text.starts_with(function) || !text.ends_with(')')) return std::nullopt;
      return std::string(trim(text.substr(function.size(), text.size() - function.size() - 1)));
    };
    if (const auto expression = inner("query_result(")) return check_expression(query, *expression).meters;
    const auto arguments = inner("label_values(");
    if (!arguments) return {};
    const auto comma = arguments->rfind(',');
    if (comma == std::string::npos || arguments->find('}', comma) != std::string::npos) return {};
    const std::string label(trim(std::string_view(*arguments).substr(comma + 1)));
    const QueryMeaning meaning = check_expression(query, std::string(trim(arguments->substr(0, comma))));
    if (meaning.labels && !meaning.labels->contains(label))
      add(query, label, "the meter has no label " + label + did_you_mean(label, *meaning.labels));
    return {};
  }

  const GivenFile& file_;
  const JsonTree& tree_;
  const KnownMeters& known_;
  std::vector<Finding>& findings_;
};

}  // namespace

void check_dashboard(const GivenFile& file, const KnownMeters& known, CheckedBoards& boards, std::vector<Finding>& findings) {
  JsonPlace place;
  const auto tree = JsonTree::parse(file.text, &place);
  if (!tree) return findings.push_back({file.name, place.line, place.column, tree.error().message});
  const DashboardReading dashboard = read_dashboard(*tree);
  const auto fault = [&](std::size_t offset, std::string message) {
    const JsonPlace at = tree->place(offset);
    findings.push_back({file.name, at.line, at.column, std::move(message)});
  };
  for (const auto& [offset, message] : dashboard.faults) fault(offset, message);
  if (const auto [owner, first] = boards.uids.try_emplace(dashboard.uid, file.name); !first && !dashboard.uid.empty())
    fault(dashboard.uid_offset, "its uid \"" + dashboard.uid + "\" is that of " + owner->second + ": give each its own");
  DashboardCheck check(file, *tree, known, findings);
  for (const DashboardQuery& query : dashboard.queries) {
    const std::set<std::string> meters = check.check(query);
    if (query.use == DashboardQuery::Use::Panel) boards.shown.insert(meters.begin(), meters.end());
  }
}

}  // namespace tocsin::agent
