// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "agent/check/query_check.h"
#include "agent/check/src/file_checks.h"
#include "agent/check/src/selector_check.h"
#include "meters/base/text.h"
#include "rules/look_back.h"
#include "rules/promql/parse.h"
#include "rules/template/alert_template.h"

namespace tocsin::agent {

namespace {

using rules::FilePlace;
using rules::Rule;
using rules::RuleFile;
using rules::RuleGroup;
using rules::templates::AlertTemplate;

std::size_t offset_of(std::string_view text, FilePlace place) {
  std::size_t at = 0;
  for (std::size_t line = 1; line < place.line; ++line) {
    const auto end = text.find('\n', at);
    if (end == std::string_view::npos) return text.size();
    at = end + 1;
  }
  return std::min(at + place.column - 1, text.size());
}

FilePlace place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto last = before.rfind('\n');
  return {static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1,
          last == std::string_view::npos ? offset + 1 : offset - last};
}

// The words behind a value that say what it is: "ms", "% of requests", " requests a minute".
Unit said_by(std::string_view following) {
  if (following.starts_with('%')) return Unit::one(0.01);
  const std::string_view text = trim(following.substr(0, 40));
  std::size_t end = 0;
  while (end < text.size() && static_cast<unsigned char>(text[end]) > ' ' && std::string_view(",.;:()\"'").find(text[end]) == std::string_view::npos) ++end;
  const std::string_view word = text.substr(0, end);
  constexpr std::array<std::pair<std::string_view, double>, 9> kTimes{{{"s", 1}, {"seconds", 1}, {"ms", 1e-3}, {"milliseconds", 1e-3}, {"us", 1e-6},
                                                                       {"µs", 1e-6}, {"microseconds", 1e-6}, {"minutes", 60}, {"hours", 3600}}};
  for (const auto& [name, scale] : kTimes)
    if (word == name) return {Unit::Base::Seconds, {}, false, scale};
  if (word == "bytes" || word == "B") return {Unit::Base::Bytes, {}, false, 1};
  constexpr std::array<std::pair<std::string_view, double>, 6> kRates{{{" a minute", 1.0 / 60}, {" per minute", 1.0 / 60}, {"/min", 1.0 / 60},
                                                                       {" a second", 1}, {" per second", 1}, {"/s", 1}}};
  for (const auto& [name, scale] : kRates)
    if (text.substr(end).starts_with(name) || word.ends_with(name)) return {Unit::Base::Count, {}, true, scale};
  return {};
}

// What an annotation says of $value, at each place where it shows it.
std::vector<Unit> said_of_value(std::string_view text) {
  std::vector<Unit> said;
  for (std::size_t at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 2)) {
    const auto end = text.find("}}", at);
    if (end == std::string_view::npos) break;
    const std::string_view action = text.substr(at + 2, end - at - 2);
    if (action.find("$value") == std::string_view::npos && action.find(".Value") == std::string_view::npos) continue;
    if (action.find("humanizePercentage") != std::string_view::npos)
      said.push_back(Unit::one());
    else if (action.find("humanizeDuration") != std::string_view::npos || action.find("humanizeTimestamp") != std::string_view::npos)
      said.push_back(Unit::of("s"));
    else
      said.push_back(said_by(text.substr(end + 2)));
  }
  return said;
}

// Tried on an example without labels; what else fails may be due to that.
std::string unknown_field(const AlertTemplate& words) {
  const rules::AlertLabels none;
  bool failed = false;
  const std::string text = words.expand({none, none}, {}, &failed);
  return failed && text.find("can't evaluate field") != std::string::npos ? text : "";
}

class RulesCheck {
 public:
  RulesCheck(const GivenFile& file, const KnownMeters& known, const KeptHistory& kept, std::vector<Finding>& findings)
      : file_(file), known_(known), kept_(kept), findings_(findings) {}

  void check(const RuleGroup& group, const Rule& rule) {
    const QueryMeaning meaning = check_query(*rule.expr, known_, rule.kind == Rule::Kind::Record);
    for (const QueryFinding& finding : meaning.findings) add(rule, rule.expression_place, finding.word, finding.message);
    check_look_back(group, rule);
    if (rule.kind == Rule::Kind::Record) return;
    for (const QueryFinding& finding : check_form(*rule.expr)) add(rule, rule.expression_place, finding.word, finding.message);
    for (const auto& [name, text] : rule.labels) check_template(group, rule, "label " + name, text, meaning);
    for (const auto& [name, text] : rule.annotations) {
      check_template(group, rule, "annotation " + name, text, meaning);
      for (const Unit& said : said_of_value(text))
        if (!said.fits(meaning.unit))
          add(rule, rule.place, name, "annotation " + name + " shows the value as " + said.words() + ", but it is " + meaning.unit.words());
    }
  }

