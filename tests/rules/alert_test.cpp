// SPDX-License-Identifier: Apache-2.0
// advance() as a table: what is seen second by second, and what state and telling must come of it.
#include "rules/alert.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;

// One letter an evaluation, ten seconds apart. Seen: P present, . absent, m missing, ? unknown, x failed.
// State: - none, p pending, F firing, r resolved. Told: - nothing, f firing, R resolved.
struct Case {
  const char* what;
  AlertTiming timing;
  std::string seen, states, told;
};

AlertTiming timing(std::chrono::seconds hold, std::chrono::seconds keep = 0s, OnMissingData missing = OnMissingData::Prometheus) {
  AlertTiming out;
  out.hold = hold;
  out.keep_firing_for = keep;
  out.on_missing = missing;
  out.resend_delay = 30s;
  out.resolved_retention = 40s;
  out.missing_bound = 30s;
  return out;
}

Sight sight_of(char c) {
  switch (c) {
    case 'P': return Sight::Present;
    case 'm': return Sight::Missing;
    case '?': return Sight::Unknown;
    case 'x': return Sight::Failed;
    default: return Sight::Absent;
  }
}

char letter(const std::optional<AlertState>& state) {
  if (!state) return '-';
  return state->phase == AlertPhase::Pending ? 'p' : state->phase == AlertPhase::Firing ? 'F' : 'r';
}

constexpr auto kHold = OnMissingData::Hold;
constexpr auto kAlert = OnMissingData::Alert;

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {"nothing", timing(0s), "...", "---", "---"},
      {"no for: fires at once, told again after the resend delay", timing(0s), "PPPPPPPPP", "FFFFFFFFF", "f---f---f"},
      {"pending, then firing at for", timing(20s), "PPPP", "ppFF", "--f-"},
      {"a short for fires at the next evaluation", timing(1s), "PP", "pF", "-f"},
      {"pending that vanishes is forgotten untold", timing(20s), "PP.P", "pp-p", "----"},
      {"resolved is told at once and again, then forgotten", timing(0s), "P.........", "Frrrrr----", "fR---R----"},
      {"a new episode while the end is still told", timing(20s), "PPP..PPP", "ppFrrppF", "--fR---f"},
      {"no for: the next episode fires at once", timing(0s), "P.P.", "FrFr", "fRfR"},
      {"keep_firing_for holds", timing(0s, 20s), "P...", "FFFr", "f--R"},
      {"keep_firing_for begins anew when it returns", timing(0s, 20s), "P..P...", "FFFFFFr", "f---f-R"},
      {"keep_firing_for does not hold pending", timing(20s, 20s), "PP.", "pp-", "---"},
      {"a failed evaluation changes and tells nothing", timing(10s), "PxPxxxxxP.x.", "ppFFFFFFFrrr", "--f-----fR--"},
      {"missing as Prometheus", timing(10s), "PPm", "pFr", "-fR"},
      {"missing as Prometheus, pending", timing(20s), "PPmP", "pp-p", "----"},
      {"missing as Prometheus, kept firing", timing(0s, 20s), "Pmmm", "FFFr", "f--R"},
      {"hold: firing goes on, then ends", timing(0s, 0s, kHold), "Pmmmmm", "FFFFrr", "f---R-"},
      {"hold: data returns and the condition holds", timing(0s, 0s, kHold), "PmmPmmmm", "FFFFFFFr", "f---f--R"},
      {"hold: data returns and the condition is over", timing(0s, 0s, kHold), "Pmm.", "FFFr", "f--R"},
      {"hold: pending waits, time without data does not count", timing(30s, 0s, kHold), "PPmmPPP", "pppppFF", "-----f-"},
      {"hold: pending is forgotten in the end", timing(20s, 0s, kHold), "Pmmmm", "pppp-", "-----"},
      {"hold: the condition was over before its data ended", timing(0s, 20s, kHold), "P.mmm", "FFFrr", "f--R-"},
      {"alert: missing data is as good as the condition", timing(20s, 0s, kAlert), "Pmmmmmmmm.", "ppFFFFFFFr", "--f---f--R"},
      {"missing data of an alert that is not there", timing(0s, 0s, kAlert), "mm", "--", "--"},
      {"unknown keeps all as it is, and firing is told again", timing(20s), "P???PPP?????", "ppppFFFFFFFF", "----f---f---"},
      {"unknown does not forget an end", timing(0s), "P.???", "Frrrr", "fR---"},
  };
  return kCases;
}

