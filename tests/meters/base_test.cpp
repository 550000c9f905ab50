// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <limits>

#include "meters/attributes.h"
#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin {
namespace {

std::string go(double value) {
  std::string out;
  append_go_double(out, value);
  return out;
}

TEST(Number, go_doubles) {
  EXPECT_EQ(go(5e6), "5e+06");
  EXPECT_EQ(go(100000), "100000");
  EXPECT_EQ(go(1234567), "1.234567e+06");
  EXPECT_EQ(go(0.0001), "0.0001");
  EXPECT_EQ(go(0.00001), "1e-05");
  EXPECT_EQ(go(1.5), "1.5");
  EXPECT_EQ(go(-0.0), "-0");
  EXPECT_EQ(go(std::numeric_limits<double>::infinity()), "+Inf");
}

TEST(Number, parsing_is_strict) {
  EXPECT_EQ(*parse_integer<int>("42"), 42);
  EXPECT_FALSE(parse_integer<int>("42 ").ok());
  EXPECT_FALSE(parse_integer<int>("99999999999").ok());
  EXPECT_EQ(*parse_double("1e3"), 1000);
  EXPECT_FALSE(parse_double("++1").ok());
  EXPECT_FALSE(parse_double("").ok());
}

TEST(Text, utf8) {
  EXPECT_TRUE(is_utf8("gr\xC3\xBC\xC3\x9F"));
  EXPECT_FALSE(is_utf8("\xC0\xAF"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
  EXPECT_EQ(to_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
}

TEST(Text, nearest) {
  const std::string_view keys[] = {"interval", "timeout", "endpoint"};
  EXPECT_EQ(nearest("intervall", keys), "interval");
  EXPECT_EQ(nearest("colour", keys), "");
  const std::string_view sections[] = {"http", "otlp", "log"};
  EXPECT_EQ(nearest("otpl", sections), "otlp") << "a swap of neighbours is one slip";
}

TEST(Text, the_strict_boolean) {
  for (const char* text : {"true", "1", "yes", "on", "TRUE", "Yes", "oN"}) EXPECT_EQ(parse_boolean(text), Boolean::True) << text;
  for (const char* text : {"false", "0", "no", "off", "False", "NO"}) EXPECT_EQ(parse_boolean(text), Boolean::False) << text;
  for (const char* text : {"", " true", "true ", "t", "y", "2", "-1", "01", "enabled", "tru", "nope", "truefalse"})
    EXPECT_EQ(parse_boolean(text), Boolean::Neither) << text;
}

TEST(Text, base64) {
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
}

TEST(Attributes, of_equal_keys_the_last_stays) {
  meters::Attributes attributes{{"b", std::int64_t{1}}, {"a", true}, {"b", std::int64_t{2}}};
  meters::normalize(attributes);
  ASSERT_EQ(attributes.size(), 2U);
  EXPECT_EQ(meters::text_of(attributes, "b"), "2");
  EXPECT_EQ(meters::text_of(attributes, "a"), "true");
}

}  // namespace
}  // namespace tocsin
