// SPDX-License-Identifier: Apache-2.0
#include "meters/descriptor.h"

#include <gtest/gtest.h>

namespace tocsin::meters {
namespace {

TEST(PrometheusName, follows_the_otlp_rules) {
  EXPECT_EQ(prometheus_name("server_request_total", "{request}", Kind::Counter), "server_request_total");
  EXPECT_EQ(prometheus_name("http.server.request.duration", "s", Kind::Histogram), "http_server_request_duration_seconds");
  EXPECT_EQ(prometheus_name("server_request_time_microseconds", "us", Kind::Histogram), "server_request_time_microseconds");
  EXPECT_EQ(prometheus_name("system.io", "By/s", Kind::Gauge), "system_io_bytes_per_second");
  EXPECT_EQ(prometheus_name("cpu.utilization", "1", Kind::Gauge), "cpu_utilization_ratio");
  EXPECT_EQ(prometheus_name("a.total.b", "", Kind::Counter), "a_b_total");
  EXPECT_EQ(prometheus_name("3.x..y", "", Kind::Gauge), "_3_x_y");
  EXPECT_EQ(prometheus_name("a.b", "By", Kind::Counter, NameStrategy::NoTranslation), "a.b");
  EXPECT_EQ(prometheus_name("a.b", "By", Kind::Counter, NameStrategy::NoUtf8EscapingWithSuffixes), "a.b_bytes_total");
}

TEST(PrometheusLabelName, keeps_repeated_underscores) {
  EXPECT_EQ(prometheus_label_name("http.route"), "http_route");
  EXPECT_EQ(prometheus_label_name("a..b"), "a__b");
  EXPECT_EQ(prometheus_label_name("1a"), "key_1a");
}

TEST(CheckName, says_where_it_is_wrong) {
  EXPECT_TRUE(check_metric_name("a:b_c1").ok());
  EXPECT_EQ(check_metric_name("a-b").error().message, "metric name \"a-b\": character 2 is not one of a-z A-Z 0-9 _ :");
  EXPECT_FALSE(check_label_name("__name__").ok());
  EXPECT_FALSE(check_label_name("a:b").ok());
}

}  // namespace
}  // namespace tocsin::meters