TEST(Advance, FollowsTheTable) {
  for (const Case& test : cases()) {
    std::optional<AlertState> state;
    std::string states, told;
    Time now = from_unix_ns(1'000'000'000'000);
    for (const char c : test.seen) {
      AlertState seen;
      seen.rule = "r";
      seen.labels = {{"alertname", "A"}};
      seen.value = 3;
      const Advanced next = advance(state ? &*state : nullptr, {sight_of(c), &seen}, test.timing, now);
      state = next.state;
      states += letter(state);
      told += !next.tell ? '-' : next.tell->phase == AlertPhase::Firing ? 'f' : 'R';
      EXPECT_TRUE(!next.tell || (next.changed && next.tell->last_sent_at == now)) << test.what;
      now += 10s;
    }
    EXPECT_EQ(states, test.states) << test.what << ": " << test.seen;
    EXPECT_EQ(told, test.told) << test.what << ": " << test.seen;
  }
}

AlertState firing_since(Time at) {
  AlertState state;
  state.rule = "r";
  state.phase = AlertPhase::Firing;
  state.active_at = state.fired_at = state.last_sent_at = at;
  return state;
}

const Time kStart = from_unix_ns(1'000'000'000'000);

TEST(Advance, ALongerForGoesBackToPendingAndTellsTheEnd) {
  const AlertState state = firing_since(kStart);
  const Advanced next = advance(&state, {Sight::Present, &state}, timing(60s), kStart + 10s);
  ASSERT_TRUE(next.state);
  EXPECT_EQ(next.state->phase, AlertPhase::Pending);
  EXPECT_EQ(next.state->active_at, kStart);
  EXPECT_EQ(next.state->fired_at, Time{});
  ASSERT_TRUE(next.tell);
  EXPECT_EQ(next.tell->phase, AlertPhase::Resolved);
  EXPECT_EQ(next.tell->fired_at, kStart);
  EXPECT_FALSE(next.end_reason.empty());
}

// The clock, set back by seconds, makes what fires look younger than its `for`.
TEST(Advance, ASmallStepBackOfTheClockUndoesNoFiring) {
  AlertState state = firing_since(kStart);
  state.fired_at = kStart + 20s;
  for (const auto step : {17s, 5s}) {
    const Advanced next = advance(&state, {Sight::Present, &state}, timing(20s), kStart + step);
    ASSERT_TRUE(next.state);
    EXPECT_EQ(next.state->phase, AlertPhase::Firing);
    EXPECT_FALSE(next.tell && next.tell->phase == AlertPhase::Resolved);
  }
}

TEST(Advance, WhatEndsForWantOfDataSaysSo) {
  AlertState state = firing_since(kStart);
  state.missing_since = kStart;
  const Advanced next = advance(&state, {Sight::Missing, nullptr}, timing(0s, 0s, kHold), kStart + 30s);
  ASSERT_TRUE(next.tell);
  EXPECT_EQ(next.tell->phase, AlertPhase::Resolved);
  EXPECT_EQ(next.end_reason, "its data has been missing for too long");
  EXPECT_EQ(next.tell->missing_since, Time{});
}

TEST(Advance, WordsAndValuesAreRefreshedAndAloneAreNoChange) {
  AlertState state = firing_since(kStart);
  state.annotations = {{"summary", "old"}};
  AlertState seen = state;
  seen.annotations = {{"summary", "new"}};
  seen.value = 7;
  const Advanced next = advance(&state, {Sight::Present, &seen}, timing(0s), kStart + 10s);
  EXPECT_FALSE(next.changed);
  EXPECT_EQ(next.state->annotations, seen.annotations);
  EXPECT_EQ(next.state->value, 7);
}

TEST(Advance, JustAfterTheStartNothingFiresAnew) {
  AlertTiming careful = timing(0s);
  careful.may_fire_anew = false;
  const AlertState seen;
  const Advanced first = advance(nullptr, {Sight::Present, &seen}, careful, kStart);
  ASSERT_TRUE(first.state);
  EXPECT_EQ(first.state->phase, AlertPhase::Pending);
  EXPECT_FALSE(first.tell);
  const Advanced then = advance(&*first.state, {Sight::Present, &seen}, timing(0s), kStart + 10s);
  EXPECT_EQ(then.state->phase, AlertPhase::Firing);
  // What was pending before the restart fires when its time comes.
  AlertState old = seen;
  old.active_at = kStart - 60s;
  careful.hold = 60s;
  EXPECT_EQ(advance(&old, {Sight::Present, &seen}, careful, kStart).state->phase, AlertPhase::Firing);
}

TEST(AfterRestart, TimeInWhichNobodyLookedDoesNotCount) {
  AlertState pending;
  pending.active_at = kStart;
  EXPECT_EQ(after_restart(pending, 0s)->active_at, kStart);
  EXPECT_EQ(after_restart(pending, 20s)->active_at, kStart + 20s);
  EXPECT_FALSE(after_restart(pending, 2h));
  AlertState firing = firing_since(kStart);
  firing.keep_firing_since = kStart + 5s;
  const auto restored = after_restart(firing, 2h);
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->active_at, kStart);
  EXPECT_EQ(restored->fired_at, kStart);
  EXPECT_EQ(restored->keep_firing_since, kStart + 5s + 2h);
}

}  // namespace
}  // namespace tocsin::rules
