// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_tests.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "tests/source_dir.h"

namespace tocsin::rules {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

RuleTestReport run_file(const fs::path& path) {
  return run_rule_tests(text_of(path), [&](const std::string& pattern) -> Result<std::vector<RuleTestFile>> {
    const fs::path file = path.parent_path() / pattern;
    if (!fs::exists(file)) return std::vector<RuleTestFile>{};
    return std::vector<RuleTestFile>{{file.string(), text_of(file)}};
  });
}

constexpr const char* kRules = R"(
groups:
  - name: second
    rules:
      - record: job:up:sum2
        expr: job:up:sum * 2
  - name: first
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: up == 0
        for: 2m
        keep_firing_for: 1m
        labels: {severity: "p{{ $value }}"}
        annotations: {summary: "{{ $labels.instance }} of {{ $externalLabels.site }} at {{ $externalURL }}"}
)";

RuleTestReport run(const std::string& tests, const std::string& rules = kRules) {
  return run_rule_tests("rule_files: [rules.yml]\n" + tests, [&](const std::string&) {
    return Result<std::vector<RuleTestFile>>(std::vector<RuleTestFile>{{"rules.yml", rules}});
  });
}

std::string first_fault(const RuleTestReport& report) {
  return report.faults.empty() ? "" : report.faults.front().to_string("t.yml");
}

