// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "rules/group.h"
#include "tests/source_dir.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> faults(std::string_view text) {
  std::vector<std::string> out;
  for (const FileFault& fault : read_rule_file(text, "f").faults) out.push_back(fault.to_string("f"));
  return out;
}

TEST(RuleFile, ReadsAllFields) {
  const auto read = read_rule_file(R"(groups:
  - name: api
    interval: 30s
    limit: 10
    query_offset: 1m
    labels: {team: core, severity: info}
    rules:
      - record: job:up:sum
        expr: sum by (job) (up)
      - alert: Down
        expr: |
          up
            == 0
        for: 5m
        keep_firing_for: 1h
        labels:
          severity: page
        annotations:
          summary: "{{ $labels.job }} is down"
)",
                                   "api.yml");
  ASSERT_TRUE(read.faults.empty()) << read.faults[0].to_string("f");
  ASSERT_EQ(read.file.groups.size(), 1u);
  const RuleGroup& group = read.file.groups[0];
  EXPECT_EQ(group.name, "api");
  EXPECT_EQ(group.interval, 30s);
  EXPECT_EQ(group.limit, 10u);
  EXPECT_EQ(group.query_offset, 1min);
  ASSERT_EQ(group.rules.size(), 2u);
  EXPECT_EQ(group.rules[0].kind, Rule::Kind::Record);
  EXPECT_EQ(group.rules[0].name, "job:up:sum");
  const Rule& alert = group.rules[1];
  EXPECT_EQ(alert.kind, Rule::Kind::Alert);
  EXPECT_EQ(alert.hold, 5min);
  EXPECT_EQ(alert.keep_firing_for, 1h);
  EXPECT_EQ(alert.labels, (RuleLabels{{"severity", "page"}, {"team", "core"}}));
  EXPECT_EQ(alert.annotations, (RuleLabels{{"summary", "{{ $labels.job }} is down"}}));
  EXPECT_EQ(alert.place, (FilePlace{10, 9}));
  EXPECT_EQ(alert.expression_place, (FilePlace{12, 11}));
  ASSERT_NE(alert.expr, nullptr);
}

TEST(RuleFile, TellsAllFaultsAtOnceWithTheirPlaces) {
  EXPECT_THAT(faults(R"(groups:
  - name: a
    intervall: 1m
    rules:
      - alert: X
        record: y
        expr: up
      - record: z
        for: 5m
        expr: sum(up
          ) + rate(up)
        labels: {__name__: q}
  - name: a
    limit: many
    name: b
)"),
              ElementsAre("f:3:5: field intervall not found in a rule group",
                          HasSubstr("f:5:9: group \"a\", rule 1, \"X\": only one of 'record' and 'alert' must be set"),
                          HasSubstr("f:9:14: group \"a\", rule 2, \"z\": invalid field 'for' in recording rule"),
                          HasSubstr("f:11:20: group \"a\", rule 2, \"z\": could not parse expression: expected type range vector"),
                          HasSubstr("f:12:28: group \"a\", rule 2, \"z\": invalid label name: __name__"),
                          HasSubstr("f:13:5: groupname: \"a\" is repeated in the same file"),
                          "f:14:12: cannot unmarshal !!str `many` into int",
                          "f:15:5: mapping key \"name\" already defined at line 13"));
}

// Where a fault of the expression is, in each way YAML can write a text.
TEST(RuleFile, AFaultInsideAnExpressionHasItsPlaceInTheFile) {
  const std::pair<const char*, const char*> cases[] = {
      {"expr: up + rat(x)", "f:5:16:"},
      {"expr: \"up + rat(x)\"", "f:5:17:"},
      {"expr: 'up{a=''b''} + rat(x)'", "f:5:26:"},
      {"expr: \"up{a=\\\"b\\\"} + rat(x)\"", "f:5:26:"},
      {"expr: |\n      up\n        + rat(x)", "f:7:11:"},
      {"expr: >-\n      up\n\n      + rat(x)", "f:8:9:"},
      {"expr: up\n      + rat(x)", "f:6:9:"},
      {"expr: &e !!str 'up + rat(x)'", "f:5:26:"},
      {"expr: up{a=\"\xC3\xA9\"} + rat(x)", "f:5:24:"},
  };
  for (const auto& [expr, place] : cases) {
    const auto told = faults(std::string("groups:\n- name: a\n  rules:\n  - record: x\n    ") + expr + "\n");
    ASSERT_EQ(told.size(), 1u) << expr;
    EXPECT_THAT(told[0], testing::StartsWith(place)) << expr;
    EXPECT_THAT(told[0], HasSubstr("unknown function with name \"rat\""));
  }
}

TEST(RuleFile, AliasesAndMergesAreFollowed) {
  const auto read = read_rule_file(R"(groups:
  - name: a
    rules:
      - &base
        alert: A
        expr: &e up == 0
        labels: {severity: page}
      - <<: *base
        alert: B
      - {record: c, expr: *e}
)",
                                   "f");
  ASSERT_TRUE(read.faults.empty()) << read.faults[0].to_string("f");
  const auto& rules = read.file.groups[0].rules;
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[1].name, "B");
  EXPECT_EQ(rules[1].labels, rules[0].labels);
  EXPECT_EQ(rules[2].expression, "up == 0");
}

