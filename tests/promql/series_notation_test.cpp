// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/series_notation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "rules/promql/series_reader.h"

namespace tocsin::rules::promql {
namespace {

std::string shown(std::string_view text) {
  const auto series = parse_series(text);
  if (!series) return series.error().message;
  std::string out;
  for (const SequenceValue& value : series->values) {
    if (!out.empty()) out += ' ';
    if (value.omitted) out += '_';
    else if (is_stale(value.value)) out += "stale";
    else if (value.histogram) out += "h" + std::to_string(static_cast<int>(value.histogram->count));
    else if (std::isnan(value.value)) out += "NaN";
    else if (std::isinf(value.value)) out += value.value > 0 ? "Inf" : "-Inf";
    else out += std::to_string(value.value).substr(0, 4);
  }
  return out;
}

TEST(SeriesNotation, Numbers) {
  EXPECT_EQ(shown("m 1 2.5 -3 +4 1e2 .5"), "1.00 2.50 -3.0 4.00 100. 0.50");
  EXPECT_EQ(shown("m 1+2x3"), "1.00 3.00 5.00 7.00");
  EXPECT_EQ(shown("m 1-2x2 7x1"), "1.00 -1.0 -3.0 7.00 7.00");
  EXPECT_EQ(shown("m _ _x2 stale NaN Inf -inf +Inf"), "_ _ _ stale NaN Inf -Inf Inf");
  EXPECT_EQ(shown("m stale stale -2.5e1-0.5x1"), "stale stale -25. -25.");
  EXPECT_EQ(shown("m _x0 5x0"), "5.00");
  EXPECT_EQ(shown("m"), "");
}

TEST(SeriesNotation, Labels) {
  EXPECT_EQ(*parse_metric(R"(a:b{x="1", y='\x41"', "z.w"=`q\`, e="",})"),
            (LabelTexts{{"x", "1"}, {"y", "A\""}, {"z.w", "q\\"}, {"__name__", "a:b"}}));
  EXPECT_EQ(*parse_metric(R"({"my metric", a="b"})"), (LabelTexts{{"__name__", "my metric"}, {"a", "b"}}));
  EXPECT_EQ(*parse_metric("{}"), LabelTexts{});
  EXPECT_EQ(*parse_metric("sum"), (LabelTexts{{"__name__", "sum"}}));
  for (const char* bad : {"a{", "a{b}", "a{b=}", "a{b=\"c}", "a{b=c}", "a{b=\"1\" c=\"2\"}", "a b", "1a",
                          "a{b=\"\\x4\"}", "a{b=\"\\uD800\"}", "a{b=\"\\", "a{b=\"\\9\"}", "a{b=\"\\U0011FFFF\"}", "a{b=\"\\400\"}"})
    EXPECT_FALSE(parse_metric(bad).ok()) << bad;
}

TEST(SeriesNotation, Histograms) {
  const auto series = parse_series(
      "m{} {{schema:1 sum:-0.3 count:3 z_bucket:1 z_bucket_w:0.5 buckets:[1 2] offset:-3 n_buckets:[4 -5 6] n_offset:2 "
      "counter_reset_hint:gauge}} {{schema:-53 custom_values:[1 2.5 1e3] buckets:[5 6]}} {{}}");
  ASSERT_TRUE(series.ok()) << series.error().message;
  ASSERT_EQ(series->values.size(), 3u);
  const FloatHistogram expected{.hint = CounterResetHint::Gauge, .schema = 1, .zero_threshold = 0.5, .zero_count = 1,
                                .count = 3, .sum = -0.3, .positive_spans = {{-3, 2}}, .negative_spans = {{2, 3}},
                                .positive = {1, 2}, .negative = {4, -5, 6}};
  EXPECT_EQ(*series->values[0].histogram, expected);
  EXPECT_TRUE(series->values[0].hint_given);
  EXPECT_EQ(series->values[1].histogram->custom_bounds, (std::vector<double>{1, 2.5, 1000}));
  EXPECT_FALSE(series->values[1].hint_given);
  EXPECT_EQ(*series->values[2].histogram, FloatHistogram{});
  EXPECT_EQ(shown("m {{count:1}}+{{count:2}}x3 {{count:9}}-{{count:4}}x1 {{count:7}}x2"), "h1 h3 h5 h7 h9 h5 h7 h7 h7");
}

TEST(SeriesNotation, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(shown("m 1 2a"), "column 5: bad number syntax: \"2a\"");
  EXPECT_EQ(shown("m 1+2"), "column 6: unexpected end of input in series values, expected \"x\"");
  EXPECT_EQ(shown("m 1x"), "column 5: invalid repetition in series values: unexpected end of input");
  EXPECT_EQ(shown("m {{count:1 count:2}}"), "column 19: duplicate key \"count\" in histogram");
  EXPECT_EQ(shown("m {{size:1}}"), "column 10: bad histogram descriptor found: \"size\"");
  EXPECT_EQ(shown("m {{buckets:[]}}"), "column 14: bad number syntax: \"]}}\"");
  EXPECT_EQ(shown("m {{count:1"), "column 12: histogram description incomplete, unexpected end of input");
  EXPECT_EQ(shown("m {{schema:1}}+{{schema:0}}x2"),
            "column 30: error combining histograms: cannot merge from schema 0 to 1");
  EXPECT_EQ(shown("m 1 stalex2"), "column 5: bad number syntax: \"stalex2\"");
  EXPECT_EQ(parse_series("m 1x10000000000").error().fault, Fault::TooLarge);
}

}  // namespace
}  // namespace tocsin::rules::promql
