// SPDX-License-Identifier: Apache-2.0
// Limits of alerts in the configuration, and that the table of them says what the shipped rules say.
#include "agent/rules/thresholds.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "agent/config.h"
#include "meters/base/number.h"
#include "rules/promql/print.h"
#include "rules/rule_file.h"
#include "tests/source_dir.h"

namespace tocsin::agent {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return std::move(text).str();
}

TomlFaults faults_of(const std::string& text) {
  TomlFaults faults;
  (void)read_config(text, "tocsin.toml", {}, faults);
  return faults;
}

TEST(Thresholds, AreReadFromTheConfiguration) {
  TomlFaults faults;
  const Config config = read_config(
      "[[threshold]]\nalert = \"HighErrorRate\"\nserver_name = \"shop\"\nvalue = 0.2\n"
      "[[threshold]]\nalert = \"HighErrorRate\"\nvalue = 0.1\n"
      "[[threshold]]\nalert = \"HostLoadHigh\"\nhost = \"h1:9464\"\nvalue = 8\n"
      "[[threshold]]\nalert = \"QueueStuckForever\"\nserver_name = \"shop\"\nvalue = -3\n",
      "tocsin.toml", {}, faults);
  ASSERT_TRUE(faults.empty()) << faults[0].text();
  ASSERT_EQ(config.thresholds.size(), 4U);
  EXPECT_EQ(config.thresholds[0], (Threshold{"HighErrorRate", "shop", "", 0.2}));
  EXPECT_EQ(config.thresholds[2], (Threshold{"HostLoadHigh", "", "h1:9464", 8}));
  // What is printed of it is read as the same.
  TomlFaults again;
  EXPECT_EQ(read_config(to_toml_without_secrets(config), "again.toml", {}, again).thresholds, config.thresholds);
}

TEST(Thresholds, TellsEveryMistakeWithItsPlace) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"alert = \"HighErorRate\"\nvalue = 0.1\n", "tocsin.toml:2:9: \"alert\" in [threshold]: no shipped alert is called \"HighErorRate\"; did you mean \"HighErrorRate\"?"},
      {"alert = \"HighErrorRate\"\nvalue = 20\n", "tocsin.toml:3:9: \"value\" in [threshold]: HighErrorRate: the limit is the share of requests that fail, from 0 to 1"},
      {"alert = \"HighLatency\"\nvalue = 3\n", "tocsin.toml:3:9: \"value\" in [threshold]: HighLatency: the limit is the seconds that 95% of successful requests must keep to, "
                                               "which must be a bound of the histogram: 0.5, 1, 2.5, 5, 10, 30, 60"},
      {"alert = \"HostLoadHigh\"\nserver_name = \"h\"\nvalue = 3\n", "tocsin.toml:3:15: \"server_name\" in [threshold]: HostLoadHigh has a limit for each host, not for a server_name"},
      {"alert = \"HighErrorRate\"\nhost = \"h\"\nvalue = 0.3\n", "tocsin.toml:3:8: \"host\" in [threshold]: HighErrorRate has a limit for each server_name, not for a host"},
      {"alert = \"TrafficStopped\"\nvalue = -1\n", "tocsin.toml:3:9: \"value\" in [threshold]: TrafficStopped: the limit is requests a minute an hour ago from which on it is judged, from 0 on"},
      {"alert = \"HighErrorRate\"\nvalue = nan\n", "tocsin.toml:3:9: \"value\" in [threshold]: must be a finite number"},
      {"alert = \"HighErrorRate\"\nvalue = \"5%\"\n", "tocsin.toml:3:9: \"value\" in [threshold]: must be a number, but is a text"},
  };
  for (const auto& [text, wanted] : cases) {
    const TomlFaults faults = faults_of("[[threshold]]\n" + text);
    ASSERT_EQ(faults.size(), 1U) << text;
    EXPECT_EQ(faults[0].text(), wanted);
  }
  EXPECT_EQ(faults_of("[[threshold]]\n").size(), 2U);
  EXPECT_EQ(faults_of("[[threshold]]\nalert = \"HighErrorRate\"\nvalue = 0.1\n[[threshold]]\nalert = \"HighErrorRate\"\nvalue = 0.2\n").size(), 1U);
}

// The rule files, this table and the page say the same.
TEST(Thresholds, AreThoseOfTheShippedRules) {
  std::map<std::string, std::pair<std::string, std::string>> in_rules;  // alert to whose and limit
  for (const auto& entry : fs::directory_iterator(fs::path(source_dir()) / "rules" / "library")) {
    if (entry.path().extension() != ".yml") continue;
    const rules::RuleFileReading reading = rules::read_rule_file(read(entry.path()), entry.path().string());
    for (const rules::RuleGroup& group : reading.file.groups)
      for (const rules::Rule& rule : group.rules) {
        if (rule.kind != rules::Rule::Kind::Record || !rule.name.ends_with(":alert_threshold:effective")) continue;
        ASSERT_EQ(rule.labels.size(), 1U);
        const std::string text = rules::promql::to_string(*rule.expr);
        const auto limit = text.rfind("vector(") + 7;
        in_rules[rule.labels[0].second] = {text.find("host!=\"\"") == std::string::npos ? "server_name" : "host",
                                           text.substr(limit, text.find(')', limit) - limit)};
      }
  }
  const std::string page = read(fs::path(source_dir()) / "docs" / "thresholds.md");
  EXPECT_EQ(in_rules.size(), adjustable_alerts().size());
  for (const AdjustableAlert& alert : adjustable_alerts()) {
    const auto at = in_rules.find(std::string(alert.alert));
    ASSERT_NE(at, in_rules.end()) << alert.alert;
    EXPECT_EQ(at->second.first, alert.whose) << alert.alert;
    EXPECT_EQ(*parse_double(at->second.second), alert.standard) << alert.alert;
    const auto row = page.find("| `" + std::string(alert.alert) + "` | `" + std::string(alert.whose) + "`");
    ASSERT_NE(row, std::string::npos) << alert.alert;
    const auto cell = page.find(" | ", page.find(" | ", row) + 3) + 3;
    EXPECT_EQ(*parse_double(page.substr(cell, page.find(" |", cell) - cell)), alert.standard) << alert.alert;
  }
}

}  // namespace
}  // namespace tocsin::agent
