// SPDX-License-Identifier: Apache-2.0
// What an Alertmanager and a webhook are told, when: receivers are functions of rows, records and time.
#include "agent/notify/src/receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/agent/notify_fixture.h"

namespace tocsin::agent {
namespace {

using namespace notify_test;
using rules::OutboxRow;
using rules::ToldRecord;
using testing::HasSubstr;
using testing::Not;

// A receiver with its rows and records, driven by hand.
class Desk {
 public:
  explicit Desk(std::unique_ptr<Receiver> receiver) : receiver_(std::move(receiver)) {}
  void put(const OutboxRow& row, bool silenced = false) { rows_[row.key] = {row, silenced, 0s}; }
  // What is sent at this time; empty where nothing is.
  std::string ask(Time now) {
    wake = kNever;
    std::vector<ToldRecord> settled;
    for (auto& [key, entry] : rows_) entry.ended_for = entry.row.ended() ? now - entry.row.ends_at : 0s;
    sending_ = receiver_->next(rows_, told, now, wake, settled);
    for (const ToldRecord& record : settled) told[record.key] = record;
    return sending_ ? sending_->body : std::string();
  }
  std::string accept(Time now) {
    const std::string body = ask(now);
    if (sending_) answer(Answer::Accepted, now);
    return body;
  }
  void answer(Answer answer, Time now, const std::string& why = {}) {
    const auto refused = receiver_->answered(*sending_, answer, why, now);
    if (answer == Answer::Accepted) {
      for (const ToldRecord& record : sending_->records) told[record.key] = record;
    }
    for (const ToldRecord& record : refused) told[record.key] = record;
  }
  bool finished(const OutboxRow& row, Time now) const {
    const auto found = told.find(row.key);
    return receiver_->finished({row, false, 0s}, found == told.end() ? nullptr : &found->second, now);
  }
  std::string fault() const { return sending_ ? sending_->fault : ""; }
  std::size_t sent() const { return sending_ ? sending_->records.size() : 0; }

  Time wake = kNever;
  ToldRecords told;

