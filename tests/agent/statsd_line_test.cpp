// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/statsd_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tocsin::agent {
namespace {

using testing::ElementsAre;
using testing::Pair;

StatsdLine parsed(std::string_view text) {
  StatsdLine line;
  EXPECT_EQ(parse_statsd_line(text, line), StatsdFault::None) << text;
  return line;
}

StatsdFault fault_of(std::string_view text) {
  StatsdLine line;
  return parse_statsd_line(text, line);
}

TEST(StatsdLine, every_type) {
  EXPECT_EQ(parsed("a.b:1|c").type, StatsdType::Counter);
  EXPECT_EQ(parsed("a:1|g").type, StatsdType::Gauge);
  EXPECT_EQ(parsed("a:320|ms").type, StatsdType::Timer);
  EXPECT_EQ(parsed("a:1.5|h").type, StatsdType::Histogram);
  EXPECT_EQ(parsed("a:1.5|d").type, StatsdType::Distribution);
  EXPECT_THAT(parsed("users:ann|s").members, ElementsAre("ann"));
}

TEST(StatsdLine, rate_tags_and_packing) {
  const StatsdLine line = parsed("req:1:2:3.5|d|@0.5|#env:prod,canary,,url:http://x|c:abc|T1656581400\r");
  EXPECT_EQ(line.name, "req");
  EXPECT_THAT(line.values, ElementsAre(1, 2, 3.5));
  EXPECT_EQ(line.rate, 0.5);
  EXPECT_THAT(line.tags, ElementsAre(Pair("env", "prod"), Pair("canary", ""), Pair("url", "http://x")));
}

TEST(StatsdLine, a_signed_gauge_is_relative) {
  EXPECT_FALSE(parsed("g:3|g").relative);
  EXPECT_TRUE(parsed("g:+3|g").relative);
  EXPECT_TRUE(parsed("g:-3|g").relative);
  EXPECT_THAT(parsed("g:-3|g").values, ElementsAre(-3));
}

TEST(StatsdLine, what_is_wrong_is_told_apart) {
  EXPECT_EQ(fault_of(""), StatsdFault::Empty);
  EXPECT_EQ(fault_of(":1|c"), StatsdFault::NoName);
  EXPECT_EQ(fault_of("a|c"), StatsdFault::NoValue);
  EXPECT_EQ(fault_of("a:|c"), StatsdFault::NoValue);
  EXPECT_EQ(fault_of("a:1"), StatsdFault::NoValue);
  EXPECT_EQ(fault_of("a:x|c"), StatsdFault::BadValue);
  EXPECT_EQ(fault_of("a:1:|d"), StatsdFault::BadValue);
  EXPECT_EQ(fault_of("a:nan|g"), StatsdFault::BadValue);
  EXPECT_EQ(fault_of("a:-1|c"), StatsdFault::BadValue);
  EXPECT_EQ(fault_of("a:1|q"), StatsdFault::BadType);
  EXPECT_EQ(fault_of("a:1|c|@0"), StatsdFault::BadRate);
  EXPECT_EQ(fault_of("a:1|c|@2"), StatsdFault::BadRate);
  EXPECT_EQ(fault_of("a:1|c|#:x"), StatsdFault::BadTag);
  EXPECT_EQ(fault_of("_e{5,4}:title|text"), StatsdFault::NotAMetric);
  EXPECT_EQ(fault_of("a:1|c|#" + std::string(9000, 'x')), StatsdFault::TooLong);
}

}  // namespace
}  // namespace tocsin::agent