 private:
  void add(const Rule& rule, FilePlace from, std::string_view word, const std::string& message) {
    const std::size_t begin = offset_of(file_.text, from);
    const auto found = find_word(file_.text, word, begin);
    const FilePlace place = found == std::string::npos ? from : place_of(file_.text, found);
    findings_.push_back({file_.name, place.line, place.column,
                         (rule.kind == Rule::Kind::Alert ? "alert " : "record ") + rule.name + ": " + message, true});
  }

  // An agent does not evaluate it on less than it asks for.
  void check_look_back(const RuleGroup& group, const Rule& rule) {
    const auto offset = group.query_offset.value_or(std::chrono::milliseconds(0));
    for (const rules::SelectorUse& use : rules::selectors_of(*rule.expr, std::chrono::duration_cast<std::chrono::milliseconds>(kept_.lookback))) {
      const std::string& name = use.selector->name;
      const auto kept = kept_.names.contains(name) ? std::max(kept_.recorded, kept_.retention) : kept_.retention;
      const auto back = std::chrono::milliseconds(use.oldest_ms) + offset;
      if (use.fixed || back <= kept) continue;
      const auto text = [](std::chrono::nanoseconds time) {
        return rules::promql::duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
      };
      return add(rule, rule.expression_place, name, "looks back " + text(back) + ", but the agent's history keeps " + text(kept) +
                                                     (kept_.names.contains(name) ? "" : "; a recording of it is kept " + text(kept_.recorded)));
    }
  }

  void check_template(const RuleGroup& group, const Rule& rule, const std::string& where, const std::string& text, const QueryMeaning& meaning) {
    const auto parsed = AlertTemplate::parse(text, rule.name);
    if (!parsed) return add(rule, rule.place, "", where + ": " + parsed.error().message);
    if (const std::string fault = unknown_field(*parsed); !fault.empty()) return add(rule, rule.place, "", where + ": " + fault);
    if (!meaning.labels) return;
    const auto is_static = [](const rules::RuleLabels& labels, const std::string& name) {
      return std::any_of(labels.begin(), labels.end(), [&](const auto& label) { return label.first == name; });
    };
    for (const std::string& label : parsed->labels_used()) {
      if (meaning.labels->contains(label)) continue;
      const bool own = is_static(rule.labels, label) || is_static(group.labels, label);
      add(rule, rule.place, "$labels." + label, where + " shows label " + label + ", " +
                               (own ? "which the rule sets itself: templates do not see it"
                                    : "which the result does not have" + did_you_mean(label, *meaning.labels)));
    }
  }

  const GivenFile& file_;
  const KnownMeters& known_;
  const KeptHistory& kept_;
  std::vector<Finding>& findings_;
};

}  // namespace

void learn_recordings(const std::vector<RuleFile>& files, KnownMeters& known) {
  std::vector<const Rule*> recordings;
  for (const RuleFile& file : files)
    for (const RuleGroup& group : file.groups)
      for (const Rule& rule : group.rules)
        if (rule.kind == Rule::Kind::Record) recordings.push_back(&rule);
  for (const Rule* rule : recordings) {
    KnownSeries series;
    series.name = rule->name;
    series.any_label = true;
    known.add(std::move(series));
  }
  // As often as the longest chain, at most; a few settle all that people write.
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round)
    for (const Rule* rule : recordings) {
      const QueryMeaning meaning = check_query(*rule->expr, known, true);
      KnownSeries series;
      series.name = rule->name;
      series.kind = meaning.raw_counter && meaning.kind != SeriesKind::Native ? meaning.kind : SeriesKind::Gauge;
      series.unit = meaning.unit;
      series.bound_unit = meaning.bound_unit;
      series.any_label = !meaning.labels;
      if (meaning.labels) series.labels = *meaning.labels;
      for (const auto& [name, value] : rule->labels) series.labels.insert(name);
      known.add(std::move(series));
    }
}

void check_rules(const GivenFile& file, const RuleFile& rules, const KnownMeters& known, const KeptHistory& kept,
                 std::vector<Finding>& findings) {
  RulesCheck check(file, known, kept, findings);
  for (const RuleGroup& group : rules.groups)
    for (const Rule& rule : group.rules) check.check(group, rule);
}

}  // namespace tocsin::agent