TEST(RuleFile, WhatIsEmptyHasNoRules) {
  for (const char* text : {"", "# a comment\n", "groups:\n", "groups: []", "---\n", "groups: null\n"}) {
    const auto read = read_rule_file(text, "f");
    EXPECT_TRUE(read.faults.empty()) << text;
    EXPECT_TRUE(read.file.groups.empty()) << text;
  }
}

TEST(RuleFile, RefusesWhatIsNoYamlOrNoRuleFile) {
  for (const char* text : {"groups: 5", "- a", "a", "groups:\n  - name: 'x\n", "groups: [", "groups:\n- 5", "tests: []",
                           "groups:\n- name: a\n  rules:\n  - 5", "groups:\n- name: a\n  rules: {a: b}",
                           "groups:\n- name: a\n  limit: '5'", "groups:\n- name: a\n  interval: 30",
                           "groups:\n- name: a\n  labels: {a: [b]}", "...\ngroups: []", "groups: *x", "\tgroups: []"}) {
    EXPECT_EQ(faults(text).empty(), false) << text;
  }
}

TEST(RuleFile, HostileYamlIsBounded) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += (j ? ",*a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_FALSE(faults(bomb + "groups: *a11\n").empty());
  std::string rules = "groups:\n- name: g0\n  rules: &r\n";
  for (int i = 0; i < 1000; ++i) rules += "  - {record: a, expr: 1}\n";
  for (int i = 1; i < 1000; ++i) rules += "- {name: g" + std::to_string(i) + ", rules: *r}\n";
  EXPECT_THAT(faults(rules), ElementsAre(HasSubstr("more than 200000 rules in a file")));
  EXPECT_FALSE(faults(std::string(100'000, '[')).empty());
  EXPECT_FALSE(faults(std::string(100'000, '{')).empty());
  EXPECT_FALSE(faults(std::string(17 << 20, ' ')).empty());
}

TEST(RuleFile, WarnsOfTwoRulesForOneSeries) {
  const auto read = read_rule_file(
      "groups:\n- name: a\n  rules:\n  - {record: x, expr: 1}\n  - {record: x, expr: 2}\n"
      "---\nmore: true\n",
      "f");
  EXPECT_TRUE(read.faults.empty());
  ASSERT_EQ(read.warnings.size(), 2u);
  EXPECT_EQ(read.warnings[0].place.line, 6u);
  EXPECT_THAT(read.warnings[1].to_string("f"), HasSubstr("f:5:5: a rule of the same name and labels is in line 4"));
}

TEST(RuleFile, TemplatesAreChecked) {
  EXPECT_THAT(faults("groups:\n- name: a\n  rules:\n  - alert: X\n    expr: 1\n    annotations:\n      s: '{{ $value }}'\n"
                     "      t: 'It is {{ $label.x }}'\n"),
              ElementsAre(testing::AllOf(testing::StartsWith("f:8:"), HasSubstr("undefined variable \"$label\""))));
}

// As large as a file may be: no work of each rule with each other.
TEST(RuleFile, AGroupOfTwentyThousandRulesIsMadeAtOnce) {
  std::string text = "groups:\n- name: a\n  rules:\n";
  for (int i = 0; i < 20'000; ++i) text += "  - {record: x" + std::to_string(i % 15'000) + ", expr: '1'}\n";
  RuleFileReading read = read_rule_file(text, "f");
  ASSERT_TRUE(read.faults.empty());
  auto before = Group::make(read.file.groups[0], {}), after = Group::make(read.file.groups[0], {});
  ASSERT_TRUE(before && after);
  (*after)->take_over(**before);
  EXPECT_EQ((*after)->status()->rules.size(), 20'000U);
}

TEST(RuleFile, KeysTellRulesApart) {
  const auto read = read_rule_file(
      "groups:\n- name: a\n  rules:\n  - {record: x, expr: 1}\n  - {record: x, expr: 2}\n  - {record: x, expr: 1, labels: {a: b}}\n", "f");
  EXPECT_THAT(rule_keys("f", read.file.groups[0]), ElementsAre("f;a;x{}", "f;a;x{}#2", "f;a;x{a=\"b\"}"));
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(RuleFile, AgreesWithPromtoolOnOtherPeoplesFiles) {
  const char* given = std::getenv("TOCSIN_CONFORMANCE");
  const auto folder = given ? std::filesystem::path(given)
                            : std::filesystem::path(source_dir()) / "../shared/conformance";
  if (!std::filesystem::exists(folder / "rules")) GTEST_SKIP() << "no conformance data at " << folder;
  // As promtool 3.15 judges them.
  const std::set<std::string> refused = {
      "bad-rules-syntax.yml", "rules-bad.yml", "bad_field.bad.yaml", "invalid_label_name.bad.yaml", "no_rec_alert.bad.yaml",
      "record_and_alert.bad.yaml", "record_and_keep_firing_for.bad.yaml"};
  int seen = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "rules")) {
    if (!entry.is_regular_file()) continue;
    const std::string text = content_of(entry.path());
    const std::string name = entry.path().filename().string();
    const bool bad = refused.contains(name) || text.find("\ntests:") != std::string::npos || text.starts_with("tests:");
    EXPECT_EQ(read_rule_file(text, name).faults.empty(), !bad) << name;
    ++seen;
  }
  EXPECT_GT(seen, 20);
}

}  // namespace
}  // namespace tocsin::rules
