// SPDX-License-Identifier: Apache-2.0
// Alerts that a catalogue declares with its meters: what is refused, and the rule that is made. tests/e2e/test_generate.py has promtool
// judge them.
#include "agent/catalogue/meter_alert.h"

#include <gtest/gtest.h>

#include "agent/catalogue/catalogue_file.h"
#include "agent/check/check.h"
#include "rules/rule_file.h"
#include "rules/rule_tests.h"

namespace tocsin::agent {
namespace {

constexpr const char* kMeters = R"([label.queue]
meaning = "where"
[label.result]
meaning = "how it ended"
values = ["done", "failed", "timeout"]
[[meter]]
name = "shop_jobs_total"
kind = "counter"
unit = "{job}"
help = "Jobs done."
labels = ["queue", "result"]
)";

std::string faults_of(const std::string& alert, const std::string& meter = kMeters) {
  TomlFaults faults;
  (void)CatalogueFile::read(meter + "[[meter.alert]]\n" + alert, "shop.toml", faults);
  std::string all;
  for (const TomlFault& fault : faults) all += fault.text().substr(fault.text().find(": ") + 2) + '\n';
  return all;
}

std::string rules_of(const std::string& alert, const std::string& meter = kMeters) {
  TomlFaults faults;
  const auto catalogue = CatalogueFile::read(meter + "[[meter.alert]]\n" + alert, "conf/shop.toml", faults);
  EXPECT_TRUE(faults.empty()) << faults[0].text();
  return alert_rules(catalogue);
}

TEST(MeterAlert, TellsEveryMistake) {
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 1\n"), "");
  EXPECT_EQ(faults_of("above = 1\n"), "an alert needs a \"name\", like \"QueueLong\"\n");
  EXPECT_EQ(faults_of("name = \"A b\"\nabove = 1\n"), "\"name\" in [meter.alert]: must be letters, digits and underscores\n");
  EXPECT_EQ(faults_of("name = \"A\"\n"), "needs one of \"above\" and \"below\": the limit\n");
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 1\nbelow = 2\n"), "needs one of \"above\" and \"below\": the limit\n");
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 1\nby = [\"quue\"]\n"),
            "\"by\" in [meter.alert]: the meter has no label \"quue\"; did you mean \"queue\"?\n");
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 0.1\nshare = { result = [\"faild\"] }\n"),
            "\"result\" in [meter.alert.share]: \"faild\" is none of its values; did you mean \"failed\"?\n");
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 5\nshare = { result = [\"failed\"] }\n"), "\"above\" in [meter.alert]: of a share it is from 0 to 1\n");
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 0.5\nby = [\"result\"]\nshare = { result = [\"failed\"] }\n"),
            "\"by\" in [meter.alert]: \"result\" is what the share is of: it cannot be kept\n");
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 1\nseverity = \"page\"\n").substr(0, 50), "\"severity\" in [meter.alert]: must be one of \"criti");
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 1\nabowe = 2\n"), "unknown key \"abowe\" in [meter.alert]; did you mean \"above\"?\n");
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 1\n[[meter.alert]]\nname = \"A\"\nabove = 2\n"), "\"alert\" in [meter]: \"A\" is declared twice\n");
  const std::string histogram = "[[meter]]\nname = \"wait\"\nkind = \"histogram\"\nunit = \"s\"\nhelp = \"Wait.\"\nbuckets = [1, 5]\n";
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 3\n", histogram),
            "\"above\" in [meter.alert]: must be a bound of the histogram, so that it is exact: 1, 5\n");
  EXPECT_EQ(faults_of("name = \"A\"\nbelow = 5\n", histogram), "\"below\" in [meter.alert]: of a histogram it is \"above\", which is a bound of it\n");
  const std::string gauge = "[[meter]]\nname = \"open\"\nkind = \"gauge\"\nhelp = \"Open.\"\n";
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 3\nper = \"hour\"\n", gauge), "\"per\" in [meter.alert]: only of a counter's growth\n");
  EXPECT_EQ(faults_of("name = \"A\"\nabove = 3\nwindow = \"5m\"\n", gauge), "\"window\" in [meter.alert]: only of a counter or a histogram\n");
}

