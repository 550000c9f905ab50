// SPDX-License-Identifier: Apache-2.0
#include "rules/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "rules/promql/memory_series.h"
#include "rules/promql/parse.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::int64_t kNow = 1'700'000'000'000;

class ExplainTest : public testing::Test {
 protected:
  // One sample a minute, the last `age` ago.
  void series(const promql::LabelTexts& labels, std::vector<double> values, std::chrono::milliseconds age = 0ms) {
    const auto row = series_.add(labels);
    auto at = kNow - age.count() - 60'000 * static_cast<std::int64_t>(values.size() - 1);
    for (const double value : values) {
      ASSERT_TRUE(series_.append(row, at, value));
      at += 60'000;
    }
  }
  Explanation said(std::string_view text, AlertLabels about = {}) {
    expr_ = *promql::parse(text);
    ExplainSettings settings;
    settings.at = from_unix_ns(kNow * 1'000'000);
    settings.about = std::move(about);
    return explain(*expr_, series_, settings);
  }
  // "depth text = series"
  static std::vector<std::string> outline(const Explanation& said) {
    std::vector<std::string> out;
    for (const auto& part : said.parts) {
      out.push_back(std::to_string(part.depth) + " " + part.text + " = " + std::to_string(part.series));
    }
    return out;
  }

  promql::MemorySeries series_;
  std::shared_ptr<const promql::Expr> expr_;
};

TEST_F(ExplainTest, PartsAreBothSidesOfOperatorsAndSelectors) {
  series({{"__name__", "bad"}, {"job", "a"}}, {0, 6});
  series({{"__name__", "bad"}, {"job", "b"}}, {0, 60});
  series({{"__name__", "all"}, {"job", "a"}}, {0, 60});
  series({{"__name__", "all"}, {"job", "b"}}, {0, 120});
  const auto out = said("sum by (job) (rate(bad[5m])) / sum by (job) (rate(all[5m])) > 0.2 and sum by (job) (rate(all[5m])) > 0.1");
  EXPECT_THAT(outline(out),
              ElementsAre("0 sum by (job) (rate(bad[5m])) / sum by (job) (rate(all[5m])) > 0.2 and sum by (job) (rate(all[5m])) > 0.1 = 1",
                          "1 sum by (job) (rate(bad[5m])) / sum by (job) (rate(all[5m])) > 0.2 = 1",
                          "2 sum by (job) (rate(bad[5m])) / sum by (job) (rate(all[5m])) = 2",
                          "3 sum by (job) (rate(bad[5m])) = 2", "4 bad[5m] = 2", "3 sum by (job) (rate(all[5m])) = 2", "4 all[5m] = 2",
                          "1 sum by (job) (rate(all[5m])) > 0.1 = 2", "2 sum by (job) (rate(all[5m])) = 2", "3 all[5m] = 2"));
  EXPECT_EQ(out.why_nothing, "");
  EXPECT_EQ(out.parts[1].removed, 1u);
  // Beside a comparison the nearest to passing comes first.
  ASSERT_EQ(out.parts[2].samples.size(), 2u);
  EXPECT_DOUBLE_EQ(out.parts[2].samples[0].value, 0.5);
  EXPECT_EQ(out.parts[2].samples[0].labels, (AlertLabels{{"job", "b"}}));
}

TEST_F(ExplainTest, AComparisonThatNothingPassesTellsTheNearest) {
  series({{"__name__", "x"}, {"i", "1"}}, {3});
  series({{"__name__", "x"}, {"i", "2"}}, {7});
  EXPECT_EQ(said("x > 10").why_nothing, "none of 2 series of `x` passes `> 10`: the nearest is 7 of {i=\"2\"}");
  EXPECT_EQ(said("x < 1").why_nothing, "none of 2 series of `x` passes `< 1`: the nearest is 3 of {i=\"1\"}");
  EXPECT_EQ(said("10 < x").why_nothing, "none of 2 series of `x` passes `10 <`: the nearest is 7 of {i=\"2\"}");
  EXPECT_EQ(said("x > 5", {{"i", "1"}}).why_nothing, "none of 1 series of `x` passes `> 5`: the nearest is 3 of {i=\"1\"}");
  EXPECT_EQ(said("x > 5", {{"i", "2"}}).why_nothing, "");
}

