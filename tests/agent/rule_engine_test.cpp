// SPDX-License-Identifier: Apache-2.0
#include "agent/rules/rule_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "agent/api/rules_api.h"
#include "rules/memory_store.h"
#include "tests/agent/answer.h"
#include "tests/agent/rule_engine_fixture.h"

namespace tocsin::agent {
namespace {

using namespace rules_test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kRules = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: x > 3, for: 20s}\n  - {record: r, expr: x}\n";

TEST_F(RuleEngineTest, EvaluatesCommitsAndTells) {
  write("a.yml", kRules);
  start();
  for (int i = 0; i < 3; ++i) sample(5), tick();
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_EQ(told_[0].labels, (rules::AlertLabels{{"alertname", "A"}, {"job", "j"}}));
  ASSERT_EQ(store_.alerts()->size(), 1u);
  EXPECT_EQ(store_.alerts()->at(0).phase, rules::AlertPhase::Firing);
  EXPECT_EQ(store_.outbox()->size(), 1u);
  EXPECT_THAT(known_, ElementsAre(HasSubstr(";g;A{}"), HasSubstr(";g;r{}")));
  const RuleEngineState state = engine_->state();
  EXPECT_EQ(state.evaluations, 6u);
  EXPECT_EQ(state.cycles, 3u);
  EXPECT_EQ(engine_->shortest_interval(), 10s);
}

TEST_F(RuleEngineTest, AGroupIsEvaluatedAtItsOwnInterval) {
  write("a.yml", "groups:\n- {name: slow, interval: 30s, rules: [{record: r, expr: '1'}]}\n- {name: fast, rules: [{record: s, expr: '1'}]}\n");
  start();
  for (int i = 0; i < 6; ++i) tick();
  EXPECT_EQ(engine_->state().evaluations, 2u + 6u);
  clock_.advance(60s);  // ticks did not come
  tick();
  EXPECT_EQ(engine_->state().missed_evaluations, 2u + 6u);
}

TEST_F(RuleEngineTest, ARestartTakesUpWhatTheStoreHolds) {
  write("a.yml", kRules);
  start();
  for (int i = 0; i < 3; ++i) sample(5), tick();
  told_.clear();
  start();
  sample(1);
  tick();
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_TRUE(told_[0].ended());
}

TEST_F(RuleEngineTest, StatesOfRulesThatAreGoneAreForgotten) {
  write("a.yml", kRules);
  start();
  for (int i = 0; i < 3; ++i) sample(5), tick();
  write("a.yml", "groups: []\n");
  start();
  EXPECT_THAT(*store_.alerts(), IsEmpty());
  EXPECT_THAT(known_, IsEmpty());
}

TEST_F(RuleEngineTest, AFileWithFaultsAtTheStartNeitherEndsNorForgets) {
  write("a.yml", kRules);
  start();
  for (int i = 0; i < 3; ++i) sample(5), tick();
  write("a.yml", "groups: 5\n");
  start();
  EXPECT_EQ(store_.alerts()->size(), 1u);
  EXPECT_THAT(known_, ElementsAre(HasSubstr(";g;A{}")));
  ASSERT_EQ(engine_->state().files.size(), 1u);
  EXPECT_THAT(engine_->state().files[0].faults, testing::SizeIs(1));
}

TEST_F(RuleEngineTest, AFileThatIsMendedAfterABrokenStartGoesOnWithItsAlerts) {
  write("a.yml", kRules);
  start();
  for (int i = 0; i < 3; ++i) sample(5), tick();
  ASSERT_EQ(told_.size(), 1u);
  const std::string key = told_[0].key;
  write("a.yml", "groups: 5\n");
  make();
  engine_->start(options_);
  write("a.yml", kRules);
  engine_->apply(options_);
  ASSERT_TRUE(comes_true([&] { return !engine_->state().groups.empty(); }));
  engine_->stop();
  EXPECT_THAT(known_, ElementsAre(HasSubstr(";g;A{}"), HasSubstr(";g;r{}")));
  sample(5), tick();
  ASSERT_EQ(engine_->state().groups.at(0)->rules[0].alerts.size(), 1u);
  EXPECT_EQ(engine_->state().groups.at(0)->rules[0].alerts[0].phase, rules::AlertPhase::Firing) << "it fired before";
  told_.clear();
  sample(1), tick();
  ASSERT_EQ(told_.size(), 1u);
  EXPECT_TRUE(told_[0].ended());
  EXPECT_EQ(told_[0].key, key) << "the end of the same episode";
}

TEST_F(RuleEngineTest, AFileThatIsMendedWithoutTheRuleEndsIt) {
  write("a.yml", kRules);
  start();
  for (int i = 0; i < 3; ++i) sample(5), tick();
  write("a.yml", "groups: 5\n");
  make();
  engine_->start(options_);
  EXPECT_EQ(store_.alerts()->size(), 1u);
  write("a.yml", "groups:\n- {name: g, rules: [{record: r, expr: '1'}]}\n");
  engine_->apply(options_);
  ASSERT_TRUE(comes_true([&] { return store_.alerts()->empty(); }));
  engine_->stop();
  EXPECT_THAT(known_, ElementsAre(HasSubstr(";g;r{}")));
}

// As an editor writes it: cut to nothing, then written; and as git does: taken away, then made.
TEST_F(RuleEngineTest, AFileThatIsBeingWrittenIsNotTakenForEmptyOrGone) {
  RuleFiles files;
  const rules::RuleFileOptions reading;
  const auto groups = [&] { return files.all().empty() ? 0u : files.all().begin()->second.file.groups.size(); };
  write("a.yml", kRules);
  EXPECT_TRUE(files.refresh({"*.yml"}, folder_, reading));
  write("a.yml", "");
  EXPECT_FALSE(files.refresh({"*.yml"}, folder_, reading, false));
  EXPECT_EQ(groups(), 1u);
  write("a.yml", kRules);
  EXPECT_FALSE(files.refresh({"*.yml"}, folder_, reading, false)) << "seen once";
  EXPECT_TRUE(files.refresh({"*.yml"}, folder_, reading, false)) << "it stands still: read, whatever it says";
  EXPECT_EQ(groups(), 1u);
  std::filesystem::remove(folder_ + "/a.yml");
  EXPECT_FALSE(files.refresh({"*.yml"}, folder_, reading, false));
  EXPECT_EQ(groups(), 1u);
  EXPECT_TRUE(files.refresh({"*.yml"}, folder_, reading, false));
  EXPECT_EQ(groups(), 0u);
}

TEST_F(RuleEngineTest, ADatabaseThatIsPutAsideWhileItRunsIsFilledAnew) {
  write("a.yml", kRules);
  start();
  for (int i = 0; i < 4; ++i) sample(5), tick();
  store_.lose();
  sample(5), tick();
  ASSERT_EQ(store_.alerts()->size(), 1u);
  EXPECT_EQ(store_.alerts()->at(0).phase, rules::AlertPhase::Firing);
}

// A heartbeat stands for rules that are evaluated, not for a thread that ticks.
TEST_F(RuleEngineTest, SaysWhetherRulesAreEvaluated) {
  start();
  clock_.advance(1h);
  EXPECT_TRUE(engine_->progresses()) << "there are none";
  write("a.yml", kRules);
  start();
  clock_.advance(1h);
  EXPECT_TRUE(engine_->progresses()) << "no tick has come yet";
  engine_->tick(clock_.now());
  tick();
  EXPECT_TRUE(engine_->progresses());
  clock_.advance(40s);
  EXPECT_TRUE(engine_->progresses());
  clock_.advance(1min);
  EXPECT_FALSE(engine_->progresses());
}

TEST_F(RuleEngineTest, ARuleThatLooksBackFurtherThanTheHistorySaysSo) {
  write("a.yml", "groups:\n- {name: g, rules: [{record: r, expr: 'rate(x[1d])'}]}\n");
  start();
  tick();
  const auto status = engine_->state().groups.at(0);
  EXPECT_EQ(status->rules[0].health, rules::RuleHealth::Error);
  EXPECT_EQ(status->rules[0].last_error, "looks back 1d, but the history keeps 2h");
}

// Before its first sample a recorded name is one all the same.
TEST_F(RuleEngineTest, ARuleMayLookBackFarOverWhatIsRecordedSoonerOrLater) {
  write("a.yml", "groups:\n- {name: g, rules: [{record: 'a:b', expr: x > 100}, {alert: A, expr: 'a:b offset 1d > 1'}, {alert: B, expr: 'x offset 1d > 1'}]}\n");
  start();
  sample(5), tick();
  const auto status = engine_->state().groups.at(0);
  EXPECT_EQ(status->rules[1].health, rules::RuleHealth::Ok) << status->rules[1].last_error;
  EXPECT_EQ(status->rules[2].health, rules::RuleHealth::Error);
}

TEST_F(RuleEngineTest, WhatShipsHoldsAndWhatIsBroughtDoesNot) {
  write("a.yml", "groups:\n- {name: tocsin-a, rules: [{alert: A, expr: x > 3}]}\n- {name: mine, rules: [{alert: A, expr: x > 3}]}\n");
  const auto policies = [&] {
    std::vector<rules::OnMissingData> out;
    for (const auto& group : engine_->state().groups) out.push_back(group->rules[0].on_missing);
    return out;
  };
  using enum rules::OnMissingData;
  start();
  EXPECT_THAT(policies(), ElementsAre(Hold, Prometheus));
  options_.rules.on_missing_data = Prometheus;
  start();
  EXPECT_THAT(policies(), ElementsAre(Prometheus, Prometheus)) << "what is said in total wins";
  options_.rules.on_missing_data.reset();
  options_.rules.missing_data = {{.group = "tocsin-a", .alert = "A", .policy = Alert}, {.group = "mine", .alert = "", .policy = Hold}};
  start();
  EXPECT_THAT(policies(), ElementsAre(Alert, Hold));
}

TEST_F(RuleEngineTest, AHeldAlertIsMarkedAndEndsWithItsReason) {
  write("a.yml", "groups:\n- {name: tocsin-a, rules: [{alert: A, expr: x > 3}]}\n");
  options_.rules.missing_data_held = 60s;
  start();
  for (int i = 0; i < 4; ++i) sample(5), tick();
  ASSERT_EQ(told_.size(), 1u);
  for (int i = 0; i < 35; ++i) tick();  // five minutes until the sample is too old
  EXPECT_EQ(engine_->state().missing, 1u);
  EXPECT_THAT(api("alerts").body,
              testing::AllOf(HasSubstr("\"missingSince\""), HasSubstr("\"state\":\"firing\"")));
  EXPECT_THAT(told_, testing::Each(testing::Property(&rules::OutboxRow::ended, false)));
  for (int i = 0; i < 6; ++i) tick();
  EXPECT_TRUE(told_.back().ended());
  EXPECT_EQ(told_.back().end_reason, "its data has been missing for too long");
  EXPECT_EQ(engine_->state().missing, 0u);
}

TEST_F(RuleEngineTest, TheApiShowsRulesAndAlerts) {
  write("a.yml", kRules);
  start();
  sample(5), tick();
  const auto get = [&](std::string_view query) { return api("rules", query); };
  EXPECT_THAT(get("").body, testing::AllOf(HasSubstr("\"state\":\"pending\",\"name\":\"A\""), HasSubstr("\"duration\":20")));
  EXPECT_THAT(api("alerts").body, HasSubstr("\"value\":\"5e+00\""));
  EXPECT_THAT(get("type=record").body, testing::AllOf(testing::Not(HasSubstr("\"alerting\"")), HasSubstr("\"type\":\"recording\"")));
  EXPECT_EQ(get("type=none").status, 400);
  EXPECT_EQ(get("match[]=%7B").status, 400);
  EXPECT_EQ(get("exclude_alerts=perhaps").status, 400);
  EXPECT_THAT(get("exclude_alerts=true").body, testing::Not(HasSubstr("activeAt")));
  EXPECT_THAT(get("rule_name[]=none").body, HasSubstr("\"groups\":[]"));
}

TEST_F(RuleEngineTest, TheApiSaysSinceWhenAnAlertFires) {
  write("a.yml", kRules);
  start();
  for (const bool fires : {false, true}) {
    for (int i = 0; i < (fires ? 3 : 1); ++i) sample(5), tick();
    const std::string body = api("alerts").body;
    EXPECT_THAT(body, HasSubstr("\"activeAt\":\"2023-11-14T22:13:20Z\""));
    EXPECT_EQ(body.find("\"firingSince\":\"2023-11-14T22:13:40Z\"") != std::string::npos, fires) << body;
  }
}

// The alert fires, and the rule is as healthy as with Prometheus.
TEST_F(RuleEngineTest, ATemplateThatFailsIsToldAndMakesNoRuleFail) {
  write("a.yml", "groups:\n- name: g\n  rules:\n  - {alert: A, expr: 'x > 3', annotations: {summary: '{{ .Bad }}'}}\n");
  start();
  sample(5), tick();
  EXPECT_THAT(api("rules").body,
              testing::AllOf(HasSubstr("\"health\":\"ok\""), HasSubstr("a.yml: g: A: annotation summary: <error expanding template: "),
                             HasSubstr("can't evaluate field Bad"), testing::Not(HasSubstr("lastError"))));
  sample(1), tick();
  EXPECT_EQ(engine_->state().groups[0]->rules[0].template_error, "") << "as long as nothing is expanded, nothing fails";
}

TEST_F(RuleEngineTest, WhatAPatternNamesAndCannotBeReadIsTold) {
  std::filesystem::create_directories(folder_ + "/folder.yml");
  std::filesystem::create_symlink("nowhere", folder_ + "/link.yml");
  write("a.yml", kRules);
  start();
  EXPECT_THAT(api("rules").body,
              testing::AllOf(HasSubstr("\"name\":\"A\""), HasSubstr("folder.yml:1:1: cannot be read: is a folder"),
                             HasSubstr("link.yml:1:1: cannot be read: No such file or directory")));
}

TEST_F(RuleEngineTest, TheApiGivesGroupsInPages) {
  std::string file = "groups:\n";
  for (const char* name : {"a", "b", "c", "d", "e"})
    file += "- {name: " + std::string(name) + ", rules: [{record: r_" + name + ", expr: '1'}]}\n";
  write("a.yml", file);
  start();
  tick();
  const auto get = [&](const std::string& query) { return api("rules", query); };
  std::vector<std::size_t> pages;
  std::string token, names;
  do {
    const Answer answer = get("group_limit=2&rule_name[]=r_a&rule_name[]=r_c&rule_name[]=r_e" + (token.empty() ? "" : "&group_next_token=" + token));
    ASSERT_EQ(answer.status, 200) << answer.body;
    std::size_t groups = 0;
    for (std::size_t at = 0; (at = answer.body.find("\"name\":\"r_", at)) != std::string::npos; ++at, ++groups) names += answer.body[at + 10];
    pages.push_back(groups);
    constexpr std::string_view kToken = "\"groupNextToken\":\"";
    const std::size_t at = answer.body.find(kToken);
    token = at == std::string::npos ? "" : answer.body.substr(at + kToken.size(), 16);
  } while (!token.empty() && pages.size() < 9);
  EXPECT_EQ(pages, (std::vector<std::size_t>{2, 1}));
  EXPECT_EQ(names, "ace");
  EXPECT_THAT(get("group_limit=2&group_next_token=gone").body, HasSubstr("were rule groups changed?"));
  EXPECT_THAT(get("group_next_token=gone").body, HasSubstr("group_limit needs to be present"));
  EXPECT_EQ(get("group_limit=0").status, 400);
  EXPECT_EQ(get("group_limit=x").status, 400);
}

TEST_F(RuleEngineTest, ItsThreadReadsChangedFilesAndTicks) {
  write("a.yml", kRules);
  make();
  engine_->start(options_);
  sample(5);
  engine_->tick(clock_.now());
  EXPECT_TRUE(comes_true([&] { return engine_->state().cycles == 1; }));
  write("a.yml", "groups:\n- {name: other, rules: [{record: s, expr: '1'}]}\n");
  engine_->apply(options_);
  EXPECT_TRUE(comes_true([&] { return engine_->state().groups.at(0)->group->name == "other"; }));
  engine_->stop();
  engine_->stop();
}

}  // namespace
}  // namespace tocsin::agent
