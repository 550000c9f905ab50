// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "rules/promql/print.h"
#include "rules/promql/walk.h"
#include "tests/source_dir.h"

namespace tocsin::rules::promql {
namespace {

constexpr ParseOptions kAll{.experimental = true};

std::string printed(std::string_view text, const ParseOptions& options = kAll) {
  auto expr = parse(text, options);
  if (!expr) return "ERROR " + expr.error().message;
  return to_string(**expr);
}

// "line:column message" of the first fault.
std::string fault(std::string_view text, const ParseOptions& options = kAll) {
  const Parsed parsed = parse_all(text, options);
  if (parsed.faults.empty()) return "read as " + to_string(*parsed.expr);
  const ParseFault& first = parsed.faults.front();
  return std::to_string(first.line) + ":" + std::to_string(first.column) + " " + first.message;
}

TEST(Parse, PrintsTheCanonicalForm) {
  const std::pair<const char*, const char*> cases[] = {
      {"1", "1"}, {"+1", "1"}, {".5", "0.5"}, {"5.", "5"}, {"1_000", "1000"}, {"0x1F", "31"}, {"0755", "493"},
      {"08", "8"}, {"1e3", "1000"}, {"1e-7", "0.0000001"}, {"1e23", "100000000000000000000000"},
      {"Inf", "+Inf"}, {"-iNf", "-Inf"}, {"NAN", "NaN"}, {"5m30s", "5m30s"}, {"-1h", "-1h"}, {"0xe4", "228"},
      {"-1^2", "-1 ^ 2"}, {"2^3^4", "2 ^ 3 ^ 4"}, {"1+2*3", "1 + 2 * 3"}, {"a atan2 b", "a atan2 b"},
      {"foo{}", "foo"}, {"{\"a.b\"}", "{__name__=\"a.b\"}"}, {"{\"a b\"=~\"x|y\",c!=\"\"}", "{\"a b\"=~\"x|y\",c!=\"\"}"},
      {"a{x=`\\d`}", "a{x=\"\\\\d\"}"}, {"a{x='it\\'s \\x41\\u00e9'}", "a{x=\"it's A\u00e9\"}"},
      {"sum", "sum"}, {"sum{by=\"x\"}", "sum{by=\"x\"}"}, {"offset offset 5", "offset offset 5s"},
      {"and and and", "and and and"}, {"start + end", "start + end"}, {"fill + fill", "fill + fill"},
      {"SUM(a) BY (b,)", "sum by (b) (a)"}, {"sum without() (a)", "sum without () (a)"},
      {"sum by (on, \"a b\") (x)", "sum by (on, \"a b\") (x)"}, {"topk(3, a)", "topk(3, a)"},
      {"count_values('v', a)", "count_values(\"v\", a)"}, {"limit_ratio(0.5, a)", "limit_ratio(0.5, a)"},
      {"a * on(x) group_left(y) b", "a * on (x) group_left (y) b"}, {"a / ignoring() b", "a / b"},
      {"a > bool b", "a > bool b"}, {"a unless on() b", "a unless on () b"},
      {"a + on(x) fill(0) b", "a + on (x) fill (0) b"}, {"a </ 5", "a </ 5"},
      {"a[5m]", "a[5m]"}, {"a[300]", "a[5m]"}, {"a[90d]", "a[90d]"}, {"a[5m] offset -1h @ 10.5", "a[5m] @ 10.500 offset -1h"},
      {"a @ start() offset 1w", "a @ start() offset 1w"}, {"rate(a[5m])[1h:]", "rate(a[5m])[1h:]"},
      {"a[1h:30s] @ end()", "a[1h:30s] @ end()"}, {"a[5m+step()*2]", "a[5m + step() * 2]"},
      {"rate(a[5m] anchored)", "rate(a[5m] anchored)"}, {"info(a, {x=\"\"})", "info(a, {x=\"\"})"},
      {"a # a comment\n + b", "a + b"}, {"\"\\t\"", "\"\\t\""},
  };
  for (const auto& [text, canonical] : cases) {
    EXPECT_EQ(printed(text), canonical) << text;
    EXPECT_EQ(printed(canonical), canonical) << text;
  }
}

TEST(Parse, SaysWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "1:1 no expression found in input"},
      {"a+", "1:3 unexpected end of input"},
      {"a\n  b", "2:3 unexpected identifier \"b\""},
      {"sum(a b)", "1:7 unexpected identifier \"b\" in aggregation"},
      {"(a", "1:3 unclosed left parenthesis"},
      {"a{b=c}", "1:5 unexpected identifier \"c\" in label matching, expected string"},
      {"a{b}", "1:4 unexpected \"}\" in label matching, expected label matching operator"},
      {"a{b=~\"(\"}", "1:3 error parsing regexp: missing ): ("},
      {"{}", "1:1 vector selector must contain at least one non-empty matcher"},
      {"a{\"b\"}", "1:1 metric name must not be set twice: \"a\" or \"b\""},
      {"rate(a)", "1:6 expected type range vector in call to function \"rate\", got instant vector"},
      {"rate(a[5m], 1)", "1:1 expected 1 argument(s) in call to \"rate\", got 2"},
      {"label_join(a)", "1:1 expected at least 3 argument(s) in call to \"label_join\", got 1"},
      {"rat(a[5m])", "1:1 unknown function with name \"rat\""},
      {"1 > 2", "1:3 comparisons between scalars must use BOOL modifier"},
      {"a + bool b", "1:3 bool modifier can only be used on comparison operators"},
      {"1 and a", "1:1 set operator \"and\" not allowed in binary scalar expression"},
      {"a and on(x) group_left() b", "1:1 no grouping allowed for \"and\" operation"},
      {"a[5m] + 1", "1:1 binary expression must contain only scalar and instant vector types"},
      {"a[0]", "1:3 duration must be greater than 0"},
      {"a[5y5y]", "1:3 bad number or duration syntax: \"5y5\""},
      {"(a)[5m]", "1:4 ranges only allowed for vector selectors"},
      {"a offset 5m offset 5m", "1:1 offset may not be set multiple times"},
      {"1 @ 5", "1:1 @ modifier must be preceded by an instant vector selector or range vector selector or a subquery"},
      {"sum()", "1:1 no arguments for aggregate expression provided"},
      {"topk(a)", "1:1 wrong number of arguments for aggregate expression provided, expected 2, got 1"},
      {"'\\q'", "1:1 unknown escape sequence U+0071 'q'"},
      {"a + \xff", "1:5 unexpected character: '\uFFFD'"},
      {"1e400", "1:1 error parsing number: strconv.ParseFloat: parsing \"1e400\": value out of range"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(fault(text), expected) << text;
}

TEST(Parse, WhatIsExperimentalMustBeAllowed) {
  for (const char* text : {"mad_over_time(a[5m])", "limitk(1, a)", "a[5m + 1m]", "a[5m] smoothed", "a + on() fill(0) b"}) {
    EXPECT_FALSE(parse(text)) << text;
    EXPECT_TRUE(parse(text, kAll)) << text;
  }
}

TEST(Parse, TheErrorShowsTheLineAndACaret) {
  const auto expr = parse("sum(\n  rate(a)\n)");
  ASSERT_FALSE(expr);
  EXPECT_EQ(expr.error().message,
            "2:8: parse error: expected type range vector in call to function \"rate\", got instant vector\n"
            "    rate(a)\n"
            "         ^");
  const auto far = parse(std::string(100'000, ' ') + "a b" + std::string(100'000, ' '));
  ASSERT_FALSE(far);
  EXPECT_LT(far.error().message.size(), 400u);
}

TEST(Parse, SeveralFaultsOfTypesAreToldAtOnce) {
  EXPECT_EQ(parse_all("rate(a) + sum(1) + absent(b[5m])").faults.size(), 3u);
}

TEST(Parse, NodesKnowTheirPlace) {
  const std::string text = "sum by (x) (rate(a{b=\"c\"}[5m] offset 1m)) > -b";
  const auto expr = parse(text);
  ASSERT_TRUE(expr) << expr.error().message;
  std::vector<std::string> seen;
  std::size_t deepest = 0;
  walk(**expr, [&](const Expr& inner, std::span<const Expr* const> parents) {
    seen.push_back(text.substr(inner.range.begin, inner.range.end - inner.range.begin));
    deepest = std::max(deepest, parents.size());
  });
  EXPECT_THAT(seen, testing::ElementsAre(text, "sum by (x) (rate(a{b=\"c\"}[5m] offset 1m))",
                                         "rate(a{b=\"c\"}[5m] offset 1m)", "a{b=\"c\"}[5m] offset 1m", "-b", "b"));
  EXPECT_EQ(deepest, 3u);
  EXPECT_EQ((*expr)->height, 4);
}

TEST(Parse, DepthAndSizeAreBounded) {
  const auto repeated = [](std::string_view piece, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += piece;
    return out;
  };
  for (const std::string& text :
       {repeated("(", 100'000) + "a" + repeated(")", 100'000), repeated("-", 100'000) + "a", repeated("a + ", 100'000) + "a",
        "a" + repeated("[5m:1m]", 100'000), repeated("a ^ ", 100'000) + "a", repeated("abs(", 100'000) + "a",
        "a[" + repeated("(", 100'000) + "5m", "a[" + repeated("5m + ", 100'000) + "5m]", "a[" + repeated("-", 100'000) + "5m]",
        repeated("sum(", 100'000), "a offset " + repeated("(", 100'000) + "1"}) {
    EXPECT_FALSE(parse(text, kAll)) << text.substr(0, 20);
  }
  EXPECT_TRUE(parse(repeated("a + ", 2'000) + "a")) << "each has all before it on its left: that is not nesting";
  EXPECT_TRUE(parse("sum(" + repeated("a or ", 2'000) + "a)"));
  EXPECT_TRUE(parse(repeated("(", kMostDepth - 2) + "a" + repeated(")", kMostDepth - 2)));
  const auto large = parse(std::string(kMostText + 1, ' '));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().fault, Fault::TooLarge);
}

TEST(Parse, ASelectorAlone) {
  const auto matchers = parse_selector("up{job=~\"a.*\"}");
  ASSERT_TRUE(matchers);
  ASSERT_EQ(matchers->size(), 2u);
  EXPECT_EQ((*matchers)[0].to_string(), "job=~\"a.*\"");
  EXPECT_TRUE(parse_selector("{job=\"\"}"));  // the API judges emptiness, not the selector
  EXPECT_FALSE(parse_selector("up[5m]"));
  EXPECT_FALSE(parse_selector("1"));
}

TEST(Parse, Durations) {
  EXPECT_EQ(parse_duration("1h30m").value(), 5'400'000);
  EXPECT_EQ(parse_duration("0").value(), 0);
  EXPECT_EQ(parse_duration("1ms").value(), 1);
  for (const char* bad : {"", "5", "1m1h", "1m1m", "-1m", "1.5h", "1q", "300y", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
  for (const std::int64_t ms : {0LL, 1LL, 999LL, 61'000LL, 86'400'000LL, 7'776'000'000LL, 31'536'000'000LL}) {
    EXPECT_EQ(parse_duration(duration_text(ms)).value(), ms);
  }
  EXPECT_EQ(duration_text(-90'000), "-1m30s");
}

TEST(Prettify, SplitsWhatIsLongerThanALine) {
  const auto expr = parse(
      "histogram_quantile(0.99, sum by (le, server_name) (rate(server_request_time_microseconds_bucket{dc=\"a\"}[5m]))) "
      "> on (server_name) group_left () (threshold * 1000)");
  ASSERT_TRUE(expr) << expr.error().message;
  EXPECT_EQ(prettify(**expr),
            "  histogram_quantile(\n"
            "    0.99,\n"
            "    sum by (le, server_name) (rate(server_request_time_microseconds_bucket{dc=\"a\"}[5m]))\n"
            "  )\n"
            "> on (server_name) group_left ()\n"
            "  (threshold * 1000)");
}

// The expressions of other people's test scripts.
std::vector<std::string> conformance_expressions(const std::filesystem::path& folder) {
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const auto eval = line.find("eval");
      if (eval == std::string::npos || line.find_first_not_of(" \t") != eval) continue;
      for (const std::string_view key : {" at ", " step "}) {
        const auto at = line.find(key);
        const auto end = at == std::string::npos ? at : line.find(' ', at + key.size());
        if (end == std::string::npos) continue;
        // What must fail may fail at parsing; those scripts say so in this word.
        if (line.find("eval_fail") == std::string::npos) found.insert(line.substr(end + 1));
        break;
      }
    }
  }
  return {found.begin(), found.end()};
}

TEST(Parse, ReadsEveryExpressionOfPrometheusScripts) {
  const char* given = std::getenv("TOCSIN_CONFORMANCE");
  const auto folder = given ? std::filesystem::path(given)
                            : std::filesystem::path(source_dir()) / "../shared/conformance";
  if (!std::filesystem::exists(folder / "promql-3.0")) GTEST_SKIP() << "no conformance data at " << folder;
  const auto expressions = conformance_expressions(folder / "promql-3.0");
  EXPECT_GT(expressions.size(), 500u);
  for (const std::string& text : expressions) {
    const std::string once = printed(text);
    EXPECT_EQ(once.find("ERROR"), std::string::npos) << once;
    EXPECT_EQ(printed(once), once) << text;
  }
}

}  // namespace
}  // namespace tocsin::rules::promql
