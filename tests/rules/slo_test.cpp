// SPDX-License-Identifier: Apache-2.0
#include "rules/slo.h"

#include <gtest/gtest.h>

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;

Slo good_one() {
  Slo slo;
  slo.name = "requests";
  slo.total = *selected_meter("server_request_total");
  slo.bad = *selected_meter(R"(server_request_total{status="server_error"})");
  slo.target = 0.999;
  return slo;
}

std::string told(const Slo& slo, const SloLimits& limits = {}) {
  std::string out;
  for (const SloFault& fault : faults_of(slo, limits)) out += fault.key + "#" + std::to_string(fault.pair) + ": " + fault.message + "\n";
  return out;
}

TEST(Slo, DefaultsAreSound) {
  EXPECT_EQ(told(good_one()), "");
  EXPECT_EQ(good_one().windows(), (std::vector<std::chrono::milliseconds>{5min, 30min, 1h, 2h, 6h, 24h, 72h}));
  EXPECT_DOUBLE_EQ(good_one().limit(default_burn_pairs()[0]), 0.0144);
}

TEST(Slo, APairThatCanNeverFireIsRefusedWithTheReason) {
  Slo slo = good_one();
  slo.target = 0.9;
  EXPECT_EQ(told(slo), "rate#1: can never fire: a burn rate of 14.4 at a target of 0.9 needs 144% of the events to be bad, and there is no more "
                       "than 100%; it must be below 10\n");
  slo.burn = {{10, 1h, 5min, "critical"}};  // all of them bad is not above 1
  EXPECT_NE(told(slo), "");
  slo.burn = {{9.9, 1h, 5min, "critical"}};
  EXPECT_EQ(told(slo), "");
}

TEST(Slo, EachMistakeIsTold) {
  struct Case {
    void (*spoil)(Slo&);
    std::string_view words;
  };
  const Case cases[] = {
      {[](Slo& slo) { slo.name = "a b"; }, "name#0: must be 1 to 64 letters"},
      {[](Slo& slo) { slo.target = 99.9; }, "did you mean 0.999?"},
      {[](Slo& slo) { slo.target = 1; }, "target#0: must be above 0 and below 1"},
      {[](Slo& slo) { slo.by = {"result"}; }, "counts have already"},
      {[](Slo& slo) { slo.by = {"dc", "dc"}; }, "stands there twice"},
      {[](Slo& slo) { slo.by = {"d-c"}; }, "no name of a label"},
      {[](Slo& slo) { slo.burn.clear(); }, "nobody is told"},
      {[](Slo& slo) { slo.burn[1].rate = 0; }, "rate#2: must be above 0"},
      {[](Slo& slo) { slo.burn[0].short_window = 1h; }, "short#1: the short window (1h) must be shorter than the long one (1h)"},
      {[](Slo& slo) { slo.burn[0].short_window = 30s; }, "at least four ticks of 15s"},
      {[](Slo& slo) { slo.period = 24h; }, "long#4: a window of 3d is longer than the period of 1d"},
      {[](Slo& slo) { slo.period = 24h * 90; }, "raise history.recorded_retention"},
      {[](Slo& slo) { slo.min_bad_events = 0; }, "min_bad_events#0"},
  };
  for (const Case& one : cases) {
    Slo slo = good_one();
    one.spoil(slo);
    EXPECT_NE(told(slo).find(one.words), std::string::npos) << one.words << "\n" << told(slo);
  }
}

TEST(Slo, ASelectorNamesOneMeterAndIsCanonical) {
  EXPECT_EQ(*selected_meter(" x{ b=\"2\", a=~\"1|3\" } "), *selected_meter("x{a=~\"1|3\",b=\"2\"}"));
  EXPECT_EQ(selected_meter("{__name__=\"http.requests\",a=\"1\"}")->meter, "http.requests");
  for (const char* bad : {"rate(x[5m])", "x offset 5m", "x @ 3", "{a=\"b\"}", "{__name__=~\"x.*\"}", "x{", "sum(x)", "x[5m]", ""})
    EXPECT_FALSE(selected_meter(bad)) << bad;
}

TEST(Slo, WhatIsCountedIsNotTheTarget) {
  Slo slo = good_one();
  const std::string before = slo.counted();
  slo.target = 0.9, slo.period = 24h, slo.burn.pop_back(), slo.min_bad_events = 3;
  EXPECT_EQ(slo.counted(), before);
  slo.by = {"server_name"};
  EXPECT_NE(slo.counted(), before);
}

TEST(Slo, DurationsAreSpoken) {
  EXPECT_EQ(spoken(std::chrono::milliseconds(180'000'000)), "2d2h");
  EXPECT_EQ(spoken(24h * 30), "30d");
  EXPECT_EQ(spoken(90s), "1m30s");
  EXPECT_EQ(spoken(5ms), "5ms");
}

}  // namespace
}  // namespace tocsin::rules
