// SPDX-License-Identifier: Apache-2.0
#include "agent/api/explain_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "agent/check/json_tree.h"
#include "agent/commands/src/explain_text.h"
#include "tests/agent/answer.h"
#include "tests/agent/rule_engine_fixture.h"

namespace tocsin::agent {
namespace {

using namespace rules_test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ExplainApiTest : public RuleEngineTest {
 protected:
  ExplainFacts facts() {
    ExplainFacts out;
    out.state.rules = engine_->state();
    out.state.receivers.receivers = receivers_;
    out.records.outbox = *store_.outbox();
    out.records.told = *store_.told();
    out.records.silences = *store_.silences();
    out.view = window_.view();
    out.now = clock_.now();
    return out;
  }
  std::string json(const std::string& query) {
    auto out = explain_answer(facts(), wire::parse_query(query));
    return out ? *out : "error: " + out.error().message;
  }
  std::string text(const std::string& query) {
    const auto tree = JsonTree::parse(json(query));
    return tree ? explain_text(tree->root(), false) : tree.error().message;
  }
  void commit_told() {
    ASSERT_TRUE(store_.commit({.outbox = told_}));
  }

  std::vector<ReceiverState> receivers_;
};

constexpr const char* kRules =
    "groups:\n- name: g\n  rules:\n  - {alert: A, expr: 'x > 3', for: 20s, keep_firing_for: 30s}\n  - {record: r, expr: x}\n"
    "  - {alert: Bad, expr: 'x / on () y > 0'}\n";

TEST_F(ExplainApiTest, InactivePendingFiringKeptEnded) {
  write("a.yml", kRules);
  start();
  EXPECT_THAT(text("alert=A"), AllOf(HasSubstr("A: inactive\n  not evaluated yet"), HasSubstr("no series is called x")));
  sample(2), tick();
  EXPECT_THAT(text("alert=A"), HasSubstr("does not fire: none of 1 series of `x` passes `> 3`: the nearest is 2 of {job=\"j\"}"));
  sample(5), tick();
  EXPECT_THAT(text("alert=A"), AllOf(HasSubstr("A: pending\n  1 is pending"), HasSubstr("pending since 22:13:30 UTC (10s ago), value 5; fires 22:13:50 UTC (in 10s)")));
  EXPECT_THAT(json("alert=A"), AllOf(HasSubstr("\"firesAt\":\"2023-11-14T22:13:50Z\""), HasSubstr("\"told\":[]")));
  sample(5), tick();
  sample(6), tick();
  commit_told();
  EXPECT_THAT(text("alert=A"), AllOf(HasSubstr("1 alert fires"), HasSubstr("firing since 22:13:50 UTC (10s ago), value 6; the condition holds"),
                                     HasSubstr("nobody is told")));
  receivers_ = {{.name = "am", .kind = "alertmanager"}, {.name = "hook", .kind = "webhook", .last_error = "connection refused"}, {.name = "beat", .kind = "heartbeat"}};
  ASSERT_TRUE(store_.commit({.told = {{.key = told_[0].key, .receiver = "am", .firing_at = clock_.now()}}}));
  EXPECT_THAT(text("alert=A"), AllOf(HasSubstr("am: told that it fires 22:14:00 UTC (0s ago)"), HasSubstr("hook: not told yet: it failed: connection refused"),
                                     Not(HasSubstr("nobody")), Not(HasSubstr("beat"))));
  sample(1), tick();
  EXPECT_THAT(text("alert=A"), HasSubstr("the condition is over since 22:14:00 UTC (10s ago), keep_firing_for holds it until 22:14:30 UTC (in 20s)"));
  for (int i = 0; i < 3; ++i) sample(1), tick();
  commit_told();
  EXPECT_THAT(text("alert=A"), AllOf(HasSubstr("A: inactive"), HasSubstr("fired 22:13:50 UTC (50s ago), ended 22:14:30 UTC (10s ago): the condition is over"),
                                     HasSubstr("am: told that it fires 22:14:00 UTC (40s ago), not yet of its end")));
  receivers_ = {{.name = "late", .kind = "webhook", .since = clock_.now()}};
  EXPECT_THAT(text("alert=A"), HasSubstr("late: was not configured then; will not be told"));
}

TEST_F(ExplainApiTest, SilencesAndMissingData) {
  write("a.yml", "groups:\n- {name: tocsin-g, rules: [{alert: A, expr: x > 3}]}\n");
  start();
  for (int i = 0; i < 3; ++i) sample(5), tick();
  auto silence = rules::Silence::make({*rules::promql::Matcher::make("job", rules::promql::MatchType::Equal, "j")},
                                      {.id = "s1", .starts_at = clock_.now(), .ends_at = clock_.now() + 1h, .author = "ann", .comment = "moving"});
  ASSERT_TRUE(store_.put_silence(*silence));
  receivers_ = {{.name = "am", .kind = "alertmanager"}};
  EXPECT_THAT(text("alert=A"), AllOf(HasSubstr("silenced until 23:13:50 UTC (in 1h) by ann: moving (s1)"), HasSubstr("am: not told yet: silenced"),
                                     HasSubstr("missing data: hold")));
  for (int i = 0; i < 35; ++i) tick();
  EXPECT_THAT(text("alert=A"), AllOf(HasSubstr("its data is missing since "), HasSubstr("it is held as it was, and ends with that reason"),
                                     HasSubstr("1 series match, but the newest sample is")));
  EXPECT_THAT(json("alert=A"), AllOf(HasSubstr("\"heldUntil\""), HasSubstr("\"silencedBy\":[{\"id\":\"s1\"")));
}

TEST_F(ExplainApiTest, FaultsAndWrongQuestions) {
  write("a.yml", kRules);
  start();
  sample(5);
  builder_.add(builder_.place("y", {{"i", "1"}}), to_unix_ns(clock_.now()) / 1'000'000, 1);
  builder_.add(builder_.place("y", {{"i", "2"}}), to_unix_ns(clock_.now()) / 1'000'000, 1);
  window_.append(builder_.batch());
  builder_.clear();
  tick();
  EXPECT_THAT(text("alert=Bad"), AllOf(HasSubstr("Bad: err\n  the rule fails, and its alerts neither begin nor end until that is mended: "), HasSubstr("cannot be evaluated")));
  EXPECT_THAT(text("alert=r"), HasSubstr("r: ok\n  the expression gives 1 series"));
  EXPECT_THAT(text("alert=A&match=job=none"), HasSubstr("none with this alert's labels"));
  EXPECT_EQ(json("alert=Badd"), "error: no rule is called \"Badd\"; did you mean Bad?");
  EXPECT_THAT(json(""), HasSubstr("invalid parameter \"alert\""));
  EXPECT_THAT(json("alert=A&match=job"), HasSubstr("invalid parameter \"match\": job"));
  EXPECT_THAT(json("alert=A&time=soon"), HasSubstr("invalid parameter \"time\""));
  Router router;
  add_explain_routes(router, [this] { return facts(); });
  EXPECT_EQ(answer_of(router, request_of("GET", "/api/v1/explain", "alert=A")).status, 200);
  EXPECT_EQ(answer_of(router, request_of("GET", "/api/v1/explain", "alert=None")).status, 404);
  EXPECT_EQ(answer_of(router, request_of("GET", "/api/v1/explain", "alert=A&time=x")).status, 400);
}

TEST_F(ExplainApiTest, AnotherTime) {
  write("a.yml", kRules);
  start();
  sample(2), tick();
  sample(9), tick();
  EXPECT_THAT(text("alert=A&time=1700000000"), AllOf(HasSubstr("expression at 2023-11-14T22:13:20Z"), HasSubstr("-> 0 of 1 series pass")));
}

}  // namespace
}  // namespace tocsin::agent
