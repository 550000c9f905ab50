// SPDX-License-Identifier: Apache-2.0
// The notifier against a receiver that answers as the test tells it to.
#include "agent/notify/notifier.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "tests/agent/losing_store.h"
#include "tests/agent/notify_fixture.h"
#include "tests/agent/notify_peer.h"
#include "wire/http_server.h"

namespace tocsin::agent {
namespace {

using namespace notify_test;
using rules::OutboxRow;
using rules::promql::Matcher;
using rules::promql::MatchType;
using testing::HasSubstr;

class NotifierTest : public testing::Test {
 protected:
  NotifierTest() { make(); }
  void make() { notifier_ = std::make_unique<Notifier>(store_, log_, clock_, [this] { return alive_.load(); }); }
  ~NotifierTest() override {
    notifier_.reset();
    ::close(log_to_);
  }
  void begin(const NotifyConfig& config) {
    notifier_->apply(config, "http://h:9464");
    ASSERT_TRUE(notifier_->start());
    const std::size_t all = config.alertmanagers.size() + config.webhooks.size() + (config.heartbeat.target.url.empty() ? 0 : 1);
    wait_until([&](const NotifierState& s) { return s.receivers.size() == all; });
  }
  void fire(const OutboxRow& row) {
    ASSERT_TRUE(store_.commit({.outbox = {row}}));
    notifier_->take({row});
  }
  // Waits until the state is as wished; fails the test after ten seconds.
  template <class Wish>
  NotifierState wait_until(Wish wish) {
    NotifierState state;
    for (const auto until = SystemClock::instance().monotonic() + 10s; SystemClock::instance().monotonic() < until;) {
      state = notifier_->state();
      if (wish(state)) return state;
      notifier_->take({});  // a round of the loop
      std::this_thread::yield();
    }
    ADD_FAILURE() << "it did not come to this";
    return state;
  }
  static AlertmanagerConfig alertmanager(const std::string& url) {
    AlertmanagerConfig config;
    config.name = "am";
    config.target.url = url;
    return config;
  }
  static WebhookConfig webhook(const std::string& url) {
    WebhookConfig config;
    config.name = "hook";
    config.target.url = url;
    config.group_wait = 0s;
    return config;
  }
  Time now() const { return clock_.now(); }