TEST(MeterAlert, MakesARuleThatSaysWhatWasDeclared) {
  EXPECT_EQ(rules_of("name = \"ShopJobsFailing\"\nby = [\"queue\"]\nshare = { result = [\"failed\", \"timeout\"] }\nabove = 0.1\nseverity = \"critical\"\n"),
            R"(# Made by `tocsin generate rules` from shop.toml: change that file, not this one.
# Its tests are in tests/shop_test.yml (promtool test rules, tocsin test).
groups:
  - name: shop-alerts
    interval: 30s
    rules:
      - alert: ShopJobsFailing
        expr: |
          (
              sum by (queue) (increase(shop_jobs_total{result=~"failed|timeout"}[5m]))
            /
              (sum by (queue) (increase(shop_jobs_total[5m])) > 0)
          ) > 0.1
            and on (queue)
          sum by (queue) (increase(shop_jobs_total[5m])) >= 20
        for: 5m
        keep_firing_for: 5m
        labels:
          severity: critical
        annotations:
          summary: '{{ $labels.queue }}: {{ $value | humanizePercentage }} of shop_jobs_total is failed or timeout'
          description: 'Jobs done. The limit over 5m is 10%; judged from 20 on.'
          dashboard_url: '/d/tocsin-shop'
)");
  EXPECT_NE(rules_of("name = \"A\"\nabove = 100\n").find("expr: '60 * sum(rate(shop_jobs_total[5m])) > 100'"), std::string::npos);
}

constexpr const char* kEveryForm = R"(
[[meter.alert]]
name = "JobsFailing"
by = ["queue"]
share = { result = ["failed", "timeout"] }
above = 0.1
[[meter.alert]]
name = "JobsSucceedNoMore"
share = { result = ["done"] }
below = 0.5
for = "0s"
[[meter.alert]]
name = "JobsMany"
above = 600
per = "hour"
by = ["queue", "result"]
[[meter.alert]]
name = "JobsFew"
below = 2
window = "10m"
for = "1h"
[[meter]]
name = "shop_queue"
kind = "gauge"
help = "It's how many wait"
labels = ["queue"]
[[meter.alert]]
name = "QueueLong"
above = 0
by = ["queue"]
summary = "{{ $labels.queue }} has {{ $value }} that wait"
runbook = "https://wiki/queue"
[[meter]]
name = "shop.memory"
kind = "up-down counter"
unit = "By"
help = "Memory."
[[meter.alert]]
name = "MemoryLow"
below = 1048576
severity = "info"
[[meter]]
name = "shop.wait"
kind = "histogram"
unit = "us"
help = "Wait."
labels = ["queue"]
buckets = [0.5, 100, 5e6]
[[meter.alert]]
name = "WaitLong"
above = 5e6
by = ["queue"]
[[meter.alert]]
name = "WaitNotShort"
above = 0.5
share = 0.2
events = 1000
)";

// Every form, read by our own rule file reader, checked against the catalogue, and its tests run.
TEST(MeterAlert, WhatIsMadeHoldsBeforeCheckAndTest) {
  const std::string text = std::string(kMeters) + kEveryForm;
  TomlFaults faults;
  const auto catalogue = CatalogueFile::read(text, "shop.toml", faults);
  ASSERT_TRUE(faults.empty()) << faults[0].text();
  const std::string rules = alert_rules(catalogue), tests = alert_tests(catalogue, "shop.yml");
  for (const CheckedFile& file : check_files({{"shop.toml", text}, {"shop.yml", rules}}, {}))
    EXPECT_TRUE(file.findings.empty()) << file.findings[0].text() << '\n' << rules;
}

}  // namespace
}  // namespace tocsin::agent
