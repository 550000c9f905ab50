// SPDX-License-Identifier: Apache-2.0
// The unit tests of a file, group by group: series are loaded as time goes on, rules run at every step, cases are judged.
#include "rules/rule_tests.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "meters/base/number.h"
#include "meters/base/text.h"
#include "rules/group.h"
#include "rules/promql/histogram_text.h"
#include "rules/promql/parse.h"
#include "rules/promql/print.h"
#include "rules/promql/series_notation.h"
#include "rules/src/rule_tests_file.h"
#include "rules/src/rule_tests_storage.h"
#include "rules/src/yaml_fields.h"

namespace tocsin::rules {
namespace {

std::string shown(const AlertLabels& labels) {
  std::string out = "{";
  for (const auto& [name, value] : labels)
    out.append(out.size() > 1 ? ", " : "").append(name).append("=").append(promql::quoted(value));
  return out + '}';
}

constexpr std::int64_t kMostEvaluations = 10'000'000;  // hours of work: a slip of the pen

// What one alert is compared by.
using Told = std::pair<AlertLabels, AlertLabels>;

std::string shown(const std::vector<Told>& alerts) {
  std::string out = "[";
  for (const auto& [labels, annotations] : alerts) {
    if (out.size() > 1) out += ", ";
    out.append(shown(labels)).append(" ").append(shown(annotations));
  }
  return out + ']';
}

struct TestSample {
  AlertLabels labels;
  double value = 0;
  std::string histogram;
};

std::string shown(const std::vector<TestSample>& samples) {
  std::string out = "[";
  for (const TestSample& sample : samples) {
    if (out.size() > 1) out += ", ";
    out.append(shown(sample.labels)).append(" ");
    if (sample.histogram.empty()) append_go_double(out, sample.value);
    else out += sample.histogram;
  }
  return out + ']';
}

bool same_value(double a, double b, bool fuzzy) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return a == b || (fuzzy && (std::nextafter(a, kInfinity) == b || std::nextafter(a, -kInfinity) == b));
}

// One test group from its start to the last time that a case asks for.
class GroupRun {
 public:
  GroupRun(const TestFile& file, const TestGroup& group, const std::vector<RuleGroup>& rules, RuleTestReport& report)
      : file_(file), group_(group), report_(report) {
    GroupOptions options;
    options.default_interval = file.evaluation_interval;
    options.external_labels = group.external_labels;
    std::sort(options.external_labels.begin(), options.external_labels.end());
    options.external_url = group.external_url;
    for (const RuleGroup& definition : rules) {
      auto made = Group::make(definition, options);
      if (made) groups_.push_back(*std::move(made));
      else fault(group.place, made.error().message);
    }
  }

  void run() {
    if (!read_input()) return;
    std::vector<const AlertCase*> alerts;
    for (const AlertCase& test : group_.alerts) {
      if (test.alert.empty()) return fault(test.place, "an item under alert_rule_test misses required attribute alertname");
      alerts.push_back(&test);
    }
    std::stable_sort(alerts.begin(), alerts.end(), [](const auto* a, const auto* b) { return a->at_ms < b->at_ms; });
    auto next = alerts.begin();
    const std::int64_t step = file_.evaluation_interval.count();
    if (group_.last_ms() / step > kMostEvaluations)
      return fault(group_.place, "more than " + std::to_string(kMostEvaluations) + " evaluations up to the last eval_time");
    for (std::int64_t at = 0; at <= group_.last_ms(); at += step) {
      load_until(group_.start_ms + at);
      if (!evaluate(group_.start_ms + at)) return;
      for (; next != alerts.end() && (*next)->at_ms < at + step; ++next) judge(**next);
    }
    for (const ExpressionCase& test : group_.expressions) judge(test);
  }

 private:
  struct Input {
    promql::SeriesRow row;
    std::vector<promql::SequenceValue> values;
    std::size_t next = 0;
  };

  void fault(FilePlace place, std::string message) {
    const std::string name = group_.name.empty() ? "" : "test " + promql::quoted(group_.name) + ": ";
    add_fault(report_.faults, {place, name + std::move(message)});
  }

