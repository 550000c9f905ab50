// SPDX-License-Identifier: Apache-2.0
#include "agent/check/query_check.h"

#include <gtest/gtest.h>

#include "agent/check/dashboard.h"
#include "rules/promql/parse.h"

namespace tocsin::agent {
namespace {

class QueryCheck : public testing::Test {
 protected:
  QueryCheck() { known_.add_shipped(); }

  QueryMeaning meaning(const std::string& text) {
    const auto parsed = rules::promql::parse_all(text);
    for (const auto& fault : parsed.faults) ADD_FAILURE() << text << ": " << fault.message;
    return parsed.expr ? check_query(*parsed.expr, known_) : QueryMeaning{};
  }
  std::string finding(const std::string& text) {
    std::string all;
    for (const QueryFinding& each : meaning(text).findings) all += (all.empty() ? "" : " | ") + each.message;
    return all;
  }
  KnownMeters known_;
};

TEST_F(QueryCheck, what_is_right_has_no_finding) {
  for (const char* text : {
           "sum by (server_name) (rate(server_request_total{status=~\"server_error|timeout\"}[5m]))",
           "histogram_quantile(0.95, sum by (le, func) (rate(server_request_time_microseconds_bucket[5m])))",
           "histogram_quantile(0.95, sum by (func) (rate(server_request_time_microseconds[5m])))",
           "sum(server_conc)", "up == 0", "absent(server_request_total)", "count(server_request_total)",
           "ALERTS{alertname=\"X\", alertstate=\"firing\"}", "server_conc unless on (server_name) server_request_total",
           "rate(server_request_time_microseconds_bucket{le=~\"5e\\\\+06|5000000(\\\\.0)?\"}[5m])",
           "sum by (instance) (rate(process_cpu_seconds_total[5m]))", "changes(process_start_time_seconds[5m])",
           "label_replace(server_conc, \"x\", \"$1\", \"func\", \"(.*)\") * on (server_name, func) server_conc",
           "topk(5, sum by (ret) (increase(server_request_total{status!=\"ok\"}[1h])))", "vector(1)", "time() - process_start_time_seconds",
           "sum by (le) (rate(server_request_time_microseconds_bucket{le=\"+Inf\"}[5m]))"})
    EXPECT_EQ(finding(text), "") << text;
}

TEST_F(QueryCheck, unknown_names_labels_and_values) {
  EXPECT_EQ(finding("rate(server_requests_total[5m])"), "no meter is called server_requests_total; did you mean server_request_total?");
  EXPECT_EQ(finding("rate(server_request_total{state=\"error\"}[5m])"), "server_request_total has no label state (there is app_id, dc, func, ret, server_host, server_name, status)");
  EXPECT_EQ(finding("rate(server_request_total{status=\"server_eror\"}[5m])"),
            "server_request_total{status=\"server_eror\"}: \"server_eror\" is none of the values of status; did you mean \"server_error\"?");
  EXPECT_NE(finding("rate(server_request_total{status=~\"timeout|errors\"}[5m])").find("\"errors\" is none of the values"), std::string::npos);
  EXPECT_NE(finding("rate(server_request_total{status=~\"5..\"}[5m])").find("matches none of the values of status"), std::string::npos);
  EXPECT_NE(finding("rate(server_request_time_microseconds_bucket{le=\"4e+06\"}[5m])").find("no bucket has this bound"), std::string::npos);
  EXPECT_NE(finding("sum by (service) (rate(server_request_total[5m]))").find("has no label service"), std::string::npos);
  EXPECT_NE(finding("sum by (dc) (rate(server_request_total[5m])) / on (func) sum by (func) (rate(server_request_total[5m]))")
                .find("on: the left side has no label func"), std::string::npos);
}

TEST_F(QueryCheck, counters_gauges_and_quantiles) {
  EXPECT_NE(finding("sum(server_request_total)").find("server_request_total is a counter: without rate"), std::string::npos);
  EXPECT_NE(finding("server_request_time_microseconds_sum / 2").find("is a counter"), std::string::npos);
  EXPECT_EQ(finding("rate(server_conc[5m])"), "rate of server_conc, which is a gauge: take deriv");
  EXPECT_EQ(finding("delta(server_request_total[5m])"), "delta of server_request_total, which is a counter: take increase or rate");
  EXPECT_EQ(finding("histogram_quantile(0.9, sum by (func) (rate(server_request_time_microseconds_bucket[5m])))"),
            "histogram_quantile without le: an aggregation below it must keep the label le");
  EXPECT_NE(finding("histogram_quantile(0.9, sum without (le) (rate(server_request_time_microseconds_bucket[5m])))").find("without le"),
            std::string::npos);
  EXPECT_NE(finding("histogram_quantile(0.9, rate(server_request_total[5m]))").find("what is no histogram"), std::string::npos);
  EXPECT_NE(finding("histogram_quantile(0.9, server_request_time_microseconds_bucket)").find("without rate covers all time"),
            std::string::npos);
  EXPECT_NE(finding("rate(server_request_total{status=\"timeout\"}[5m]) / rate(server_request_total[5m]) > 0.05")
                .find("each series is divided by itself"), std::string::npos);
}

TEST_F(QueryCheck, units_follow_the_arithmetic) {
  const auto words = [&](const std::string& text) { return meaning(text).unit.words(); };
  EXPECT_EQ(words("sum(rate(server_request_total[5m]))"), "{request} a second");
  EXPECT_EQ(words("60 * sum(rate(server_request_total[5m]))"), "{request} a minute");
  EXPECT_EQ(words("increase(server_request_total[5m])"), "{request}");
  EXPECT_EQ(words("histogram_quantile(0.9, rate(server_request_time_microseconds_bucket[5m]))"), "microseconds");
  EXPECT_EQ(words("histogram_quantile(0.9, rate(server_request_time_microseconds_bucket[5m])) / 1e6 > 5"), "seconds");
  EXPECT_EQ(words("rate(server_request_time_microseconds_sum[5m]) / rate(server_request_time_microseconds_count[5m])"), "microseconds");
  EXPECT_EQ(words("sum(rate(server_request_total{status=\"ok\"}[5m])) / sum(rate(server_request_total[5m]))"), "a ratio or plain number");
  EXPECT_EQ(words("100 * (1 - node_memory_free_bytes / node_memory_total_bytes)"), "per cent");
  EXPECT_EQ(words("rate(node_network_receive_bytes_total[5m])"), "bytes a second");
  EXPECT_EQ(words("rate(process_cpu_seconds_total[5m])"), "a ratio or plain number");
  EXPECT_EQ(words("sqrt(server_conc)"), "numbers");
}

TEST_F(QueryCheck, panel_units_fit_or_do_not) {
  const auto fits = [&](const char* unit, const std::string& text) { return panel_unit(unit)->fits(meaning(text).unit); };
  const std::string quantile = "histogram_quantile(0.9, rate(server_request_time_microseconds_bucket[5m]))";
  EXPECT_TRUE(fits("µs", quantile));
  EXPECT_FALSE(fits("ms", quantile));
  EXPECT_TRUE(fits("ms", quantile + " / 1000"));
  EXPECT_FALSE(fits("short", quantile));
  EXPECT_FALSE(fits("reqps", "increase(server_request_total[5m])"));
  EXPECT_TRUE(fits("reqpm", "rate(server_request_total[5m]) * 60"));
  EXPECT_TRUE(fits("short", "server_conc"));
  EXPECT_FALSE(fits("percent", "sum(rate(server_request_total[5m])) / sum(rate(rely_server_request_total[5m]))") &&
               fits("percentunit", "sum(rate(server_request_total[5m])) / sum(rate(rely_server_request_total[5m])) * 100"));
  EXPECT_FALSE(fits("s", "node_memory_free_bytes"));
  EXPECT_EQ(panel_unit("volt"), std::nullopt);
}

TEST_F(QueryCheck, labels_of_a_result_and_meters_it_reads) {
  const auto result = meaning("sum by (server_name) (rate(server_request_total[5m])) / on (server_name) group_left (peer) sum by (server_name, peer) (rate(rely_server_request_total[5m]))");
  EXPECT_EQ(*result.labels, (std::set<std::string>{"peer", "server_name"}));
  EXPECT_EQ(result.meters, (std::set<std::string>{"rely_server_request_total", "server_request_total"}));
  EXPECT_TRUE(meaning("label_replace(vector(1), \"a\", \"$1\", \"b\", \".*\")").labels->contains("a"));
}

TEST(FilledIn, variables_stand_for_what_they_may_be) {
  EXPECT_EQ(filled_in("rate(a{b=~\"$dc\"}[$__rate_interval])", false), "rate(a{b=~\"tocsin_variable_dc\"}[5m])");
  EXPECT_EQ(filled_in("sum by (${group:csv}) (a offset $off)", false), "sum by (tocsin_variable_group) (a offset 5m)");
  EXPECT_EQ(filled_in("topk($n, a) > [[limit]]", true), "topk(1, a) > 1");
  EXPECT_EQ(filled_in("label_replace(a, \"b\", \"$1\", \"c\", \"x\\\"$y\")", false),
            "label_replace(a, \"b\", \"tocsin_variable_1\", \"c\", \"x\\\"tocsin_variable_y\")");
  EXPECT_EQ(filled_in("a[$__range] / $__range_s", false), "a[5m] / 1");
}

}  // namespace
}  // namespace tocsin::agent
