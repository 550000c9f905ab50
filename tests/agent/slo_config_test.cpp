// SPDX-License-Identifier: Apache-2.0
#include "agent/slo/slo_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/config.h"

namespace tocsin::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::vector<std::string> told(const std::string& text, Config* into = nullptr) {
  TomlFaults faults;
  Config config = read_config(text, "t.toml", {}, faults);
  std::vector<std::string> out;
  for (const TomlFault& fault : faults) out.push_back(fault.text());
  if (into != nullptr) *into = std::move(config);
  return out;
}

constexpr const char* kEvents = "[[slo]]\nname = \"a\"\ntotal = \"server_request_total\"\nbad = 'server_request_total{status=\"server_error\"}'\ntarget = 0.999\n";

TEST(SloConfig, WhatIsLeftOutHasItsDefault) {
  Config config;
  EXPECT_THAT(told(kEvents, &config), IsEmpty());
  ASSERT_EQ(config.slos.size(), 1U);
  const rules::Slo& slo = config.slos[0].slo;
  EXPECT_THAT(slo.by, ElementsAre("dc", "server_name"));
  EXPECT_EQ(slo.period, std::chrono::hours(24 * 30));
  EXPECT_EQ(slo.burn, rules::default_burn_pairs());
  TomlFaults faults;
  const Config again = read_config(to_toml_without_secrets(config), "again.toml", {}, faults);
  EXPECT_TRUE(faults.empty() && again.slos == config.slos) << to_toml_without_secrets(config);
}

TEST(SloConfig, ByLatencyTheThresholdIsInTheUnitOfTheMeter) {
  Config config;
  EXPECT_THAT(told("[[slo]]\nname = \"a\"\nlatency = 'server_request_time_microseconds_bucket{status=\"ok\"}'\nthreshold = \"500ms\"\ntarget = 0.95\n", &config), IsEmpty());
  EXPECT_EQ(config.slos[0].slo.threshold, 5e5);
  EXPECT_EQ(config.slos[0].slo.total.text, "server_request_time_microseconds{status=\"ok\"}");
  EXPECT_THAT(told("[[slo]]\nname = \"a\"\nlatency = \"size_bytes\"\nbound = 1024\ntarget = 0.95\n", &config), IsEmpty());
  EXPECT_EQ(config.slos[0].slo.threshold, 1024);
  EXPECT_THAT(told("[[slo]]\nname = \"a\"\nlatency = \"size_bytes\"\nthreshold = \"1s\"\ntarget = 0.95\n"),
              ElementsAre(AllOf(StartsWith("t.toml:4:13: "), HasSubstr("size_bytes does not say its unit"))));
}

TEST(SloConfig, AllMistakesAreToldAtOnceWithTheirPlaces) {
  EXPECT_THAT(told("[[slo]]\nname = \"a\"\ntotal = \"sum(x)\"\nbad = \"y\"\ntarget = 99.9\nperiod = \"90d\"\ntrget = 1\n"
                   "[[slo]]\nname = \"a\"\ntotal = \"x\"\ntarget = 0.5\n[[slo.burn]]\nrate = 3\nlong = \"1h\"\nshort = \"1h\"\n"),
              testing::UnorderedElementsAre(AllOf(StartsWith("t.toml:3:9: "), HasSubstr("must be a selector")), AllOf(StartsWith("t.toml:5:10: "), HasSubstr("did you mean 0.999?")),
                                            AllOf(StartsWith("t.toml:6:10: "), HasSubstr("history.recorded_retention")),
                                            AllOf(StartsWith("t.toml:7:"), HasSubstr("unknown key"), HasSubstr("did you mean \"target\"?")),
                                            AllOf(StartsWith("t.toml:10:9: "), HasSubstr("needs bad beside it")),
                                            AllOf(StartsWith("t.toml:13:8: "), HasSubstr("can never fire")),
                                            AllOf(StartsWith("t.toml:15:9: "), HasSubstr("must be shorter")),
                                            AllOf(StartsWith("t.toml:9:8: "), HasSubstr("another objective \"a\" in line 1"))));
}

TEST(SloConfig, ItsMetersAreCompared) {
  Config config;
  ASSERT_THAT(told(std::string(kEvents) + "[[slo]]\nname = \"b\"\ntotal = \"server_request_totl\"\nbad = 'server_request_total{status=\"broken\"}'\ntarget = 0.999\n"
                                          "[[slo]]\nname = \"c\"\nlatency = \"server_request_time_microseconds\"\nthreshold = \"3s\"\ntarget = 0.95\n",
                   &config),
              IsEmpty());
  KnownMeters known;
  known.add_shipped();
  EXPECT_TRUE(check_slo(config.slos[0], known).empty());
  const TomlFaults names = check_slo(config.slos[1], known);
  ASSERT_EQ(names.size(), 2U);
  EXPECT_THAT(names[0].text(), AllOf(StartsWith("t.toml:8:9: "), HasSubstr("server_request_total")));
  EXPECT_THAT(names[1].text(), AllOf(StartsWith("t.toml:9:7: "), HasSubstr("broken")));
  const TomlFaults bound = check_slo(config.slos[2], known);
  ASSERT_EQ(bound.size(), 1U);
  EXPECT_THAT(bound[0].text(), AllOf(StartsWith("t.toml:14:13: "), HasSubstr("no bucket bound 3e+06; the nearest is 2500000")));
}

}  // namespace
}  // namespace tocsin::agent