  // As promtool, which writes a script of them: a line a series, and an empty line or a comment ends it.
  bool read_input() {
    for (const TestSeries& series : group_.input) {
      const std::string text = series.series + ' ' + series.values;
      for (const std::string_view line : split(text, '\n')) {
        if (trim(line).empty() || trim(line).starts_with('#')) return true;
        if (!read_series(series, trim(line))) return false;
      }
    }
    return true;
  }

  bool read_series(const TestSeries& series, std::string_view line) {
    const auto described = promql::parse_series(line);
    if (!described) return fault(series.place, described.error().message), false;
    values_ += described->values.size();
    if (values_ > promql::kMostSequences) {
      fault(series.place, "more than " + std::to_string(promql::kMostSequences) + " values in all");
      return false;
    }
    const promql::SeriesRow row = storage_.series().add(described->labels);
    // Of a series that is written twice the last counts.
    std::erase_if(input_, [&](const Input& input) { return input.row == row; });
    input_.push_back({row, described->values});
    return true;
  }

  void load_until(std::int64_t time_ms) {
    const std::int64_t step = group_.interval.value_or(file_.evaluation_interval).count();
    for (Input& input : input_)
      for (; input.next < input.values.size(); ++input.next) {
        const std::int64_t at = group_.start_ms + static_cast<std::int64_t>(input.next) * step;
        if (at > time_ms) break;
        const promql::SequenceValue& value = input.values[input.next];
        Result<void> stored;
        if (value.histogram) stored = storage_.series().append(input.row, at, *value.histogram);
        else if (!value.omitted) stored = storage_.series().append(input.row, at, value.value);
        if (!stored) fault(group_.place, "input series: " + stored.error().message);
      }
  }

  // False where a rule could not be evaluated: the test ends there.
  bool evaluate(std::int64_t time_ms) {
    bool good = true;
    for (const auto& group : groups_)
      for (const std::string& error : group->evaluate(Time(std::chrono::milliseconds(time_ms)), storage_).errors) {
        fault(group_.place, "at " + promql::duration_text(time_ms) + error);
        good = false;
      }
    return good;
  }

  std::vector<Told> firing(const std::string& name) const {
    std::vector<Told> found;
    for (const auto& group : groups_) {
      const auto status = group->status();
      for (std::size_t i = 0; i < status->rules.size(); ++i) {
        const Rule& rule = group->definition().rules[i];
        if (rule.kind != Rule::Kind::Alert || rule.name != name) continue;
        for (const AlertState& state : status->rules[i].alerts)
          if (state.phase == AlertPhase::Firing) found.emplace_back(state.labels, state.annotations);
      }
    }
    return found;
  }

  void judge(const AlertCase& test) {
    std::vector<Told> expected, got = firing(test.alert);
    for (const ExpectedAlert& alert : test.expected) {
      Told& told = expected.emplace_back(alert.labels, alert.annotations);
      std::erase_if(told.first, [](const auto& label) { return label.first == "alertname"; });
      told.first.emplace_back("alertname", test.alert);
      std::sort(told.first.begin(), told.first.end());
      std::sort(told.second.begin(), told.second.end());
    }
    for (Told& told : got) std::sort(told.second.begin(), told.second.end());
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    if (expected == got) ++report_.passed;
    else
      fault(test.place, "alert " + test.alert + " at " + promql::duration_text(test.at_ms) + ": expected " +
                            shown(expected) + ", got " + shown(got));
  }

  void judge(const ExpressionCase& test) {
    const std::string where = test.expression + " at " + promql::duration_text(test.at_ms) + ": ";
    const auto expected = expected_of(test);
    if (!expected) return fault(test.place, where + expected.error().message);
    const auto got = got_of(test);
    if (!got) return fault(test.place, where + got.error().message);
    const bool same = std::equal(expected->begin(), expected->end(), got->begin(), got->end(),
                                 [&](const TestSample& a, const TestSample& b) {
                                   return a.labels == b.labels && same_value(a.value, b.value, file_.fuzzy_compare) &&
                                          a.histogram == b.histogram;
                                 });
    if (same) ++report_.passed;
    else fault(test.place, where + "expected " + shown(*expected) + ", got " + shown(*got));
  }