TEST(RuleTests, AlertsGoThroughTheirPhases) {
  const RuleTestReport report = run(R"(
tests:
  - interval: 1m
    external_labels: {site: lab}
    external_url: http://x
    input_series:
      - {series: 'up{job="a", instance="i1"}', values: '1 0 0 0 1 1 1 1'}
      - {series: 'up{job="a", instance="i2"}', values: '1x7'}
    alert_rule_test:
      - {eval_time: 2m, alertname: Down, exp_alerts: []}
      - eval_time: 3m30s
        alertname: Down
        exp_alerts:
          - exp_labels: {job: a, instance: i1, severity: p0}
            exp_annotations: {summary: i1 of lab at http://x}
      - eval_time: 4m
        alertname: Down
        exp_alerts:
          - exp_labels: {job: a, instance: i1, severity: p0}
            exp_annotations: {summary: i1 of lab at http://x}
      - {eval_time: 5m, alertname: Down}
    promql_expr_test:
      - expr: ALERTS
        eval_time: 2m
        exp_samples:
          - {labels: 'ALERTS{alertname="Down", alertstate="pending", instance="i1", job="a", severity="p0"}', value: 1}
      - expr: ALERTS_FOR_STATE
        eval_time: 3m
        exp_samples:
          - {labels: 'ALERTS_FOR_STATE{alertname="Down", instance="i1", job="a", severity="p0"}', value: 60}
      - {expr: ALERTS, eval_time: 7m}
      - expr: job:up:sum
        eval_time: 3m
        exp_samples: [{labels: 'job:up:sum{job="a"}', value: 1}]
)");
  EXPECT_EQ(first_fault(report), "");
  EXPECT_EQ(report.passed, 8u);
}

TEST(RuleTests, GroupsRunInTheOrderThatIsAskedFor) {
  const std::string test = R"(
tests:
  - input_series: [{series: 'up{job="a"}', values: '1 5'}]
    promql_expr_test:
      - {expr: 'job:up:sum2', eval_time: 1m, exp_samples: [{labels: 'job:up:sum2{job="a"}', value: 10}]}
)";
  EXPECT_EQ(run("group_eval_order: [first, second]" + test).passed, 1u);
  EXPECT_NE(first_fault(run("group_eval_order: [second, first]" + test)).find("got [{__name__=\"job:up:sum2\", job=\"a\"} 2]"),
            std::string::npos);
  EXPECT_EQ(first_fault(run("group_eval_order: [a, a]" + test)),
            "t.yml:2:23: group name repeated in evaluation order: a");
}

TEST(RuleTests, TimeBeginsWhereItIsToldTo) {
  EXPECT_EQ(run(R"(
tests:
  - start_timestamp: 2024-01-02T03:04:05Z
    input_series: [{series: a, values: '0 1'}]
    promql_expr_test:
      - {expr: 'timestamp(a)', eval_time: 1m, exp_samples: [{value: 1704164705}]}
  - start_timestamp: "1000"
    promql_expr_test:
      - {expr: 'time()', eval_time: 1m, exp_samples: [{value: 1060}]}
)").passed, 2u);
  EXPECT_EQ(first_fault(run("tests: [{start_timestamp: yesterday}]")),
            "t.yml:2:27: cannot parse \"yesterday\" to a valid timestamp");
}

TEST(RuleTests, ValuesAreComparedExactlyUnlessFuzzy) {
  const std::string test = R"(
tests:
  - promql_expr_test:
      - {expr: '0.1 + 0.2', eval_time: 0, exp_samples: [{value: 0.3}]}
)";
  EXPECT_EQ(run(test).passed, 0u);
  EXPECT_EQ(run("fuzzy_compare: true" + test).passed, 1u);
}

TEST(RuleTests, EveryFaultHasItsPlace) {
  EXPECT_EQ(first_fault(run("tests: [{interval: 1m, colour: red}]")).substr(0, 11), "t.yml:2:24:");
  EXPECT_EQ(first_fault(run("tests: [{input_series: [{series: 'a{', values: 1}]}]")).substr(0, 6), "t.yml:");
  EXPECT_NE(first_fault(run("tests: [{promql_expr_test: [{expr: 'sum(', eval_time: 0}]}]")).find("parse error"), std::string::npos);
  EXPECT_NE(first_fault(run("tests: [{alert_rule_test: [{eval_time: 1m}]}]")).find("alertname"), std::string::npos);
  EXPECT_NE(first_fault(run("tests: [{}]", "groups: [{name: a, rules: [{record: b, expr: 'c('}]}]")).find("rules.yml:1:"),
            std::string::npos);
  EXPECT_NE(first_fault(run("tests: [{}]", "groups: [{name: a, rules: [{record: b, expr: 'c * d'}, {record: x, "
                                           "expr: 'label_replace(up, \"a\", \"\", \"\", \"(\")'}]}]")).find("at 0s: a: x: "),
            std::string::npos);
  EXPECT_EQ(run_rule_tests("tests: [", nullptr).faults.size(), 1u);
  EXPECT_NE(first_fault(run("tests: [{promql_expr_test: [{expr: '1', eval_time: 100y}]}]")).find("more than 10000000 evaluations"),
            std::string::npos);
}

TEST(RuleTests, TheShippedRulesPassTheirs) {
  const RuleTestReport report = run_file(fs::path(source_dir()) / "tests" / "rules" / "request_test.yml");
  for (const FileFault& fault : report.faults) ADD_FAILURE() << fault.to_string("request_test.yml");
  EXPECT_GE(report.passed, 19u);
}

TEST(RuleTests, PromtoolsOwnHaveItsVerdict) {
  const fs::path folder = fs::path(source_dir()) / ".." / "shared" / "conformance" / "rules" / "promtool";
  if (!fs::exists(folder)) GTEST_SKIP() << "no conformance data at " << folder;
  const std::map<std::string, bool> verdicts = {{"unittest.yml", true}, {"at-modifier-test.yml", true},
                                                {"failing.yml", false}, {"bad-rules-syntax-test.yml", false},
                                                {"bad-input-series.yml", false}};
  for (const auto& [name, passes] : verdicts) {
    const RuleTestReport report = run_file(folder / name);
    EXPECT_EQ(report.faults.empty(), passes) << name << ": " << first_fault(report);
  }
  EXPECT_EQ(run_file(folder / "unittest.yml").passed, 26u);
  EXPECT_EQ(run_file(folder / "failing.yml").faults.size(), 4u);
}

}  // namespace
}  // namespace tocsin::rules