TEST_F(ExplainTest, ASelectorTellsWhyItMatchesNothing) {
  series({{"__name__", "server_request_total"}, {"status", "ok"}, {"job", "a"}}, {1, 2});
  series({{"__name__", "server_request_total"}, {"status", "timeout"}, {"job", "b"}}, {1, 2});
  series({{"__name__", "old"}}, {1, 2}, 10min);
  EXPECT_THAT(said("server_requests_total > 1").why_nothing,
              HasSubstr("matches nothing: no series is called server_requests_total; there is server_request_total"));
  EXPECT_THAT(said("server_request_total{status=\"5xx\"} > 1").why_nothing,
              HasSubstr("no series of server_request_total has status=\"5xx\": without it 2 series match, where status is \"ok\", \"timeout\""));
  EXPECT_THAT(said("server_request_total{dc=\"x\"}").why_nothing, HasSubstr("where there is no label dc"));
  EXPECT_THAT(said("server_request_total{dc=\"x\",status=\"y\"}").why_nothing, HasSubstr("no series of server_request_total has dc=\"x\""));
  EXPECT_THAT(said("old > 0").why_nothing, HasSubstr("1 series match, but the newest sample is 10m old, and only 5m are read"));
  EXPECT_THAT(said("server_request_total{job=\"a\"}", {{"job", "b"}}).why_nothing, HasSubstr("none with this alert's labels"));
}

TEST_F(ExplainTest, AnEndedSeriesSaysSo) {
  series({{"__name__", "x"}}, {1, std::bit_cast<double>(promql::kStaleBits)}, 1min);
  EXPECT_THAT(said("x > 0").why_nothing, HasSubstr("1 series matched until 2m ago, then they ended"));
}

TEST_F(ExplainTest, SetOperatorsNameTheSideThatIsEmpty) {
  series({{"__name__", "a"}, {"job", "x"}}, {5});
  series({{"__name__", "b"}, {"job", "y"}}, {5});
  EXPECT_THAT(said("a > 1 and c > 1").why_nothing,
              AllOf(StartsWith("`a > 1` holds for 1 series, but `and` needs both: "), HasSubstr("no series is called c")));
  EXPECT_THAT(said("a and b").why_nothing, HasSubstr("both sides of `and` give series (1 and 1), but none has a partner with the same labels (all their labels)"));
  EXPECT_THAT(said("a unless on () b").why_nothing, HasSubstr("are all taken away by `unless` `b`, which gives 1"));
  EXPECT_THAT(said("c or d").why_nothing, AllOf(HasSubstr("no series is called c"), HasSubstr("; and `d` matches nothing")));
  EXPECT_THAT(said("a / on (job) b > 0").why_nothing, HasSubstr("none has a partner with the same labels (on (job))"));
}

TEST_F(ExplainTest, FunctionsThatGiveNothing) {
  series({{"__name__", "a"}, {"job", "x"}}, {5});
  EXPECT_THAT(said("absent(a)").why_nothing, HasSubstr("gives nothing because its data is there: 1 series"));
  EXPECT_THAT(said("rate(a[5m]) > 0").why_nothing, HasSubstr("need two samples in the range"));
  EXPECT_THAT(said("absent(c)").why_nothing, IsEmpty());
  EXPECT_THAT(said("vector(1)").parts, testing::SizeIs(1));
}

TEST_F(ExplainTest, AnErrorIsToldOfThePartThatHasIt) {
  series({{"__name__", "a"}, {"job", "x"}, {"i", "1"}}, {5});
  series({{"__name__", "a"}, {"job", "x"}, {"i", "2"}}, {5});
  const auto out = said("a / on (job) a > 1");
  EXPECT_THAT(out.why_nothing, HasSubstr("cannot be evaluated"));
  EXPECT_THAT(out.parts[1].error, HasSubstr("many-to-many"));
}

}  // namespace
}  // namespace tocsin::rules
