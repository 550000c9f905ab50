// SPDX-License-Identifier: Apache-2.0
#include "rules/group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "rules/memory_store.h"
#include "rules/promql/parse.h"
#include "rules/window.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Time kStart = from_unix_ns(1'700'000'000'000'000'000);

// A window, a group upon it, and time that goes in steps of ten seconds.
class GroupTest : public testing::Test {
 protected:
  void make(const std::string& rules, GroupOptions options = {}, const std::string& head = "") {
    const auto read = read_rule_file("groups:\n- name: g\n  interval: 10s\n" + head + "  rules:\n" + rules, "f.yml");
    ASSERT_TRUE(read.faults.empty()) << read.faults[0].to_string("f.yml");
    options.path = "f.yml";
    auto made = Group::make(read.file.groups.at(0), options);
    ASSERT_TRUE(made) << made.error().message;
    if (group_) (*made)->take_over(*group_);
    group_ = *std::move(made);
  }

  void sample(const std::string& name, std::vector<BatchBuilder::Label> labels, double value) {
    builder_.add(builder_.place(name, labels), ms(), value);
  }
  std::int64_t ms() const { return to_unix_ns(now_) / 1'000'000; }

  CycleOutcome tick() {
    window_.append(builder_.batch());
    builder_.clear();
    CycleOutcome out = group_->evaluate(now_, storage_);
    EXPECT_TRUE(store_.commit(out.change));
    now_ += 10s;
    return out;
  }

  // What an expression gives at the last tick: "labels value".
  std::vector<std::string> query(std::string_view text, std::chrono::seconds back = 10s) {
    std::vector<std::string> out;
    const auto expr = promql::parse(text);
    const auto view = window_.view();
    const auto answer = promql::evaluate(**expr, *view, {.time = promql::instant(ms() - back / 1ms)});
    if (!answer) return {answer.error().message};
    for (const promql::Sample& found : std::get<promql::Vector>(answer->value)) {
      out.push_back(promql::to_string(found.labels) + " " + std::to_string(static_cast<std::int64_t>(found.point.value)));
    }
    std::ranges::sort(out);
    return out;
  }

  Time now_ = kStart;
  Window window_{WindowOptions{}};
  WindowStorage storage_{window_};
  MemoryStore store_;
  BatchBuilder builder_;
  std::unique_ptr<Group> group_;
};

TEST_F(GroupTest, LaterRulesSeeEarlierResultsInTheSameCycle) {
  make("  - {record: a, expr: x * 2, labels: {l: v, gone: ''}}\n"
       "  - {record: b, expr: a + 1}\n"
       "  - {record: c, expr: '1'}\n");
  sample("x", {{"gone", "y"}, {"job", "j"}}, 5);
  const CycleOutcome out = tick();
  EXPECT_EQ(out.evaluated, 3u);
  EXPECT_EQ(out.failed, 0u);
  EXPECT_EQ(out.samples, 3u);
  EXPECT_THAT(query("a"), ElementsAre("a{job=\"j\", l=\"v\"} 10"));
  EXPECT_THAT(query("b"), ElementsAre("b{job=\"j\", l=\"v\"} 11"));
  EXPECT_THAT(query("c"), ElementsAre("c 1"));
}

TEST_F(GroupTest, AClockThatIsSetMakesNothingFireAndNothingEnd) {
  make("  - {alert: Fast, expr: 'rate(c[1m]) > 0.5'}\n"
       "  - {alert: Patient, expr: x > 3, for: 60s}\n");
  double count = 0;
  const auto go = [&] {
    sample("x", {{"job", "j"}}, 5);
    sample("c", {{"job", "j"}}, count += 10);
    return tick();
  };
  for (int i = 0; i < 4; ++i) go();
  ASSERT_EQ(store_.outbox()->size(), 1u) << "Fast fires";
  now_ += 1h;
  group_->clock_set(1h, now_);
  // The range has one sample of the new time only: nothing can be said yet, and nothing is.
  EXPECT_THAT(go().change.outbox, IsEmpty());
  const auto patient = [&] { return group_->status()->rules[1].alerts.at(0); };
  EXPECT_EQ(patient().phase, AlertPhase::Pending);
  EXPECT_EQ(now_ - 10s - patient().active_at, 40s);
  EXPECT_EQ(store_.alerts()->at(1).active_at, patient().active_at) << "and so it is kept";
  EXPECT_THAT(go().change.outbox, IsEmpty());
  EXPECT_EQ(group_->status()->rules[0].alerts.at(0).phase, AlertPhase::Firing);
  const auto fired = go().change.outbox;
  ASSERT_EQ(fired.size(), 1u) << "Patient, a minute after it began";
  EXPECT_FALSE(fired[0].ended());
}