 private:
  std::unique_ptr<Receiver> receiver_;
  OutboxEntries rows_;
  std::optional<Sending> sending_;
};

AlertmanagerConfig alertmanager() {
  AlertmanagerConfig config;
  config.name = "am";
  config.target.url = "http://127.0.0.1:9093/";
  return config;
}
Desk alertmanager_desk(NotifyConfig shared = {}) { return Desk(make_alertmanager(alertmanager(), shared)); }

TEST(AlertmanagerReceiver, TellsFiringAgainEveryMinuteAndTheEndForAQuarterOfAnHour) {
  Desk desk = alertmanager_desk();
  const OutboxRow row = firing("Down", "a");
  desk.put(row);
  EXPECT_EQ(desk.accept(at(1s)),
            R"([{"labels":{"alertname":"Down","instance":"a"},"annotations":{"summary":"Down on a"},)"
            R"("startsAt":"2023-11-14T22:13:20Z","endsAt":"2023-11-14T22:17:21Z","generatorURL":"http://h:9464/graph?g0.expr=up"}])");
  EXPECT_EQ(desk.ask(at(60s)), "");
  EXPECT_EQ(desk.wake, at(61s));
  EXPECT_THAT(desk.accept(at(61s)), HasSubstr(R"("endsAt":"2023-11-14T22:18:21Z")"));
  const OutboxRow end = over(row, at(90s), "its data ended");
  desk.put(end);
  const std::string body = desk.accept(at(91s));
  EXPECT_THAT(body, HasSubstr(R"("endsAt":"2023-11-14T22:14:50Z")"));
  EXPECT_THAT(body, HasSubstr(R"("tocsin_end_reason":"its data ended")"));
  EXPECT_EQ(desk.ask(at(150s)), "");
  EXPECT_NE(desk.accept(at(151s)), "");
  EXPECT_FALSE(desk.finished(end, at(151s)));
  EXPECT_TRUE(desk.finished(end, at(91s + 15min)));
  EXPECT_EQ(desk.ask(at(91s + 15min)), "");
}

TEST(AlertmanagerReceiver, WhatEndedUntoldIsToldAsFiringThenAsResolved) {
  Desk desk = alertmanager_desk();
  const OutboxRow row = over(firing("Down", "a"), at(30s));
  desk.put(row);
  EXPECT_NE(desk.ask(at(10min)), "");
  desk.answer(Answer::Later, at(10min));
  const std::string late = desk.accept(at(11min));
  EXPECT_THAT(late, HasSubstr(R"("tocsin_ended_at":"2023-11-14T22:13:50Z")"));
  EXPECT_THAT(late, HasSubstr(R"("startsAt":"2023-11-14T22:13:20Z","endsAt":"2023-11-14T22:34:20Z")"));
  EXPECT_EQ(desk.ask(at(16min)), "");
  EXPECT_EQ(desk.wake, at(17min));
  const std::string end = desk.accept(at(17min));
  EXPECT_THAT(end, HasSubstr(R"("endsAt":"2023-11-14T22:13:50Z")"));
  EXPECT_THAT(end, Not(HasSubstr("tocsin_ended_at")));
}

TEST(AlertmanagerReceiver, GivesUpADayAfterTheEnd) {
  Desk desk = alertmanager_desk();
  const OutboxRow row = over(firing("Down", "a"), at(30s));
  desk.put(row);
  EXPECT_EQ(desk.ask(at(30s + 24h)), "");
  EXPECT_EQ(desk.told[row.key].reason, "retry_timeout");
  EXPECT_TRUE(desk.finished(row, at(30s + 24h)));
}

TEST(AlertmanagerReceiver, OneBadAlertNeverSpoilsItsBatch) {
  Desk desk = alertmanager_desk();
  const OutboxRow rows[] = {firing("A", "1"), firing("B", "2"), firing("C", "3")};
  for (const OutboxRow& row : rows) desk.put(row);
  desk.ask(at());
  ASSERT_EQ(desk.sent(), 3U);
  desk.answer(Answer::Refused, at());
  int accepted = 0, asked = 0;
  for (std::string body; asked < 10 && !(body = desk.ask(at())).empty(); ++asked) {
    ASSERT_EQ(desk.sent(), 1U);
    const bool bad = body.find("\"B\"") != std::string::npos;
    desk.answer(bad ? Answer::Refused : Answer::Accepted, at(), "HTTP 400: no");
    accepted += bad ? 0 : 1;
  }
  EXPECT_EQ(accepted, 2);
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(desk.told[rows[1].key].reason, "refused: HTTP 400: no");
  EXPECT_NE(desk.told[rows[0].key].firing_at, Time{});
}

TEST(AlertmanagerReceiver, MendsWhatItWouldRefuse) {
  NotifyConfig shared;
  shared.external_labels = {{"region", "east"}, {"instance", "not used"}};
  Desk desk = alertmanager_desk(shared);
  OutboxRow row = firing("Down", "a");
  row.labels.insert(row.labels.end(), {{"http.route", "x\xff"}, {"empty", ""}, {"0", "digit"}});
  row.generator_url = "not a url";
  desk.put(row);
  const std::string body = desk.ask(at());
  EXPECT_THAT(body, HasSubstr(R"("labels":{"_0":"digit","alertname":"Down","http_route":"x�","instance":"a","region":"east"})"));
  EXPECT_THAT(body, Not(HasSubstr("generatorURL")));
}

// region becomes zone for everybody; this one hears nothing of instance b and does not know instances apart.
NotifyConfig relabelled() {
  NotifyConfig shared;
  shared.external_labels = {{"region", "east"}};
  shared.alert_relabel = {{.source_labels = {"region"}, .target_label = "zone", .replacement = "z-$1"},
                          {.regex = "region", .action = RelabelAction::LabelDrop}};
  return shared;
}
const std::vector<RelabelConfig> kOwn = {{.source_labels = {"instance"}, .regex = "b", .action = RelabelAction::Drop},
                                         {.regex = "instance", .action = RelabelAction::LabelDrop}};

TEST(AlertmanagerReceiver, RelabelsAsAllHaveItAndAsItHasIt) {
  AlertmanagerConfig config = alertmanager();
  config.alert_relabel = kOwn;
  Desk desk(make_alertmanager(config, relabelled()));
  desk.put(firing("Down", "a"));
  desk.put(firing("Down", "b"));
  EXPECT_THAT(desk.accept(at()), HasSubstr(R"("labels":{"alertname":"Down","zone":"z-east"})"));
  EXPECT_EQ(desk.sent(), 1U);
  // To this receiver a and c are one alert: while one fires the end of the other is none.
  desk.put(firing("Down", "c", at(10s), at(10s)));
  desk.put(over(firing("Down", "a"), at(20s)));
  EXPECT_THAT(desk.accept(at(21s)), HasSubstr(R"("startsAt":"2023-11-14T22:13:30Z")"));
  EXPECT_EQ(desk.sent(), 1U);
  EXPECT_EQ(desk.told[firing("Down", "a").key].reason, "a newer alert has the same labels");
}

TEST(WebhookReceiver, RelabelsBeforeItGroups) {
  WebhookConfig config;
  config.name = "hook", config.target.url = "http://127.0.0.1:1/", config.group_wait = 0s, config.group_by = {"zone"};
  config.alert_relabel = kOwn;
  Desk desk(make_webhook(config, relabelled(), ""));
  desk.put(firing("Down", "a"));
  desk.put(firing("Down", "b"));
  const std::string body = desk.accept(at());
  EXPECT_THAT(body, HasSubstr(R"("groupLabels":{"zone":"z-east"})"));
  EXPECT_THAT(body, HasSubstr(R"("labels":{"alertname":"Down","zone":"z-east"})"));
  EXPECT_EQ(desk.sent(), 1U);
}

TEST(AlertmanagerReceiver, SendsAtMost256AtOnce) {
  Desk desk = alertmanager_desk();
  for (int i = 0; i < 600; ++i) desk.put(firing("A", std::to_string(i)));
  std::vector<std::size_t> sizes;
  while (!desk.accept(at()).empty()) sizes.push_back(desk.sent());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{256, 256, 88}));
}

TEST(AlertmanagerReceiver, ANewerAlertOfTheSameLabelsStandsForTheOlder) {
  Desk desk = alertmanager_desk();
  const OutboxRow old = over(firing("A", "1"), at(10s));
  desk.put(old);
  desk.put(firing("A", "1", at(20s), at(20s)));
  EXPECT_THAT(desk.accept(at(21s)), HasSubstr(R"("startsAt":"2023-11-14T22:13:40Z")"));
  EXPECT_EQ(desk.sent(), 1U);
  EXPECT_TRUE(desk.finished(old, at(21s)));
}

TEST(AlertmanagerReceiver, AClockSetBackSilencesNothing) {
  Desk desk = alertmanager_desk();
  desk.put(firing("A", "1"));
  EXPECT_NE(desk.accept(at(2h)), "");
  EXPECT_NE(desk.accept(at(1h)), "");
  EXPECT_EQ(desk.ask(at(1h + 30s)), "");
  EXPECT_NE(desk.accept(at(1h + 1min)), "");
}

// It would be refused, and an end in the future is none.
TEST(AlertmanagerReceiver, NothingItIsToldLiesInTheFuture) {
  Desk desk = alertmanager_desk();
  const OutboxRow row = firing("A", "1", at(1h), at(1h));
  desk.put(row);
  EXPECT_THAT(desk.accept(at()), HasSubstr(R"("startsAt":"2023-11-14T22:13:20Z")"));
  desk.put(over(row, at(2h)));
  const std::string end = desk.accept(at(20s));
  EXPECT_THAT(end, HasSubstr(R"("startsAt":"2023-11-14T22:13:40Z")"));
  EXPECT_THAT(end, HasSubstr(R"("endsAt":"2023-11-14T22:13:40Z")"));
}

TEST(AlertmanagerReceiver, ASilenceHoldsBackWhatWasNotTold) {
  Desk desk = alertmanager_desk();
  const OutboxRow row = firing("A", "1"), other = firing("A", "2");
  desk.put(row, true);
  EXPECT_EQ(desk.ask(at()), "");
  desk.put(over(row, at(5s)), true);
  EXPECT_EQ(desk.ask(at(6s)), "");
  EXPECT_EQ(desk.told[row.key].reason, "silenced");
  // What was told before goes on: silence must not read as an end.
  desk.put(other);
  EXPECT_NE(desk.accept(at(10s)), "");
  desk.put(other, true);
  EXPECT_NE(desk.accept(at(80s)), "");
}

WebhookConfig webhook() {
  WebhookConfig config;
  config.name = "hook";
  config.target.url = "http://127.0.0.1:1/hook";
  return config;
}
Desk webhook_desk(const WebhookConfig& config) { return Desk(make_webhook(config, {}, "http://h:9464")); }

TEST(WebhookReceiver, SpeaksAlertmanagersVersion4) {
  WebhookConfig config = webhook();
  config.text = "{{ .Status }}: {{ len .Alerts.Firing }} of {{ .GroupLabels.alertname }}{{ range .Alerts }} {{ .Labels.instance }}{{ end }}"
                "{{ range .CommonLabels.SortedPairs }} {{ .Name }}={{ .Value }}{{ end }}";
  Desk desk = webhook_desk(config);
  desk.put(firing("Down", "a"));
  desk.put(firing("Down", "b", at(1s)));
  EXPECT_EQ(desk.ask(at(9s)), "");
  EXPECT_EQ(desk.wake, at(10s));
  EXPECT_EQ(
      desk.accept(at(10s)),
      R"({"receiver":"hook","status":"firing","alerts":[{"status":"firing","labels":{"alertname":"Down","instance":"a"},)"
      R"("annotations":{"summary":"Down on a"},"startsAt":"2023-11-14T22:13:20Z","endsAt":"0001-01-01T00:00:00Z",)"
      R"("generatorURL":"http://h:9464/graph?g0.expr=up","fingerprint":"b095cbba435360b4"},{"status":"firing","labels":)"
      R"({"alertname":"Down","instance":"b"},"annotations":{"summary":"Down on b"},"startsAt":"2023-11-14T22:13:21Z",)"
      R"("endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://h:9464/graph?g0.expr=up","fingerprint":"b099cbba4357498b"}],)"
      R"("groupLabels":{"alertname":"Down"},"commonLabels":{"alertname":"Down"},"commonAnnotations":{},)"
      R"("externalURL":"http://h:9464","version":"4","groupKey":"{}:{alertname=\"Down\"}","truncatedAlerts":0,)"
      R"("text":"firing: 2 of Down a b alertname=Down"})");
}

TEST(WebhookReceiver, TellsAGroupAgainWhenSomethingIsNewAndAfterTheRepeatInterval) {
  Desk desk = webhook_desk(webhook());
  const OutboxRow a = firing("Down", "a");
  desk.put(a);
  EXPECT_NE(desk.accept(at(10s)), "");
  EXPECT_EQ(desk.ask(at(11s)), "");
  EXPECT_EQ(desk.wake, at(10s + 4h));
  desk.put(firing("Down", "b", at(15s)));
  EXPECT_EQ(desk.ask(at(16s)), "");
  EXPECT_EQ(desk.wake, at(70s));  // group_interval
  EXPECT_THAT(desk.accept(at(70s)), HasSubstr("\"b\""));
  EXPECT_EQ(desk.sent(), 2U);
  EXPECT_NE(desk.accept(at(70s + 4h)), "");
  const OutboxRow end = over(a, at(5h));
  desk.put(end);
  const std::string body = desk.accept(at(5h));
  EXPECT_THAT(body, HasSubstr(R"("status":"resolved","labels":{"alertname":"Down","instance":"a"})"));
  EXPECT_THAT(body, HasSubstr(R"("status":"firing","alerts")"));
  EXPECT_TRUE(desk.finished(end, at(5h)));
}

TEST(WebhookReceiver, WhatFiredAndEndedUntoldIsToldOnceAsSuch) {
  WebhookConfig config = webhook();
  config.send_resolved = false;
  Desk desk = webhook_desk(config);
  const OutboxRow row = over(firing("Down", "a"), at(30s));
  desk.put(row);
  const std::string body = desk.accept(at(1h));
  EXPECT_THAT(body, HasSubstr(R"("status":"resolved","alerts":[{"status":"resolved")"));
  EXPECT_THAT(body, HasSubstr(R"("startsAt":"2023-11-14T22:13:20Z","endsAt":"2023-11-14T22:13:50Z")"));
  EXPECT_TRUE(desk.finished(row, at(1h)));
  EXPECT_EQ(desk.ask(at(6h)), "");
}

TEST(WebhookReceiver, EndsAreLeftOutWhereNotWanted) {
  WebhookConfig config = webhook();
  config.send_resolved = false;
  Desk desk = webhook_desk(config);
  const OutboxRow row = firing("Down", "a");
  desk.put(row);
  EXPECT_NE(desk.accept(at(10s)), "");
  desk.put(over(row, at(30s)));
  EXPECT_EQ(desk.ask(at(1h)), "");
  EXPECT_TRUE(desk.finished(over(row, at(30s)), at(1h)));
}

TEST(WebhookReceiver, GroupsByLabelsAndCutsLongMessages) {
  WebhookConfig config = webhook();
  config.group_by = {"instance"};
  config.max_alerts = 1;
  Desk desk = webhook_desk(config);
  desk.put(firing("A", "1"));
  desk.put(firing("B", "1"));
  desk.put(firing("A", "2"));
  const std::string first = desk.accept(at(10s)), second = desk.accept(at(10s));
  EXPECT_THAT(first, HasSubstr(R"("groupKey":"{}:{instance=\"1\"}","truncatedAlerts":1)"));
  EXPECT_THAT(second, HasSubstr(R"("groupKey":"{}:{instance=\"2\"}","truncatedAlerts":0)"));
  EXPECT_EQ(desk.ask(at(10s)), "");
}

TEST(WebhookReceiver, OneBadAlertNeverSpoilsItsGroup) {
  Desk desk = webhook_desk(webhook());
  const OutboxRow rows[] = {firing("Down", "a"), firing("Down", "b"), firing("Down", "c")};
  for (const OutboxRow& row : rows) desk.put(row);
  ASSERT_NE(desk.ask(at(10s)), "");
  ASSERT_EQ(desk.sent(), 3U);
  desk.answer(Answer::Refused, at(10s), "HTTP 413: too large");
  int asked = 0;
  for (std::string body; asked < 10 && !(body = desk.ask(at(10s))).empty(); ++asked) {
    ASSERT_EQ(desk.sent(), 1U) << "each alone, and at once";
    const bool bad = body.find("\"b\"") != std::string::npos;
    desk.answer(bad ? Answer::Refused : Answer::Accepted, at(10s), "HTTP 413: too large");
  }
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(desk.told[rows[1].key].reason, "refused: HTTP 413: too large");
  for (const int good : {0, 2}) EXPECT_NE(desk.told[rows[good].key].firing_at, Time{});
}

TEST(WebhookReceiver, OfAGroupThatIsTooLargeOnlyWhatIsNewGoesAlone) {
  Desk desk = webhook_desk(webhook());
  const OutboxRow old[] = {firing("Down", "a"), firing("Down", "b"), firing("Down", "c")};
  for (const OutboxRow& row : old) desk.put(row);
  ASSERT_NE(desk.accept(at(10s)), "");
  const OutboxRow fresh = firing("Down", "d");
  desk.put(fresh);
  ASSERT_NE(desk.ask(at(10min)), "");
  ASSERT_EQ(desk.sent(), 4U);
  desk.answer(Answer::Refused, at(10min), "HTTP 413: too large");
  EXPECT_THAT(desk.accept(at(10min)), HasSubstr("\"d\""));
  EXPECT_EQ(desk.ask(at(10min)), "") << "what was told before is not told again";
}

TEST(WebhookReceiver, RecordsOfBeforeARestartKeepItQuiet) {
  Desk desk = webhook_desk(webhook());
  const OutboxRow row = firing("Down", "a");
  desk.put(row);
  desk.told[row.key] = {.key = row.key, .receiver = "hook", .firing_at = at(10s)};
  EXPECT_EQ(desk.ask(at(2h)), "");
  EXPECT_EQ(desk.wake, at(10s + 4h));
}

TEST(WebhookReceiver, AClockSetBackDoesNotHoldNewsBack) {
  Desk desk = webhook_desk(webhook());
  desk.put(firing("Down", "a"));
  EXPECT_NE(desk.accept(at(2h)), "");
  EXPECT_EQ(desk.ask(at(1h)), "");
  desk.put(firing("Down", "b", at(1h)));
  EXPECT_NE(desk.accept(at(1h)), "");
  EXPECT_EQ(desk.ask(at(1h + 1s)), "");
}

TEST(WebhookReceiver, ATextThatFailsSaysSo) {
  WebhookConfig config = webhook();
  config.text = "{{ .Nope }}";
  Desk desk = webhook_desk(config);
  desk.put(firing("Down", "a"));
  EXPECT_THAT(desk.accept(at(10s)), HasSubstr(R"("text":"<error expanding template: )"));
  EXPECT_THAT(desk.fault(), HasSubstr("can't evaluate field Nope"));
  EXPECT_THAT(fault_of_text(config.text), HasSubstr("can't evaluate field Nope"));
  EXPECT_EQ(fault_of_text("{{ .Status }}: {{ range .Alerts }}{{ .Labels.alertname }} {{ end }}{{ (index .Alerts 7).Labels }}"), "");
}

}  // namespace
}  // namespace tocsin::agent
