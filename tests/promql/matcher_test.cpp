// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/matcher.h"

#include <gtest/gtest.h>

namespace tocsin::rules::promql {
namespace {

bool takes(MatchType type, const char* text, const char* value) { return Matcher::make("l", type, text)->matches(value); }

TEST(Matcher, Equality) {
  EXPECT_TRUE(takes(MatchType::Equal, "a", "a"));
  EXPECT_FALSE(takes(MatchType::Equal, "a", "ab"));
  EXPECT_TRUE(takes(MatchType::NotEqual, "a", ""));
}

TEST(Matcher, ExpressionsMatchTheWholeTextAndDotIsAnyCharacter) {
  EXPECT_TRUE(takes(MatchType::Regex, "a|bc", "bc"));
  EXPECT_FALSE(takes(MatchType::Regex, "a|bc", "abc"));
  EXPECT_TRUE(takes(MatchType::Regex, "a.c", "a\nc"));
  EXPECT_TRUE(takes(MatchType::Regex, "", ""));
  EXPECT_FALSE(takes(MatchType::NotRegex, "a.*", "abc"));
  EXPECT_TRUE(takes(MatchType::NotRegex, "a.*", "b"));
}

TEST(Matcher, SaysWhatIsWrongAndHowItIsWritten) {
  const auto broken = Matcher::make("l", MatchType::Regex, "a(");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().fault, Fault::Input);
  EXPECT_EQ(Matcher::make("l", MatchType::NotRegex, "a\"\\\n")->to_string(), "l!~\"a\\\"\\\\\\n\"");
}

}  // namespace
}  // namespace tocsin::rules::promql