TEST_F(GroupTest, ASeriesThatIsNoLongerGivenEnds) {
  make("  - {record: a, expr: x > 3}\n");
  sample("x", {{"job", "j"}}, 5);
  tick();
  EXPECT_EQ(query("a").size(), 1u);
  sample("x", {{"job", "j"}}, 1);
  EXPECT_EQ(tick().samples, 1u);
  EXPECT_THAT(query("a"), IsEmpty());
  sample("x", {{"job", "j"}}, 1);
  EXPECT_EQ(tick().samples, 0u);
}

TEST_F(GroupTest, ARuleThatFailsWritesNothingAndSaysWhy) {
  make("  - {record: a, expr: x, labels: {i: same}}\n"
       "  - {record: b, expr: x}\n",
       {}, "  limit: 1\n");
  sample("x", {{"i", "1"}}, 5);
  tick();
  sample("x", {{"i", "1"}}, 5);
  sample("x", {{"i", "2"}}, 5);
  const CycleOutcome out = tick();
  EXPECT_EQ(out.failed, 2u);
  EXPECT_EQ(out.samples, 0u);
  EXPECT_THAT(out.errors, ElementsAre(HasSubstr("same labelset after applying rule labels"), HasSubstr("exceeded limit of 1 with 2 series")));
  const auto status = group_->status();
  EXPECT_EQ(status->rules[0].health, RuleHealth::Error);
  EXPECT_EQ(status->rules[1].last_error, "exceeded limit of 1 with 2 series");
  EXPECT_EQ(query("b").size(), 1u) << "no staleness marker: the rule did not say that the series ended";
}

