// SPDX-License-Identifier: Apache-2.0
#include "agent/api/prometheus_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "agent/api/src/api_answer.h"
#include "agent/api/src/label_name.h"
#include "rules/promql/memory_series.h"
#include "tests/agent/answer.h"

namespace tocsin::agent {
namespace {

using rules::promql::FloatHistogram;
using rules::promql::MemorySeries;
using testing::HasSubstr;

class PrometheusApiTest : public testing::Test {
 protected:
  PrometheusApiTest() {
    for (const char* job : {"shop", "web"}) {
      const auto row = series_->add({{"__name__", "requests_total"}, {"job", job}});
      for (int i = 0; i <= 20; ++i) EXPECT_TRUE(series_->append(row, i * 15'000, i * 30.0));
    }
    FloatHistogram histogram;
    histogram.count = 3;
    histogram.sum = 4.5;
    histogram.positive_spans = {{0, 2}};
    histogram.positive = {1, 2};
    EXPECT_TRUE(series_->append(series_->add({{"__name__", "latency"}}), 300'000, histogram));
    api_.add_routes(router_);
  }

  Answer get(std::string path, std::string_view query) { return answer_of(router_, request_of("GET", "/api/v1/" + path, query)); }

  std::shared_ptr<MemorySeries> series_ = std::make_shared<MemorySeries>();
  PrometheusApi api_{[this] { return series_; }, SystemClock::instance(), {}};
  Router router_;
};

TEST_F(PrometheusApiTest, AnInstantVector) {
  const Answer answer = get("query", "query=sum%20by(job)(increase(requests_total[1m]))&time=300");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"status":"success","data":{"resultType":"vector","result":[)"
            R"({"metric":{"job":"shop"},"value":[300,"120"]},{"metric":{"job":"web"},"value":[300,"120"]}]}})");
}

TEST_F(PrometheusApiTest, AFormIsReadLikeAQuery) {
  wire::HttpRequest request = request_of("POST", "/api/v1/query");
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.body = "query=1%2B1&time=4.05";
  EXPECT_EQ(answer_of(router_, request).body, R"({"status":"success","data":{"resultType":"scalar","result":[4.050,"2"]}})");
}

TEST_F(PrometheusApiTest, WhatAFormSaysComesBeforeWhatTheUrlSays) {
  wire::HttpRequest request = request_of("POST", "/api/v1/query", "query=1&time=7");
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.body = "query=2";
  EXPECT_THAT(answer_of(router_, request).body, HasSubstr(R"("result":[7,"2"])"));
  request = request_of("POST", "/api/v1/series", "match[]=latency");
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.body = "match[]={job=%22web%22}";
  EXPECT_THAT(answer_of(router_, request).body, HasSubstr(R"("data":[{"__name__":"requests_total","job":"web"},{"__name__":"latency"}])"));
}

TEST_F(PrometheusApiTest, StringsAndHistograms) {
  EXPECT_THAT(get("query", "query=%22a%22&time=1").body, HasSubstr(R"("resultType":"string","result":[1,"a"])"));
  EXPECT_THAT(get("query", "query=latency&time=300").body,
              HasSubstr(R"("histogram":[300,{"count":"3","sum":"4.5","buckets":[[0,"0.5","1","1"],[0,"1","2","2"]]}])"));
}

TEST_F(PrometheusApiTest, ARangeIsAMatrix) {
  const Answer answer = get("query_range", "query=requests_total{job=%22web%22}&start=0&end=30&step=15s");
  EXPECT_THAT(answer.body, HasSubstr(R"("resultType":"matrix","result":[{"metric":{"__name__":"requests_total","job":"web"},)"
                                     R"("values":[[0,"0"],[15,"30"],[30,"60"]]}])"));
}

TEST_F(PrometheusApiTest, WhatIsWrongIsSaidInPrometheusWords) {
  const auto error = [&](std::string path, std::string_view query, std::string_view type, std::string_view words, int status = 400) {
    const Answer answer = get(path, query);
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("\"errorType\":\"" + std::string(type) + '"'));
    EXPECT_THAT(answer.body, HasSubstr(std::string(words)));
  };
  error("query", "query=sum(", "bad_data", R"(invalid parameter \"query\": 1:5: parse error: )");
  error("query", "query=1&time=x", "bad_data", R"(invalid parameter \"time\": cannot parse \"x\" to a valid timestamp)");
  error("query_range", "query=1&start=0&end=1", "bad_data", R"(invalid parameter \"step\": cannot parse \"\")");
  error("query_range", "query=1&start=2&end=1&step=1", "bad_data", "end timestamp must not be before start time");
  error("query_range", "query=1&start=0&end=1&step=0", "bad_data", "zero or negative query resolution step widths");
  error("query_range", "query=1&start=0&end=11001&step=1", "bad_data", "exceeded maximum resolution of 11,000 points");
  error("query_range", "query=requests_total[1m]&start=0&end=1&step=1", "bad_data", "must be Scalar or instant Vector");
  error("series", "", "bad_data", "no match[] parameter provided");
  error("series", "match[]={", "bad_data", "invalid parameter");
  error("labels", "match[]=", "bad_data", R"("error":"unknown position: parse error: unexpected end of input")");
  error("series", "match[]={}", "bad_data", R"("invalid parameter \"match[]\": match[] must contain at least one non-empty matcher")");
  for (const char* path : {"labels", "label/job/values"})
    error(path, "match[]=requests_total&match[]={job=~%22.*%22}", "bad_data", R"("match[] must contain at least one non-empty matcher")");
  error("query", "query=", "bad_data", R"(invalid parameter \"query\": unknown position: parse error: no expression found in input)");
  error("query", "query=requests_total%20*%20on()%20requests_total&time=300", "execution", "many-to-many", 422);
}

TEST_F(PrometheusApiTest, SeriesLabelsAndValues) {
  EXPECT_EQ(get("series", "match[]=requests_total").body,
            R"({"status":"success","data":[{"__name__":"requests_total","job":"shop"},{"__name__":"requests_total","job":"web"}]})");
  EXPECT_EQ(get("series", "match[]=requests_total&match[]={job=%22web%22}&limit=1").body,
            R"({"status":"success","data":[{"__name__":"requests_total","job":"shop"}],"warnings":["results truncated due to limit"]})");
  EXPECT_EQ(get("labels", "").body, R"({"status":"success","data":["__name__","job"]})");
  EXPECT_EQ(get("label/job/values", "").body, R"({"status":"success","data":["shop","web"]})");
  EXPECT_EQ(get("label/__name__/values", "match[]={job=%22web%22}").body, R"({"status":"success","data":["requests_total"]})");
  EXPECT_EQ(get("label/none/values", "").body, R"({"status":"success","data":[]})");
  EXPECT_EQ(get("label/none", "").status, 404);
  // Nothing was between an end and a later start; the least and the greatest time that Prometheus knows are times.
  for (const char* path : {"series", "labels", "label/job/values"})
    EXPECT_EQ(get(path, "match[]=requests_total&start=5&end=4").body, R"({"status":"success","data":[]})") << path;
  EXPECT_EQ(get("label/job/values", "start=-292273086-05-16T16:47:06Z&end=292277025-08-18T07:12:54.999999999Z").body,
            R"({"status":"success","data":["shop","web"]})");
}

TEST_F(PrometheusApiTest, WarningsAndInfosCarryTheirPlace) {
  EXPECT_THAT(get("query", "query=rate(job_size[1m])&time=300").body, testing::Not(HasSubstr("infos")));  // nothing matched
  EXPECT_THAT(get("query", "query=quantile(2,requests_total)&time=300").body, HasSubstr(R"("warnings":["PromQL warning: quantile value)"));
}

TEST_F(PrometheusApiTest, StatisticsOnlyWhereAskedFor) {
  EXPECT_THAT(get("query", "query=requests_total&time=300").body, testing::Not(HasSubstr("stats")));
  const std::string body = get("query", "query=sum(rate(requests_total[1m]))&time=300&stats=all").body;
  EXPECT_THAT(body, HasSubstr(R"("stats":{"timings":{"evalTotalTime":)"));
  EXPECT_THAT(body, HasSubstr(R"("samples":{"totalQueryableSamples":8,"peakSamples":8})"));
}

TEST_F(PrometheusApiTest, LookBackTimeoutAndLimit) {
  EXPECT_THAT(get("query", "query=requests_total&time=330").body, HasSubstr("\"600\""));
  EXPECT_THAT(get("query", "query=requests_total&time=330&lookback_delta=20s").body, HasSubstr("\"result\":[]"));
  EXPECT_EQ(get("query", "query=requests_total&lookback_delta=far").status, 400);
  EXPECT_EQ(get("query", "query=requests_total&timeout=soon").status, 400);
  EXPECT_EQ(get("query", "query=requests_total&limit=-1").status, 400);
  EXPECT_THAT(get("query", "query=requests_total&time=300&limit=1").body, HasSubstr("results truncated due to limit"));
  EXPECT_THAT(get("labels", "limit=1").body, HasSubstr(R"("data":["__name__"],"warnings":["results truncated due to limit"])"));
  EXPECT_THAT(get("query", "query=1&timeout=0").body, HasSubstr(R"(invalid parameter \"query\": context deadline exceeded)"));
}

TEST_F(PrometheusApiTest, ALabelMayBeEscaped) {
  const auto row = series_->add({{"__name__", "x"}, {"http.status", "200"}});
  EXPECT_TRUE(series_->append(row, 300'000, 1));
  EXPECT_EQ(get("label/U__http_2e_status/values", "").body, R"({"status":"success","data":["200"]})");
  EXPECT_EQ(get("label/http.status/values", "").body, R"({"status":"success","data":["200"]})");
}

TEST_F(PrometheusApiTest, FormatsAndParses) {
  EXPECT_EQ(get("format_query", "query=sum(foo)by(x)").body, R"json({"status":"success","data":"sum by (x) (foo)"})json");
  EXPECT_EQ(get("parse_query", "query=foo%20*%202").body,
            R"({"status":"success","data":{"type":"binaryExpr","op":"*","lhs":{"type":"vectorSelector","name":"foo",)"
            R"("matchers":[{"name":"__name__","value":"foo","type":"="}],"offset":0,"offsetExpr":null,"timestamp":null,"startOrEnd":null,)"
            R"("anchored":false,"smoothed":false},"rhs":{"type":"numberLiteral","val":"2"},"matching":null,"bool":false}})");
}

TEST_F(PrometheusApiTest, ATreeKeepsHowDurationsAndFillsWereWritten) {
  const std::string body = get("parse_query", "query=a[1m*2:step()]%20offset%20-(3)").body;
  EXPECT_THAT(body, HasSubstr(R"("range":0,"rangeExpr":{"type":"durationExpr","op":"*","lhs":{"type":"numberLiteral","val":"60","duration":true},)"
                              R"("rhs":{"type":"numberLiteral","val":"2","duration":false},"wrapped":false},)"));
  EXPECT_THAT(body, HasSubstr(R"("step":0,"stepExpr":{"type":"durationExpr","op":"step","lhs":null,"rhs":null,"wrapped":false},)"));
  EXPECT_THAT(body, HasSubstr(R"("offsetExpr":{"type":"durationExpr","op":"-","lhs":null,"rhs":{"type":"durationExpr","op":"+","lhs":null,)"));
  EXPECT_THAT(get("parse_query", "query=a%2Bfill_left(2)b").body, HasSubstr(R"("fillValues":{"lhs":2,"rhs":null})"));
}

TEST(LabelName, IsReadAsEscaped) {
  EXPECT_EQ(unescaped_label_name("U__http_2e_status"), "http.status");
  EXPECT_EQ(unescaped_label_name("U__a__b_f6_"), "a_bö");
  EXPECT_EQ(unescaped_label_name("U___1f514_"), "\U0001F514");
  for (const char* name : {"", "x", "a_2e_b", "U__a_zz_", "U__a_2e", "U__a_110000_", "U__a_d800_", "U__a_0000002e_"})
    EXPECT_EQ(unescaped_label_name(name), name);
}

TEST(ApiAnswer, NumbersAndTimes) {
  const auto number = [](double value) {
    std::string out;
    return append_api_number(out, value), out;
  };
  EXPECT_EQ(number(100'000), "100000");
  EXPECT_EQ(number(1e20), "100000000000000000000");
  EXPECT_EQ(number(1e21), "1e+21");
  EXPECT_EQ(number(0.000001), "0.000001");
  EXPECT_EQ(number(1e-7), "1e-07");
  EXPECT_EQ(number(std::numeric_limits<double>::infinity()), "+Inf");
  const auto time = [](std::int64_t ms) {
    std::string out;
    return append_api_time(out, ms), out;
  };
  EXPECT_EQ(time(1'435'781'451'781), "1435781451.781");
  EXPECT_EQ(time(1'005), "1.005");
  EXPECT_EQ(time(-1'050), "-1.050");
}

}  // namespace
}  // namespace tocsin::agent