  static void sort_by_labels(std::vector<TestSample>& samples) {
    std::stable_sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) { return a.labels < b.labels; });
  }

  static Result<std::vector<TestSample>> expected_of(const ExpressionCase& test) {
    std::vector<TestSample> samples;
    for (const ExpectedSample& each : test.expected) {
      auto labels = promql::parse_metric(each.labels);
      if (!labels) return Error{Fault::Input, "labels " + promql::quoted(each.labels) + ": " + labels.error().message};
      std::sort(labels->begin(), labels->end());
      TestSample& sample = samples.emplace_back(TestSample{std::move(*labels), each.value, {}});
      if (each.histogram.empty()) continue;
      const auto values = promql::parse_series("{} " + each.histogram);
      if (!values) return Error{Fault::Input, "histogram: " + values.error().message};
      if (values->values.size() != 1 || !values->values[0].histogram)
        return Error{Fault::Input, "expected one histogram, got " + promql::quoted(each.histogram)};
      sample.histogram = promql::notation(*values->values[0].histogram);
    }
    sort_by_labels(samples);
    return samples;
  }

  Result<std::vector<TestSample>> got_of(const ExpressionCase& test) const {
    const auto expr = promql::parse(test.expression);
    if (!expr) return expr.error();
    promql::EvaluationSettings settings;
    settings.time = promql::instant(group_.start_ms + test.at_ms);
    settings.subquery_step = file_.evaluation_interval;
    const auto answer = promql::evaluate(**expr, storage_.series(), settings);
    if (!answer) return answer.error();
    std::vector<TestSample> samples;
    if (const auto* scalar = std::get_if<promql::Scalar>(&answer->value)) {
      samples.push_back({{}, scalar->value, {}});
      return samples;
    }
    const auto* vector = std::get_if<promql::Vector>(&answer->value);
    if (!vector) return Error{Fault::Input, "rule result is not a vector or scalar"};
    for (const promql::Sample& each : *vector) {
      TestSample& sample = samples.emplace_back();
      for (const promql::Label& label : each.labels) sample.labels.emplace_back(label.name, label.value);
      sample.value = each.point.value;
      if (each.point.histogram) sample.histogram = promql::notation(*each.point.histogram);
    }
    sort_by_labels(samples);
    return samples;
  }

  const TestFile& file_;
  const TestGroup& group_;
  RuleTestReport& report_;
  MemoryStorage storage_;
  std::vector<std::unique_ptr<Group>> groups_;
  std::vector<Input> input_;
  std::size_t values_ = 0;  // of all input
};

// All groups of all rule files, those that are named in group_eval_order by that; false where a file has a fault.
bool read_rules(const TestFile& file, const FindRuleFiles& find, std::vector<RuleGroup>& groups, RuleTestReport& report) {
  std::vector<FileFault> faults;
  std::set<std::string> read_already;
  for (const TestPattern& pattern : file.rule_files) {
    const auto found = find(pattern.pattern);
    if (!found) {
      faults.push_back({pattern.place, found.error().message});
      continue;
    }
    if (found->empty()) report.warnings.push_back({pattern.place, "no file matches " + promql::quoted(pattern.pattern)});
    for (const RuleTestFile& rule_file : *found) {
      if (!read_already.insert(rule_file.path).second) continue;
      RuleFileReading read = read_rule_file(rule_file.text, rule_file.path);
      for (const FileFault& fault : read.faults) faults.push_back({pattern.place, fault.to_string(rule_file.path)});
      for (RuleGroup& group : read.file.groups) groups.push_back(std::move(group));
    }
  }
  const auto order = [&](const RuleGroup& group) {
    const auto at = std::find(file.group_order.begin(), file.group_order.end(), group.name);
    return at == file.group_order.end() ? 0 : at - file.group_order.begin();
  };
  std::stable_sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
  for (FileFault& fault : faults) add_fault(report.faults, std::move(fault));
  return faults.empty();
}

}  // namespace

RuleTestReport run_rule_tests(std::string_view text, const FindRuleFiles& find) {
  RuleTestReport report;
  const TestFile file = read_test_file(text, report.faults);
  if (!report.faults.empty()) return report;
  std::vector<RuleGroup> rules;
  if (!read_rules(file, find, rules, report)) {
    // Without a test nobody asks for the rules, as in promtool.
    if (file.groups.empty()) report.faults.clear();
    return report;
  }
  for (const TestGroup& group : file.groups) GroupRun(file, group, rules, report).run();
  return report;
}

}  // namespace tocsin::rules
