// SPDX-License-Identifier: Apache-2.0
#include "exporters/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/negotiation.h"
#include "exporters/patterns.h"
#include "meters/base/text.h"
#include "tests/exporters/sample_snapshot.h"

namespace tocsin::exporters {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using ::testing::HasSubstr;
using ::testing::Not;

std::string printed(const Selector& selector) {
  constexpr std::string_view kOperators[] = {"=", "!=", "=~", "!~"};
  std::string out;
  for (const Matcher& m : selector.matchers)
    out += m.label + std::string(kOperators[static_cast<int>(m.type)]) + m.text + ';';
  return out;
}

TEST(Selector, what_is_read) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"up", "__name__=up;"},
      {" a:b { } ", "__name__=a:b;"},
      {"up{job=\"x\"}", "__name__=up;job=x;"},
      {"{job = 'x' , code != `2\\0` , }", "job=x;code!=2\\0;"},
      {"{__name__=~\"a|b\", c!~\"d.*\"}", "__name__=~a|b;c!~d.*;"},
      {"{\"my.metric\",\"my.label\"=\"v\"}", "__name__=my.metric;my.label=v;"},
      {R"({a="\"\\\n\x41\101\u00e9\U0001f631"})", "a=\"\\\nAAé😱;"},
  };
  for (const auto& [text, expected] : cases) {
    const auto selector = parse_selector(text, compile_pattern);
    ASSERT_TRUE(selector.ok()) << selector.error().message;
    EXPECT_EQ(printed(*selector), expected);
  }
}

TEST(Selector, what_is_refused_and_where) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "character 1: at least one matcher"},
      {"{}", "character 3: at least one matcher"},
      {"{a=\"\"}", "at least one matcher"},
      {"{a=~\".*\"}", "at least one matcher"},
      {"9up", "character 1: a metric name or '{' is expected"},
      {"up{", "character 4: a label name is expected"},
      {"up{a}", "character 5: one of = != =~ !~ is expected"},
      {"up{a=b}", "character 6: a quoted string is expected"},
      {"up{a=\"b", "the string has no end"},
      {"up{a=\"\\q\"}", "unknown escape sequence"},
      {"up{a=\"\\xg0\"}", "too few digits"},
      {"up{a=\"\\u12\"}", "too few digits"},
      {"up{a=\"\\ud800\"}", "no character"},
      {"up{a=\"\\777\"}", "over 255"},
      {"up{a=\"b\" c=\"d\"}", "character 10: ',' or '}' is expected"},
      {"up{a=\"b\"}[5m]", "character 10: nothing more is expected"},
      {"up{le=\"1\"}", "character 4: le cannot be selected"},
      {"up{a=~\"(\"}", "character 7: regular expression: "},
      {"sum(up)", "character 4: nothing more is expected"},
  };
  for (const auto& [text, expected] : cases) {
    const auto selector = parse_selector(text, compile_pattern);
    ASSERT_FALSE(selector.ok()) << text;
    EXPECT_THAT(selector.error().message, HasSubstr(std::string(expected)));
  }
  const auto without = parse_selector("up{a=~\"b\"}");
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().fault, Fault::Unsupported);
}

std::string shown(SeriesFilter filter, Format format = Format::Text) {
  const auto origin = received("shop", "1");
  const auto all =
      snapshot(integers(family("a", Kind::Counter, {"x", "y"}, {{"1", "p"}, {"2", ""}, {"3", "q"}}), {1, 2, 3}),
               integers(family("a", Kind::Counter, {"x"}, {{"1"}}, origin), {4}),
               histogram(family("h", Kind::Histogram, {"x"}, {{"1"}, {"2"}}), {1}, {1, 1, 1, 1}, {2, 2}),
               integers(family("m", Kind::Gauge, {"u.v", "u_v"}, {{"1", "2"}, {"", "2"}}), {5, 6}));
  ExpositionOptions options;
  options.filter = &filter;
  Blocks blocks;
  encode(format, *all, options, blocks.sink());
  std::string samples;
  for (const std::string_view line : split(blocks.text, '\n'))
    if (!line.starts_with("# ") && !line.empty()) samples.append(line).append("|");
  return samples;
}

SeriesFilter by(std::string_view selector) { return {{}, {parse_selector(selector, compile_pattern).value()}}; }

TEST(SeriesFilter, names) {
  EXPECT_EQ(shown({{"a_total"}, {}}),
            "a_total{x=\"1\",y=\"p\"} 1|a_total{x=\"2\"} 2|a_total{x=\"3\",y=\"q\"} 3|"
            "a_total{job=\"shop\",instance=\"1\",x=\"1\"} 4|");
  EXPECT_EQ(shown({{"a"}, {}}), shown({{"a_total"}, {}})) << "the family's name in OpenMetrics";
  EXPECT_THAT(shown({{"h_count"}, {}}), HasSubstr("h_bucket{x=\"2\",le=\"+Inf\"} 2|"));
  EXPECT_EQ(shown({{"nothing"}, {}}), "");
}

TEST(SeriesFilter, labels) {
  EXPECT_EQ(shown(by("a_total{x!=\"2\",y=\"\"}")), "a_total{job=\"shop\",instance=\"1\",x=\"1\"} 4|");
  EXPECT_EQ(shown(by("{y=~\"p|q\"}")), "a_total{x=\"1\",y=\"p\"} 1|a_total{x=\"3\",y=\"q\"} 3|");
  EXPECT_EQ(shown(by("{job=\"shop\"}")), "a_total{job=\"shop\",instance=\"1\",x=\"1\"} 4|");
  EXPECT_EQ(shown(by("{__name__=~\"a.*\",job!~\".+\",x=\"3\"}")), "a_total{x=\"3\",y=\"q\"} 3|");
  EXPECT_EQ(shown(by("h_sum{x=\"2\"}")),
            "h_bucket{x=\"2\",le=\"1\"} 1|h_bucket{x=\"2\",le=\"+Inf\"} 2|h_sum{x=\"2\"} 2|h_count{x=\"2\"} 2|");
  EXPECT_EQ(shown(by("{u_v=\"1;2\"}")), "m{u_v=\"1;2\"} 5|") << "a label joined from two";
}

TEST(SeriesFilter, a_series_that_any_of_them_takes) {
  SeriesFilter both = by("a_total{x=\"3\"}");
  both.names = {"m"};
  EXPECT_EQ(shown(both), "a_total{x=\"3\",y=\"q\"} 3|m{u_v=\"1;2\"} 5|m{u_v=\"2\"} 6|");
}

}  // namespace
}  // namespace tocsin::exporters
