// SPDX-License-Identifier: Apache-2.0
#include "rules/slo_rules.h"

#include <gtest/gtest.h>

#include "rules/rule_file.h"
#include "rules/rule_tests.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;

Slo objective(double target, std::vector<std::string> by) {
  Slo slo;
  slo.name = "requests";
  slo.description = "It's \"quoted\":\n# no comment";
  slo.total = *selected_meter("server_request_total");
  slo.bad = *selected_meter(R"(server_request_total{status=~"server_error|it's"})");
  slo.target = target;
  slo.by = std::move(by);
  return slo;
}

TEST(SloRules, AreAGroupAPairWithAnIntervalThatFits) {
  const RuleFileReading read = read_rule_file(slo_rules_text(objective(0.999, {"dc", "server_name"}), 15s), "requests.yml");
  EXPECT_TRUE(read.faults.empty() && read.warnings.empty());
  ASSERT_EQ(read.file.groups.size(), 4U);
  EXPECT_EQ(read.file.groups[0].name, "tocsin-slo-requests-1h");
  EXPECT_EQ(read.file.groups[0].interval, 30s);
  EXPECT_EQ(read.file.groups[3].interval, 5min);
  EXPECT_EQ(read.file.groups[0].rules[0].name, "ErrorBudgetBurn");
  EXPECT_NE(read.file.groups[0].rules[0].expression.find("> 0.0144\n"), std::string::npos);
}

TEST(SloRules, ArePassedByTheTestsThatAreMadeWithThem) {
  Slo rare = objective(0.99999, {"server_name"});
  rare.burn = {{14.4, 1h, 5min, "critical"}, {6, 2h, 15min, "warning"}};
  Slo often = objective(0.5, {});
  often.burn = {{1.9, 1min, 20s, "page"}, {1.2, 10min, 1min, "page"}};
  Slo single = objective(0.9, {"dc"});
  single.burn = {{2, 20s, 5s, "critical"}};
  single.min_bad_events = 1;
  Slo latency = objective(0.95, {"dc", "server_name"});
  latency.latency = true, latency.threshold = 5e5;
  latency.burn = {{14.4, 1h, 5min, "critical"}};
  for (const Slo& slo : {objective(0.999, {"dc", "server_name"}), rare, often, single, latency}) {
    ASSERT_TRUE(faults_of(slo, {1s}).empty());
    const std::string rules = slo_rules_text(slo, 1s), tests = slo_tests_text(slo, "requests.yml");
    const RuleTestReport report = run_rule_tests(tests, [&](const std::string& pattern) -> Result<std::vector<RuleTestFile>> {
      EXPECT_EQ(pattern, "requests.yml");
      return std::vector<RuleTestFile>{{pattern, rules}};
    });
    for (const FileFault& fault : report.faults) ADD_FAILURE() << slo.target << ": " << fault.to_string("test") << "\n" << tests.substr(0, 4000);
    EXPECT_GE(report.passed, slo.burn.size() + 5) << slo.target;
  }
}

TEST(SloRules, TheirTestsFailWhereARuleIsWrong) {
  Slo slo = objective(0.999, {"server_name"});
  slo.burn = {{14.4, 1h, 5min, "critical"}, {1, 2h, 15min, "warning"}};
  const std::string good = slo_rules_text(slo, 15s);
  const auto verdict = [&](std::string_view from, std::string_view to) {
    std::string rules = good;
    EXPECT_NE(rules.find(from), std::string::npos);
    for (std::size_t at = rules.find(from); at != std::string::npos; at = rules.find(from, at + to.size())) rules.replace(at, from.size(), to);
    return run_rule_tests(slo_tests_text(slo, "r.yml"), [&](const std::string& pattern) -> Result<std::vector<RuleTestFile>> {
      return std::vector<RuleTestFile>{{pattern, rules}};
    }).faults.size();
  };
  EXPECT_EQ(verdict("ErrorBudgetBurn", "ErrorBudgetBurn"), 0U);
  EXPECT_GT(verdict("> 0.0144", "> 0.0154"), 0U) << "a threshold that is too high";
  EXPECT_GT(verdict("> 0.0144", "> 0.0134"), 0U) << "a threshold that is too low";
  EXPECT_GT(verdict("> 0.001\n", "> 0.0009\n"), 0U) << "the lowest that is too low";
  EXPECT_GT(verdict(">= 10", ">= 0"), 0U) << "a floor that is missing";
  EXPECT_GT(verdict("severity: 'critical'", "severity: 'warning'"), 0U);
}

}  // namespace
}  // namespace tocsin::rules
