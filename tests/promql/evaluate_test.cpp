// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/evaluate.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "rules/promql/memory_series.h"
#include "rules/promql/parse.h"

namespace tocsin::rules::promql {
namespace {

// Two jobs with two instances each; every 15 s for 10 minutes, growing by 1 to 4 a second.
class Evaluate : public ::testing::Test {
 protected:
  Evaluate() {
    int growth = 0;
    for (const char* job : {"api", "web"}) {
      for (const char* instance : {"a", "b"}) {
        const SeriesRow row = series_.add({{"__name__", "requests_total"}, {"instance", instance}, {"job", job}});
        ++growth;
        for (int i = 0; i <= 40; ++i) EXPECT_TRUE(series_.append(row, i * 15'000, i * 15.0 * growth));
      }
    }
  }

  Result<Evaluation> run(std::string_view query, EvaluationSettings settings = {}) {
    if (settings.time.start_ms == 0) settings.time = instant(600'000);
    const auto expr = parse(query, {.experimental = true});
    if (!expr) return expr.error();
    return evaluate(**expr, series_, settings);
  }

  // Twelve digits: sums of rates are off by the last.
  static std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.12g", value);
    return text;
  }

  // "labels value" a line, or the error.
  std::string text(std::string_view query, EvaluationSettings settings = {}) {
    const auto answer = run(query, std::move(settings));
    if (!answer) return answer.error().message;
    std::string out;
    const auto add = [&](Labels labels, const Point& point) {
      out += to_string(labels) + ' ';
      out += number(point.value);
    };
    if (const auto* scalar = std::get_if<Scalar>(&answer->value)) out += number(scalar->value);
    if (const auto* string = std::get_if<StringValue>(&answer->value)) out += string->text;
    if (const auto* vector = std::get_if<Vector>(&answer->value))
      for (const Sample& sample : *vector) add(sample.labels, sample.point), out += '\n';
    if (const auto* matrix = std::get_if<Matrix>(&answer->value)) {
      for (const Series& each : *matrix) {
        out += to_string(each.labels);
        for (const Point& point : each.points) {
          out += ' ';
          out += number(point.value);
          out += '@' + std::to_string(point.time_ms / 1000);
        }
        out += '\n';
      }
    }
    return out;
  }

  MemorySeries series_;
};

TEST_F(Evaluate, SelectorsLiteralsAndArithmetic) {
  EXPECT_EQ(text("1 + 2 * 3"), "7");
  EXPECT_EQ(text("\"text\""), "text");
  EXPECT_EQ(text("requests_total{job=\"api\",instance=\"a\"}"), "requests_total{instance=\"a\", job=\"api\"} 600\n");
  EXPECT_EQ(text("requests_total{job=\"api\",instance=\"a\"} offset 1m * 2"), "{instance=\"a\", job=\"api\"} 1080\n");
  EXPECT_EQ(text("requests_total{instance=\"a\"} > 1000"), "requests_total{instance=\"a\", job=\"web\"} 1800\n");
  EXPECT_EQ(text("nothing"), "");
}

TEST_F(Evaluate, RateAndSumBy) {
  EXPECT_EQ(text("sum by (job) (rate(requests_total[1m]))"), "{job=\"api\"} 3\n{job=\"web\"} 7\n");
  EXPECT_EQ(text("sum(rate(requests_total[1m]))"), "{} 10\n");
  EXPECT_EQ(text("avg without (instance) (rate(requests_total[1m]))"), "{job=\"api\"} 1.5\n{job=\"web\"} 3.5\n");
}

TEST_F(Evaluate, RangeIsSortedAndHasAPointAStep) {
  const EvaluationSettings graph{.time = {300'000, 420'000, 60'000}};
  EXPECT_EQ(text("sum by (job) (rate(requests_total[1m]))", graph), "{job=\"api\"} 3@300 3@360 3@420\n{job=\"web\"} 7@300 7@360 7@420\n");
  EXPECT_EQ(text("time()", graph), "{} 300@300 360@360 420@420\n");
  EXPECT_EQ(text("sum(requests_total @ 60)", graph), "{} 600@300 600@360 600@420\n");
  EXPECT_EQ(text("requests_total[1m]", graph),
            "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector");
}

TEST_F(Evaluate, SubqueriesAreAligned) {
  EXPECT_EQ(text("count_over_time(requests_total{job=\"api\",instance=\"a\"}[2m:1m])", {.time = instant(590'000)}),
            "{instance=\"a\", job=\"api\"} 2\n");
  EXPECT_EQ(text("max_over_time(sum(requests_total)[5m:1m])"), "{} 6000\n");
}

TEST_F(Evaluate, MatchingTellsDuplicatesInPrometheusWords) {
  EXPECT_EQ(text("requests_total / on(job, instance) requests_total{job=\"api\"}"),
            "{instance=\"a\", job=\"api\"} 1\n{instance=\"b\", job=\"api\"} 1\n");
  EXPECT_EQ(text("requests_total + on(job) requests_total"),
            "found duplicate series for the match group {job=\"api\"} on the right hand-side of the operation: "
            "[{__name__=\"requests_total\", instance=\"a\", job=\"api\"}, {__name__=\"requests_total\", instance=\"b\", "
            "job=\"api\"}];many-to-many "
            "matching not allowed: matching labels must be unique on one side");
  EXPECT_EQ(text("requests_total + on(job) sum by (job) (requests_total)"),
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)");
  EXPECT_EQ(text("sum(requests_total + on(job) group_left sum by (job) (requests_total))"), "{} 18000\n");
}

TEST_F(Evaluate, CoverageSaysWhatWasMatchedAndRemoved) {
  const auto answer = run("requests_total > 1000 or missing");
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->coverage.selectors.size(), 2U);
  EXPECT_EQ(answer->coverage.selectors[0].series, 4U);
  EXPECT_EQ(answer->coverage.selectors[1].series, 0U);
  ASSERT_EQ(answer->coverage.comparisons.size(), 1U);
  EXPECT_EQ(answer->coverage.comparisons[0].compared, 4U);
  EXPECT_EQ(answer->coverage.comparisons[0].removed, 1U);
}

TEST_F(Evaluate, WhatIsSaidTwiceIsReadOnce) {
  const auto once = run("sum(rate(requests_total[1m]))");
  const auto twice = run("sum(rate(requests_total[1m])) / sum(rate(requests_total[1m]))");
  ASSERT_TRUE(once && twice);
  EXPECT_EQ(once->coverage.samples_read, twice->coverage.samples_read);
  EXPECT_EQ(twice->coverage.selectors[0].series, 4U);
  EXPECT_EQ(twice->coverage.selectors[1].series, 4U);
  EXPECT_EQ(text("sum(rate(requests_total[1m])) / sum(rate(requests_total[1m]))"), "{} 1\n");
}

TEST_F(Evaluate, RemarksHavePrometheusWordsAndAPlace) {
  const SeriesRow row = series_.add({{"__name__", "requests"}});
  EXPECT_TRUE(series_.append(row, 570'000, 1.0));
  EXPECT_TRUE(series_.append(row, 600'000, 2.0));
  const std::string query = "sum(\n  rate(requests[1m]))";
  const auto answer = run(query);
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->annotations.size(), 1U);
  EXPECT_EQ(to_string(answer->annotations[0], query),
            "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"requests\" (2:8)");
}

TEST_F(Evaluate, LimitsAndCancelling) {
  EXPECT_EQ(text("requests_total", {.limits = {.samples = 3}}), "query processing would load too many samples into memory in query execution");
  EXPECT_EQ(run("sum(requests_total)", {.limits = {.series = 3}}).error().fault, Fault::TooLarge);
  EXPECT_EQ(run("requests_total", {.limits = {.memory_bytes = 10}}).error().fault, Fault::TooLarge);
  std::stop_source stop;
  stop.request_stop();
  EvaluationSettings stopped;
  stopped.stop = stop.get_token();
  EXPECT_EQ(text("sum(requests_total)", stopped), "query was canceled in expression evaluation");
  EvaluationSettings late;
  late.limits.timeout = std::chrono::nanoseconds(-1);
  EXPECT_EQ(text("sum(requests_total)", late), "query timed out in expression evaluation");
}

TEST_F(Evaluate, SamplesAreLimitedByWhatIsHeldAtOnce) {
  const auto samples = [&](const std::string& query, std::uint64_t limit) { return run(query, {.limits = {.samples = limit}}); };
  // Four series with 20 samples each in five minutes.
  const auto one = samples("sum(rate(requests_total[5m]))", 20);
  ASSERT_TRUE(one);
  EXPECT_EQ(one->coverage.samples_read, 80U);
  EXPECT_LE(one->coverage.samples_peak, 20U);
  EXPECT_EQ(samples("sum(rate(requests_total[5m]))", 19).error().fault, Fault::TooLarge);
  EXPECT_EQ(samples("requests_total[5m]", 70).error().fault, Fault::TooLarge) << "all of them are the answer";
  EXPECT_TRUE(samples("max(max_over_time(requests_total[10m:1s]))", 3'000));
  EXPECT_EQ(samples("max(max_over_time(requests_total[10m:1s]))", 599).error().fault, Fault::TooLarge);
  // The latest sample of each is all that is read of them.
  EXPECT_EQ(samples("requests_total", 4)->coverage.samples_read, 4U);
  EXPECT_EQ(samples("requests_total[5m]", 80)->coverage.samples_peak, 80U);
}

TEST_F(Evaluate, DeepNestingOverManyStepsIsBounded) {
  std::string deep = "time()";
  for (int i = 0; i < 200; ++i) deep = "1+(" + deep + ")";
  EXPECT_EQ(text(deep), "800");
  EvaluationSettings many;
  many.time = {1000, 1'000'000, 1};
  EXPECT_EQ(run(deep, many).error().fault, Fault::TooLarge);
  EXPECT_EQ(run("sum_over_time(vector(1)[100d:1ms])").error().fault, Fault::TooLarge);
}

TEST_F(Evaluate, OperatorsInARowAreMany) {
  const auto row = [](std::string_view first, std::string_view more) {
    std::string out(first);
    for (int i = 0; i < 2'000; ++i) out += more;
    return out;
  };
  EXPECT_EQ(text(row("1", "+1")), "2001");
  EXPECT_EQ(text(row("vector(1)", " + vector(1)")), "{} 2001\n");
  EXPECT_EQ(text(row("vector(1)", " + 1")), "{} 2001\n");
  EXPECT_EQ(text("count(" + row("requests_total", " or requests_total") + ")"), "{} 4\n");
  EXPECT_EQ(text("count(" + row("requests_total", " == requests_total") + ")"), "{} 4\n");
}

TEST_F(Evaluate, NamesGoAtOnceUnlessTheyAreDelayed) {
  const SeriesRow row = series_.add({{"__name__", "errors_total"}, {"instance", "a"}, {"job", "api"}});
  for (int i = 0; i <= 40; ++i) EXPECT_TRUE(series_.append(row, i * 15'000, 1.0));
  const std::string query = "label_replace(rate({job=\"api\", instance=\"a\"}[1m]), \"was\", \"$1\", \"__name__\", \"(.*)\")";
  EXPECT_EQ(text(query), "vector cannot contain metrics with the same labelset");
  EXPECT_EQ(text(query, {.delayed_name_removal = true}),
            "{instance=\"a\", job=\"api\", was=\"requests_total\"} 1\n{instance=\"a\", job=\"api\", was=\"errors_total\"} 0\n");
}

TEST_F(Evaluate, TheAnswerOutlivesTheReader) {
  Result<Evaluation> answer = Error{};
  {
    MemorySeries series;
    const SeriesRow row = series.add({{"__name__", "a_metric_with_a_long_name"}, {"label", "a value that is not short"}});
    ASSERT_TRUE(series.append(row, 1000, 1.0));
    answer = evaluate(**parse("a_metric_with_a_long_name"), series, {.time = instant(1000)});
  }
  ASSERT_TRUE(answer);
  EXPECT_EQ(to_string(std::get<Vector>(answer->value)[0].labels), "a_metric_with_a_long_name{label=\"a value that is not short\"}");
}

// Every function and aggregation that parses has code.
TEST_F(Evaluate, EveryFunctionHasCode) {
  for (const Signature& function : functions()) {
    std::string query = std::string(function.name) + '(';
    for (int i = 0; i < function.arity(); ++i) {
      if (i > 0) query += ", ";
      switch (function.type_of(static_cast<std::size_t>(i))) {
        case ValueType::Scalar: query += "0.5"; break;
        case ValueType::Vector: query += "requests_total"; break;
        case ValueType::Matrix: query += "requests_total[5m]"; break;
        case ValueType::String: query += "\"job\""; break;
        case ValueType::None: break;
      }
    }
    if (function.name == "start_timestamp") continue;  // SeriesReader gives no start times
    if (function.name == "info") query = "info(requests_total";
    const auto answer = run(query + ')');
    EXPECT_TRUE(answer) << query << ": " << answer.error().message;
  }
}

}  // namespace
}  // namespace tocsin::rules::promql