  const int log_to_ = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ManualClock clock_;
  Log log_{LogOptions{.descriptor = log_to_}};
  LosingStore store_;
  std::atomic<bool> alive_{true};
  std::unique_ptr<Notifier> notifier_;
};

TEST_F(NotifierTest, TellsEverybodyAndRemembersIt) {
  Peer am, hook;
  NotifyConfig config;
  config.alertmanagers = {alertmanager(am.url())};
  config.alertmanagers[0].target.username = "u", config.alertmanagers[0].target.password = "p";
  config.webhooks = {webhook(hook.url())};
  config.webhooks[0].target.bearer_token = "secret";
  begin(config);
  const OutboxRow row = firing("Down", "a", now(), now());
  fire(row);
  EXPECT_THAT(am.wait_for(1)[0], HasSubstr("\"alertname\":\"Down\""));
  EXPECT_THAT(hook.wait_for(1)[0], HasSubstr("\"version\":\"4\""));
  EXPECT_EQ(am.authorizations()[0], "Basic dTpw");
  EXPECT_EQ(hook.authorizations()[0], "Bearer secret");
  const auto state = wait_until([](const NotifierState& s) { return s.receivers.size() == 2 && s.receivers[0].tellings.sent == 1 && s.receivers[1].tellings.sent == 1; });
  EXPECT_EQ(state.receivers[0].kind, "alertmanager");
  EXPECT_TRUE(state.receivers[0].tellings.balanced());
  EXPECT_FALSE(state.receivers[0].oldest_owed);
  EXPECT_EQ(store_.told()->size(), 2U);
  EXPECT_EQ(store_.told()->at(0).key, row.key);
}

TEST_F(NotifierTest, ForgetsAnAlertOnceEverybodyKnowsItsEnd) {
  Peer hook;
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  config.webhooks[0].group_interval = 0s;
  begin(config);
  const OutboxRow row = firing("Down", "a", now(), now());
  fire(row);
  hook.wait_for(1);
  fire(over(row, now()));
  EXPECT_THAT(hook.wait_for(2)[1], HasSubstr("resolved"));
  wait_until([](const NotifierState& s) { return s.receivers[0].tellings.sent == 2; });
  // The rules say it again for a quarter of an hour: nobody hears of it twice.
  clock_.advance(15min);
  fire(over(row, row.starts_at));
  EXPECT_EQ(wait_until([](const NotifierState& s) { return s.rows == 1; }).receivers[0].requests, 2U);
  clock_.advance(6min);
  wait_until([](const NotifierState& s) { return s.rows == 0; });
  EXPECT_TRUE(store_.outbox()->empty());
  EXPECT_TRUE(store_.told()->empty());
}

TEST_F(NotifierTest, AClockThatJumpsAheadGivesNothingUp) {
  Peer hook;
  hook.answer({503});
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  begin(config);
  const OutboxRow row = firing("Down", "a", now(), now());
  fire(row);
  hook.wait_for(1);
  fire(over(row, now()));
  wait_until([](const NotifierState& s) { return s.receivers[0].failed_requests == 1; });
  clock_.step_wall(48h);
  clock_.advance(1min);
  notifier_->take({});
  hook.wait_for(2);
  const auto state = wait_until([](const NotifierState& s) { return s.receivers[0].tellings.sent == 2; });
  EXPECT_TRUE(state.receivers[0].dropped.empty());
}

// Whoever finds it: the rules' commit may be the one.
TEST_F(NotifierTest, ADatabaseThatIsPutAsideIsFilledAnew) {
  Peer hook;
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  begin(config);
  const OutboxRow row = firing("Down", "a", now(), now());
  fire(row);
  hook.wait_for(1);
  wait_until([](const NotifierState& s) { return s.receivers[0].tellings.sent == 1; });
  store_.lose();
  notifier_->take({});
  wait_until([&](const NotifierState&) { return store_.told()->size() == 1 && store_.outbox()->size() == 1; });
}

// Labels as receivers see them are what people copy.
TEST_F(NotifierTest, ASilenceMayNameAnExternalLabel) {
  Peer hook;
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  config.external_labels = {{"region", "east"}};
  begin(config);
  auto silence = rules::Silence::make({*Matcher::make("region", MatchType::Equal, "east"), *Matcher::make("instance", MatchType::Equal, "a")},
                                      {.id = "s", .starts_at = now(), .ends_at = now() + 1h, .author = "ann"});
  ASSERT_TRUE(silence);
  notifier_->set_silences({*silence});
  fire(firing("Down", "a", now(), now()));
  fire(firing("Down", "b", now(), now()));
  EXPECT_THAT(hook.wait_for(1)[0], testing::AllOf(HasSubstr("\"b\""), testing::Not(HasSubstr("\"a\""))));
}

TEST_F(NotifierTest, WhatRelabellingDropsIsOwedToNobody) {
  Peer hook;
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  config.alert_relabel = {{.source_labels = {"instance"}, .regex = "b", .action = RelabelAction::Drop}};
  begin(config);
  fire(firing("Down", "b", now(), now()));
  fire(firing("Down", "a", now(), now()));
  EXPECT_THAT(hook.wait_for(1)[0], testing::Not(HasSubstr("\"b\"")));
  const auto state = wait_until([](const NotifierState& s) { return s.receivers[0].tellings.sent == 1; });
  EXPECT_EQ(state.receivers[0].tellings.offered, 1U);
  EXPECT_FALSE(state.receivers[0].oldest_owed);
}

TEST_F(NotifierTest, TriesAgainUntilItIsTaken) {
  Peer hook;
  hook.answer({503, 500, 404});
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  begin(config);
  fire(firing("Down", "a", now(), now()));
  for (std::size_t attempts = 1; attempts <= 3; ++attempts) {
    hook.wait_for(attempts);
    wait_until([&](const NotifierState& s) { return s.receivers[0].failed_requests == attempts; });
    EXPECT_THAT(notifier_->state().receivers[0].last_error, HasSubstr("told to"));
    EXPECT_EQ(notifier_->state().receivers[0].tellings.queued, 1U);
    EXPECT_TRUE(notifier_->state().receivers[0].oldest_owed);
    clock_.advance(1min);
    notifier_->take({});
  }
  hook.wait_for(4);
  const auto state = wait_until([](const NotifierState& s) { return s.receivers[0].tellings.sent == 1; });
  EXPECT_EQ(state.receivers[0].last_error, "");
  EXPECT_FALSE(state.receivers[0].failing_since);
}

TEST_F(NotifierTest, WhatIsRefusedIsGivenUpAndCounted) {
  Peer hook;
  hook.answer({400});
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  begin(config);
  const OutboxRow row = firing("Down", "a", now(), now());
  fire(row);
  hook.wait_for(1);
  const auto state = wait_until([](const NotifierState& s) { return s.receivers[0].tellings.dropped_for(wire::DropReason::Refused) == 1; });
  EXPECT_TRUE(state.receivers[0].tellings.balanced());
  EXPECT_THAT(store_.told()->at(0).reason, HasSubstr("refused: HTTP 400"));
}

// Killed at any point: what the store holds is enough to go on, and nothing is told twice.
TEST_F(NotifierTest, GoesOnAfterARestartWithoutTellingTwice) {
  Peer hook;
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  config.webhooks[0].group_by = {"instance"};
  config.webhooks[0].group_interval = 0s;
  const OutboxRow told = firing("Down", "a", now(), now()), untold = firing("Down", "b", now(), now());
  begin(config);
  fire(told);
  hook.wait_for(1);
  wait_until([](const NotifierState& s) { return s.receivers[0].tellings.sent == 1; });
  notifier_.reset();
  ASSERT_TRUE(store_.commit({.outbox = {over(untold, now() + 5s)}}));
  clock_.advance(10min);
  make();
  begin(config);
  const auto bodies = hook.wait_for(2);
  EXPECT_THAT(bodies[1], HasSubstr("\"instance\":\"b\""));
  EXPECT_THAT(bodies[1], HasSubstr("\"status\":\"resolved\""));
  wait_until([](const NotifierState& s) { return s.receivers[0].tellings.queued == 0 && s.receivers[0].tellings.sent == 2; });
  fire(over(told, now()));
  EXPECT_THAT(hook.wait_for(3)[2], HasSubstr("\"instance\":\"a\""));
  wait_until([](const NotifierState& s) { return s.receivers[0].tellings.queued == 0 && s.receivers[0].tellings.in_flight == 0; });
  clock_.advance(21min);
  wait_until([](const NotifierState& s) { return s.rows == 0; });
}

TEST_F(NotifierTest, ANewReceiverHearsOfWhatFiresButNotOfWhatIsOver) {
  NotifyConfig config;
  begin(config);
  Peer other;
  config.webhooks = {webhook(other.url())};
  config.webhooks[0].name = "other";
  notifier_->apply(config, "");
  const OutboxRow still = firing("Still", "a", now(), now());
  fire(still);
  other.wait_for(1);
  other.answer({503});
  fire(over(firing("Old", "b", now(), now()), now()));
  other.wait_for(2);
  wait_until([](const NotifierState& s) { return s.receivers[0].failed_requests == 1; });
  clock_.advance(1h);
  Peer late;
  config.webhooks.push_back(webhook(late.url()));
  notifier_->apply(config, "");
  EXPECT_THAT(late.wait_for(1)[0], HasSubstr("Still"));
  wait_until([](const NotifierState& s) { return s.receivers.size() == 2 && s.rows == 1; });
  EXPECT_EQ(late.wait_for(1).size(), 1U);
}

TEST_F(NotifierTest, SilencesHoldBackUntilTheyEnd) {
  Peer hook;
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  config.webhooks[0].group_by = {"instance"};
  begin(config);
  notifier_->set_silences({*rules::Silence::make({*Matcher::make("instance", MatchType::Equal, "a")},
                                                 {.id = "1", .starts_at = now(), .ends_at = now() + 1h, .author = "ann"})});
  fire(firing("Down", "a", now(), now()));
  fire(firing("Down", "b", now(), now()));
  EXPECT_THAT(hook.wait_for(1)[0], HasSubstr("\"b\""));
  wait_until([](const NotifierState& s) { return s.receivers[0].tellings.sent == 1; });
  clock_.advance(1h);
  notifier_->take({});
  EXPECT_THAT(hook.wait_for(2)[1], HasSubstr("\"a\""));
}

TEST_F(NotifierTest, WhatWaitsIsBounded) {
  Peer hook;
  hook.answer({503});
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  config.max_waiting = 2;
  begin(config);
  for (int i = 0; i < 5; ++i) fire(over(firing("Down", std::to_string(i), now(), now()), now() + std::chrono::seconds(i)));
  const auto state = wait_until([](const NotifierState& s) { return s.receivers[0].tellings.dropped_for(wire::DropReason::QueueFull) == 6; });
  EXPECT_TRUE(state.receivers[0].tellings.balanced());
  wait_until([](const NotifierState& s) { return s.ended <= 2; });
}

TEST_F(NotifierTest, StopSendsWhatIsDueAndThenEnds) {
  Peer hook;
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  begin(config);
  fire(firing("Down", "a", now(), now()));
  notifier_->stop(5s);
  EXPECT_EQ(hook.wait_for(1).size(), 1U);
  EXPECT_EQ(store_.told()->size(), 1U);
  notifier_->stop(5s);
}

TEST_F(NotifierTest, WhatFiresUnderARuleThatIsGoneEnds) {
  Peer hook;
  NotifyConfig config;
  config.webhooks = {webhook(hook.url())};
  config.webhooks[0].group_by = {"alertname"};
  config.webhooks[0].group_interval = 0s;
  begin(config);
  fire(firing("Kept", "a", now(), now()));
  fire(firing("Gone", "a", now(), now()));
  hook.wait_for(2);
  notifier_->end_others({"f;g;Kept"}, "its rule is gone");
  const auto bodies = hook.wait_for(3);
  EXPECT_THAT(bodies[2], HasSubstr("\"Gone\""));
  EXPECT_THAT(bodies[2], HasSubstr("its rule is gone"));
}

TEST_F(NotifierTest, TheHeartbeatGoesOutWhileTheAgentLives) {
  Peer switch_;
  NotifyConfig config;
  config.heartbeat.target.url = switch_.url() + "/ping?key=secret";
  begin(config);
  EXPECT_THAT(switch_.wait_for(1)[0], HasSubstr("\"status\":\"alive\""));
  wait_until([](const NotifierState& s) { return s.receivers.size() == 1 && s.receivers[0].last_success; });
  EXPECT_EQ(notifier_->state().receivers[0].url.find("secret"), std::string::npos);
  alive_ = false;
  clock_.advance(2min);
  for (int i = 0; i < 100; ++i) notifier_->take({});
  EXPECT_EQ(switch_.wait_for(1).size(), 1U);
  alive_ = true;
  notifier_->take({});
  switch_.wait_for(2);
}

TEST_F(NotifierTest, NobodyToTellCostsNothing) {
  begin({});
  const OutboxRow row = firing("Down", "a", now(), now());
  fire(row);
  wait_until([](const NotifierState& s) { return s.rows == 1; });
  fire(over(row, now()));
  clock_.advance(21min);
  wait_until([](const NotifierState& s) { return s.rows == 0; });
  EXPECT_TRUE(store_.outbox()->empty());
}

}  // namespace
}  // namespace tocsin::agent
