// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/regex.h"

#include <gtest/gtest.h>

namespace tocsin::rules::promql {
namespace {

TEST(Regex, ReplacesAsGoDoes) {
  struct Case {
    const char *pattern, *text, *replacement, *expected;
  };
  const Case cases[] = {
      {"(a)b", "ab", "x$1", "xa"},
      {"a", "banana", "<$0>", "b<a>n<a>n<a>"},
      {"x*", "abc", "-", "-a-b-c-"},
      {"b*", "abbc", "-", "-a-c-"},
      {"(?P<host>[^:]+):(.*)", "h:9090", "${host}/$2", "h/9090"},
      {"(a)", "a", "$1x", ""},
      {"(a)", "a", "${1}x", "ax"},
      {"a", "a", "$$1 $ ${", "$1 $ ${"},
      {"é", "né", "e", "ne"},
      {"", "é", ".", ".é."},
      {"a.b", "a\nb", "x", "a\nb"},
  };
  for (const Case& one : cases) {
    const auto regex = Regex::make(one.pattern);
    ASSERT_TRUE(regex) << one.pattern;
    EXPECT_EQ(regex->replace_all(one.text, one.replacement), one.expected) << one.pattern << " " << one.replacement;
  }
}

TEST(Regex, ExpandsOnlyWholeMatches) {
  const auto regex = Regex::make("(.*)-(.*)");
  ASSERT_TRUE(regex);
  EXPECT_EQ(regex->expand("a-b", "$2-$1"), "b-a");
  EXPECT_EQ(regex->expand("ab", "$2"), std::nullopt);
  EXPECT_TRUE(regex->found_in("x a-b y"));
}

TEST(Regex, TellsWhatIsWrong) {
  const auto regex = Regex::make("a(");
  ASSERT_FALSE(regex);
  EXPECT_NE(regex.error().message.find("missing )"), std::string::npos) << regex.error().message;
}

}  // namespace
}  // namespace tocsin::rules::promql