TEST_F(GroupTest, AnAlertGoesPendingFiringResolvedAndIsTold) {
  make("  - alert: High\n    expr: x > 3\n    for: 10s\n    labels: {severity: page, job: '{{ $labels.job | toUpper }}'}\n"
       "    annotations: {summary: 'it is {{ $value }} of {{ $labels.__name__ }}', sum: '{{ with query \"sum(x)\" }}{{ . | first | value }}{{ end }}'}\n",
       {.external_url = "http://t"});
  sample("x", {{"job", "j"}}, 5);
  CycleOutcome out = tick();
  EXPECT_THAT(out.change.outbox, IsEmpty());
  ASSERT_EQ(out.change.alerts.size(), 1u);
  EXPECT_EQ(out.change.alerts[0].phase, AlertPhase::Pending);
  EXPECT_THAT(query("ALERTS"), ElementsAre("ALERTS{alertname=\"High\", alertstate=\"pending\", job=\"J\", severity=\"page\"} 1"));

  sample("x", {{"job", "j"}}, 6);
  out = tick();
  ASSERT_EQ(out.change.outbox.size(), 1u);
  const OutboxRow row = out.change.outbox[0];
  EXPECT_EQ(row.labels, (AlertLabels{{"alertname", "High"}, {"job", "J"}, {"severity", "page"}}));
  EXPECT_EQ(row.annotations, (AlertLabels{{"sum", "6"}, {"summary", "it is 6 of x"}}));
  EXPECT_EQ(row.starts_at, kStart + 10s);
  EXPECT_EQ(row.valid_for, 4min);
  EXPECT_EQ(row.generator_url, "http://t/graph?g0.expr=x+%3E+3&g0.tab=1");
  EXPECT_FALSE(row.ended());
  EXPECT_THAT(query("ALERTS"), ElementsAre(HasSubstr("alertstate=\"firing\"")));
  EXPECT_THAT(query("ALERTS_FOR_STATE"), ElementsAre("ALERTS_FOR_STATE{alertname=\"High\", job=\"J\", severity=\"page\"} " +
                                                     std::to_string(to_unix_ns(kStart) / 1'000'000'000)));

  sample("x", {{"job", "j"}}, 1);
  out = tick();
  ASSERT_EQ(out.change.outbox.size(), 1u);
  EXPECT_EQ(out.change.outbox[0].key, row.key);
  EXPECT_EQ(out.change.outbox[0].ends_at, kStart + 20s);
  EXPECT_THAT(query("{__name__=~\"ALERTS.*\"}"), IsEmpty());
  EXPECT_THAT(group_->status()->rules[0].alerts, IsEmpty());
}

TEST_F(GroupTest, TwoAlertsOfOneLabelSetAreAnErrorAndTellNothing) {
  make("  - {alert: A, expr: x, labels: {i: same}}\n");
  sample("x", {{"i", "1"}}, 5);
  sample("x", {{"i", "2"}}, 5);
  const CycleOutcome out = tick();
  EXPECT_TRUE(out.change.empty());
  EXPECT_THAT(out.errors, ElementsAre(HasSubstr("same labelset after applying alert labels")));
}

TEST_F(GroupTest, OverTheLimitWhatFiresGoesOn) {
  make("  - {alert: A, expr: x > 0}\n", {}, "  limit: 1\n");
  sample("x", {{"i", "1"}}, 5);
  EXPECT_EQ(tick().change.outbox.size(), 1u);
  sample("x", {{"i", "1"}}, 5);
  sample("x", {{"i", "2"}}, 5);
  const CycleOutcome out = tick();
  EXPECT_EQ(out.failed, 1u);
  EXPECT_TRUE(out.change.empty());
  EXPECT_EQ(group_->status()->rules[0].alerts.size(), 1u);
}

TEST_F(GroupTest, StatesSurviveARestart) {
  const std::string rules = "  - {alert: A, expr: x > 3, for: 40s}\n  - {alert: B, expr: x > 3}\n";
  make(rules);
  for (int i = 0; i < 3; ++i) sample("x", {}, 5), tick();
  EXPECT_EQ(group_->status()->rules[0].alerts[0].phase, AlertPhase::Pending);
  const Time last = now_ - 10s;
  now_ += 60s;  // nobody looked
  group_.reset();
  make(rules, {.started_at = now_});
  group_->restore(*store_.alerts(), 60s, last);
  sample("x", {}, 5);
  CycleOutcome out = tick();
  ASSERT_EQ(out.change.outbox.size(), 1u) << "B is told again after the resend delay";
  EXPECT_EQ(out.change.outbox[0].starts_at, kStart);
  EXPECT_EQ(group_->status()->rules[0].alerts[0].phase, AlertPhase::Pending) << "it is 30 s old: 20 before, 10 after";
  sample("x", {}, 5);
  EXPECT_EQ(tick().change.outbox.size(), 1u);
  EXPECT_EQ(group_->status()->rules[0].alerts[0].phase, AlertPhase::Firing);
}

// The very series is back and says that the condition is over: nothing else is waited for, though its history is lost.
TEST_F(GroupTest, WhatIsOverAfterARestartEndsAtOnceWhereTheSeriesIsBack) {
  const std::string rules = "  - {alert: A, expr: x > 3}\n";
  make(rules);
  sample("x", {}, 5);
  tick();
  ASSERT_EQ(group_->status()->rules[0].alerts.size(), 1u);
  const Time last = now_ - 10s;
  now_ += 6h;  // nothing of before is in the window any more
  group_.reset();
  make(rules, {.started_at = now_});
  EXPECT_TRUE(group_->restore(*store_.alerts(), 60s, last).empty());
  for (const OutboxRow& row : tick().change.outbox) EXPECT_FALSE(row.ended()) << "nothing has come yet";
  sample("x", {}, 1);
  const CycleOutcome out = tick();
  ASSERT_EQ(out.change.outbox.size(), 1u);
  EXPECT_TRUE(out.change.outbox[0].ended());
}

TEST_F(GroupTest, WhatIsTooOldToGoOnIsForgotten) {
  const std::string rules = "  - {alert: A, expr: x > 3, for: 40s}\n";
  make(rules);
  sample("x", {}, 5);
  tick();
  group_.reset();
  make(rules, {.started_at = now_});
  const auto over = group_->restore(*store_.alerts(), 3h, now_ - 3h);
  ASSERT_EQ(over.size(), 1u);
  EXPECT_EQ(over[0].labels, store_.alerts()->front().labels);
}

TEST_F(GroupTest, ARestartAloneEndsNothing) {
  const std::string rules = "  - {alert: A, expr: 'rate(x[30s]) > 0'}\n";
  make(rules);
  double total = 0;
  for (int i = 0; i < 4; ++i) sample("x", {}, total += 10), tick();
  ASSERT_EQ(group_->status()->rules[0].alerts.size(), 1u);
  const Time last = now_ - 10s;
  now_ += 60s;  // history has a gap: the first rate after it has one sample only
  group_.reset();
  make(rules, {.started_at = now_});
  group_->restore(*store_.alerts(), 60s, last);
  sample("x", {}, total += 10);
  EXPECT_THAT(query("rate(x[30s])", 0s), IsEmpty());
  for (const OutboxRow& row : tick().change.outbox) EXPECT_FALSE(row.ended());
  sample("x", {}, total += 10);
  for (const OutboxRow& row : tick().change.outbox) EXPECT_FALSE(row.ended());
  EXPECT_EQ(group_->status()->rules[0].alerts.size(), 1u);
  sample("x", {}, total);
  tick();
  sample("x", {}, total);
  const CycleOutcome out = tick();
  ASSERT_EQ(out.change.outbox.size(), 1u) << "the condition is over and there is data to say so";
  EXPECT_TRUE(out.change.outbox[0].ended());
}

TEST_F(GroupTest, AnAlertThatJustBeganAtTheStartWaits) {
  make("  - {alert: A, expr: absent(x)}\n", {.started_at = now_});
  EXPECT_THAT(tick().change.outbox, IsEmpty());
  EXPECT_THAT(tick().change.outbox, IsEmpty());
  EXPECT_EQ(tick().change.outbox.size(), 1u);
}

class MissingDataTest : public GroupTest {
 protected:
  GroupOptions options(OnMissingData policy) {
    GroupOptions out;
    out.on_missing = [policy](const RuleGroup&, const Rule&) { return policy; };
    out.missing_bound = 100s;
    return out;
  }
  // Two instances, each in trouble; then the second goes silent.
  void begin(OnMissingData policy, const std::string& expr) {
    make("  - {alert: A, expr: '" + expr + "'}\n", options(policy));
    for (int i = 0; i < 4; ++i) {
      sample("x", {{"i", "1"}}, 5), sample("x", {{"i", "2"}}, 5);
      tick();
    }
  }
  std::vector<std::string> ended(const CycleOutcome& out) {
    std::vector<std::string> found;
    for (const OutboxRow& row : out.change.outbox) {
      if (row.ended()) found.push_back(std::string(label_value(row.labels, "i")) + ":" + row.end_reason);
    }
    return found;
  }
};

TEST_F(MissingDataTest, AsPrometheusItEnds) {
  begin(OnMissingData::Prometheus, "x > 3");
  sample("x", {{"i", "1"}}, 5), sample("x", {{"i", "2"}}, std::bit_cast<double>(promql::kStaleBits));
  EXPECT_THAT(ended(tick()), ElementsAre("2:"));
}

TEST_F(MissingDataTest, HeldWhileItsDataIsGone) {
  begin(OnMissingData::Hold, "x > 3");
  sample("x", {{"i", "1"}}, 1), sample("x", {{"i", "2"}}, std::bit_cast<double>(promql::kStaleBits));
  CycleOutcome out = tick();
  EXPECT_THAT(ended(out), ElementsAre("1:")) << "its data is there and says that it is over";
  EXPECT_EQ(out.missing, 1u);
  EXPECT_THAT(query("ALERTS"), ElementsAre("ALERTS{alertname=\"A\", alertstate=\"firing\", i=\"2\"} 1"));
  // It returns, and its condition is over.
  sample("x", {{"i", "2"}}, 1);
  EXPECT_THAT(ended(tick()), ElementsAre("2:"));
}

TEST_F(MissingDataTest, HeldForABoundedTime) {
  begin(OnMissingData::Hold, "x > 3");
  sample("x", {{"i", "1"}}, 5), sample("x", {{"i", "2"}}, std::bit_cast<double>(promql::kStaleBits));
  EXPECT_THAT(ended(tick()), IsEmpty());
  for (int i = 0; i < 9; ++i) {
    sample("x", {{"i", "1"}}, 5);
    EXPECT_THAT(ended(tick()), IsEmpty());
  }
  sample("x", {{"i", "1"}}, 5);
  EXPECT_THAT(ended(tick()), ElementsAre("2:its data has been missing for too long"));
}

TEST_F(MissingDataTest, SilenceWithoutAMarkIsSeenToo) {
  begin(OnMissingData::Hold, "rate(x[25s]) >= 0");
  std::vector<std::string> all;
  for (int i = 0; i < 6; ++i) {
    sample("x", {{"i", "1"}}, 5);
    const auto some = ended(tick());
    all.insert(all.end(), some.begin(), some.end());
  }
  EXPECT_THAT(all, IsEmpty());
  EXPECT_EQ(group_->status()->rules[0].alerts.size(), 2u);
}

TEST_F(MissingDataTest, AnAggregationThatLosesAContributorIsHeld) {
  begin(OnMissingData::Hold, "sum(x) > 8");
  sample("x", {{"i", "1"}}, 5), sample("x", {{"i", "2"}}, std::bit_cast<double>(promql::kStaleBits));
  EXPECT_THAT(ended(tick()), IsEmpty());
  sample("x", {{"i", "1"}}, 5), sample("x", {{"i", "2"}}, 1);
  EXPECT_THAT(ended(tick()), ElementsAre(":"));
}

TEST_F(GroupTest, AReloadKeepsWhatDidNotChangeAndEndsWhatIsGone) {
  make("  - {alert: A, expr: x > 3}\n  - {alert: B, expr: x > 3}\n  - {record: r, expr: x}\n");
  sample("x", {}, 5);
  EXPECT_EQ(tick().change.outbox.size(), 2u);
  make("  - {alert: A, expr: x > 2}\n");
  sample("x", {}, 5);
  const CycleOutcome out = tick();
  ASSERT_EQ(out.change.outbox.size(), 1u);
  EXPECT_EQ(out.change.outbox[0].labels, (AlertLabels{{"alertname", "B"}}));
  EXPECT_EQ(out.change.outbox[0].end_reason, "the rule was removed");
  EXPECT_THAT(out.change.rules_gone, ElementsAre("f.yml;g;B{}"));
  EXPECT_THAT(query("r"), IsEmpty());
  EXPECT_EQ(group_->status()->rules[0].alerts[0].fired_at, kStart);
  EXPECT_EQ(group_->retire(now_, storage_).change.outbox.size(), 1u);
  EXPECT_THAT(query("ALERTS", 0s), IsEmpty());
}

TEST_F(GroupTest, TheQueryOffsetMovesWhatIsReadAndWritten) {
  make("  - {record: r, expr: x}\n", {}, "  query_offset: 20s\n");
  sample("x", {}, 1), tick();
  sample("x", {}, 2), tick();
  sample("x", {}, 3), tick();
  EXPECT_THAT(query("r", 30s), ElementsAre("r 1"));
}

}  // namespace
}  // namespace tocsin::rules
