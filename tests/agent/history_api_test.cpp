// SPDX-License-Identifier: Apache-2.0
#include "agent/api/history_api.h"

#include <gtest/gtest.h>

#include "rules/batch.h"
#include "tests/agent/answer.h"

namespace tocsin::agent {
namespace {

constexpr std::int64_t kNowMs = 1'600'096'945'479;

class HistoryApi : public testing::Test {
 protected:
  void SetUp() override {
    rules::BatchBuilder builder;
    builder.describe("x_bucket", std::make_shared<const meters::Descriptor>(
                                     meters::Descriptor{"x", "x", "s", "How \"long\".", meters::Kind::Histogram}));
    for (const char* le : {"0.5", "1"}) {
      const auto place = builder.place("x_bucket", {{"le", le}, {"job", "shop"}});
      builder.add(place, kNowMs, 1);
      builder.add_exemplar(place, {0, 0, kNowMs, 0.25, {{"trace_id", "abc"}}});
    }
    builder.add(builder.place("y", {}), kNowMs, 1);
    window_.append(builder.batch());
  }

  HistoryApi() { add_history_routes(router_, [this] { return window_.view(); }); }
  Answer get(std::string path, std::string_view query = {}) { return answer_of(router_, request_of("GET", "/api/v1/" + path, query)); }
  Answer exemplars(std::string_view query) { return get("query_exemplars", query); }

  rules::Window window_{{}};
  Router router_;
};

TEST_F(HistoryApi, exemplars_have_prometheus_shape) {
  const auto answer = exemplars("query=rate(x_bucket%7Ble%3D%220.5%22%7D%5B5m%5D)&start=1600096945&end=1600096946");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            R"({"status":"success","data":[{"seriesLabels":{"__name__":"x_bucket","job":"shop","le":"0.5"},)"
            R"("exemplars":[{"labels":{"trace_id":"abc"},"value":"0.25","timestamp":1600096945.479}]}]})");
}

TEST_F(HistoryApi, a_series_that_two_selectors_take_is_told_once) {
  const auto answer = exemplars("query=x_bucket%20%2F%20x_bucket");
  std::size_t series = 0;
  for (std::size_t at = 0; (at = answer.body.find("seriesLabels", at)) != std::string::npos; ++at) ++series;
  EXPECT_EQ(series, 2U);
}

TEST_F(HistoryApi, nothing_outside_the_time_asked_for) {
  EXPECT_EQ(exemplars("query=x_bucket&start=1600096950").body, R"({"status":"success","data":[]})");
}

TEST_F(HistoryApi, what_is_wrong_is_told) {
  for (const char* query : {"query=", "query=x%7B", "query=x&start=now", "query=x&start=5&end=4"}) {
    const Answer answer = exemplars(query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_NE(answer.body.find("\"errorType\":\"bad_data\""), std::string::npos) << answer.body;
  }
  EXPECT_EQ(get("metadata", "limit=x").status, 400);
  for (const char* query : {"limit=x", "limit=0", "limit=10001"}) EXPECT_EQ(get("status/tsdb", query).status, 400);
}

TEST_F(HistoryApi, metadata_has_prometheus_shape) {
  EXPECT_EQ(get("metadata").body,
            R"({"status":"success","data":{"x":[{"type":"histogram","help":"How \"long\".","unit":"seconds"}]}})");
  EXPECT_EQ(get("metadata", "metric=y").body, R"({"status":"success","data":{}})");
  EXPECT_EQ(get("metadata", "limit=0").body, R"({"status":"success","data":{}})");
}

TEST_F(HistoryApi, tsdb_says_what_the_series_are_made_of) {
  EXPECT_EQ(get("status/tsdb").body,
            R"({"status":"success","data":{"headStats":{"numSeries":3,"numLabelPairs":5,"chunkCount":1,"minTime":1600096945479,)"
            R"("maxTime":1600096945479},"seriesCountByMetricName":[{"name":"x_bucket","value":2},{"name":"y","value":1}],)"
            R"("labelValueCountByLabelName":[{"name":"__name__","value":2},{"name":"le","value":2},{"name":"job","value":1}],)"
            R"("memoryInBytesByLabelName":[{"name":"__name__","value":17},{"name":"job","value":8},{"name":"le","value":4}],)"
            R"("seriesCountByLabelValuePair":[{"name":"__name__=x_bucket","value":2},{"name":"job=shop","value":2},)"
            R"({"name":"__name__=y","value":1},{"name":"le=0.5","value":1},{"name":"le=1","value":1}]}})");
  EXPECT_NE(get("status/tsdb", "limit=1").body.find(R"("seriesCountByMetricName":[{"name":"x_bucket","value":2}],)"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::agent
