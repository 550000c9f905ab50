// SPDX-License-Identifier: Apache-2.0
#include "rules/alert_state.h"

#include <gtest/gtest.h>

#include "rules/outbox.h"
#include "rules/silence.h"

namespace tocsin::rules {
namespace {

using std::chrono::seconds;
using promql::Matcher;
using promql::MatchType;

constexpr Time at(int second) { return Time{seconds{1'700'000'000 + second}}; }

AlertState firing() {
  return {.rule = "f;g;Down", .labels = {{"alertname", "Down"}, {"job", "shop"}}, .annotations = {{"summary", "s"}},
          .phase = AlertPhase::Firing, .value = 1, .active_at = at(0), .fired_at = at(60)};
}

TEST(AlertState, FingerprintIsPrometheus) {
  // As github.com/prometheus/common/model computes them.
  EXPECT_EQ(fingerprint_text(fingerprint({})), "cbf29ce484222325");
  EXPECT_EQ(fingerprint_text(fingerprint({{"alertname", "Down"}, {"job", "shop"}})), "e61254011e9728c1");
  EXPECT_NE(fingerprint({{"a", "bc"}}), fingerprint({{"ab", "c"}}));
}

TEST(Outbox, AnEpisodeKeepsItsKeyUntilItEnds) {
  AlertState state = firing();
  const OutboxRow fired = outbox_row(state, "http://h/graph", at(60), seconds{240});
  EXPECT_FALSE(fired.ended());
  EXPECT_EQ(fired.starts_at, at(60));
  state.phase = AlertPhase::Resolved;
  state.resolved_at = at(120);
  const OutboxRow over = outbox_row(state, "http://h/graph", at(120), seconds{240}, "its data ended");
  EXPECT_TRUE(over.ended());
  EXPECT_EQ(over.key, fired.key);
  EXPECT_EQ(over.end_reason, "its data ended");
  state.fired_at = at(180);
  EXPECT_NE(outbox_row(state, "", at(180), seconds{240}).key, fired.key);
  EXPECT_NE(episode_key("r", {{"a", "b;1:c"}}, at(0)), episode_key("r", {{"a", "b"}, {"c", ""}}, at(0)));
}

TEST(Silence, CoversWhatAllMatchersTakeWhileItLasts) {
  const SilenceFacts facts{.id = "1", .starts_at = at(0), .ends_at = at(100), .created_at = at(0), .author = "ann"};
  const auto silence = Silence::make({*Matcher::make("job", MatchType::Regex, "sh.*"),
                                      *Matcher::make("dc", MatchType::NotEqual, "east")}, facts);
  ASSERT_TRUE(silence);
  EXPECT_TRUE(silence->covers({{"job", "shop"}}, at(0)));
  EXPECT_FALSE(silence->covers({{"job", "shop"}}, at(100)));
  EXPECT_FALSE(silence->covers({{"dc", "east"}, {"job", "shop"}}, at(1)));
  EXPECT_FALSE(silence->covers({{"job", "web"}}, at(1)));
}

TEST(Silence, RefusesWhatWouldSilenceEverything) {
  const SilenceFacts facts{.id = "1", .starts_at = at(0), .ends_at = at(100), .created_at = at(0), .author = "ann"};
  EXPECT_FALSE(Silence::make({}, facts));
  EXPECT_FALSE(Silence::make({*Matcher::make("job", MatchType::Regex, ".*")}, facts));
  const std::vector<Matcher> good{*Matcher::make("job", MatchType::Equal, "shop")};
  EXPECT_TRUE(Silence::make(good, facts));
  SilenceFacts bad = facts;
  bad.author.clear();
  EXPECT_FALSE(Silence::make(good, bad));
  bad = facts;
  bad.ends_at = bad.starts_at;
  EXPECT_FALSE(Silence::make(good, bad));
}

}  // namespace
}  // namespace tocsin::rules
