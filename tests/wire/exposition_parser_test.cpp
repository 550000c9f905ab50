// SPDX-License-Identifier: Apache-2.0
#include "wire/exposition_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/source_dir.h"

namespace tocsin::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A line a sample: role, name, labels, value, and what else was said.
std::string show(const Exposition& e, const ExpositionSample& s) {
  static constexpr const char* kRoles[] = {"value", "total", "created", "bucket", "count", "sum", "quantile", "native"};
  std::ostringstream out;
  out << kRoles[static_cast<int>(s.role)] << ' ' << s.name << '{';
  for (const ExpositionLabel& label : e.labels_of(s)) out << label.name << '=' << label.text << ';';
  out << "} " << s.value;
  if (s.time_ms != kNoTime) out << " @" << s.time_ms;
  if (s.created_ms != 0) out << " since " << s.created_ms;
  return out.str();
}

struct Parsed {
  Exposition exposition;
  std::string error;
  std::vector<std::string> samples() const {
    std::vector<std::string> all;
    for (const ExpositionSample& sample : exposition.samples) all.push_back(show(exposition, sample));
    return all;
  }
};

Parsed parse(ExpositionFormat format, std::string_view body, ExpositionOptions options = {}) {
  Parsed parsed;
  const auto result = parse_exposition(format, body, parsed.exposition, options);
  if (!result) parsed.error = result.error().message;
  return parsed;
}
Parsed text(std::string_view body) { return parse(ExpositionFormat::Text, body); }
Parsed open_metrics(std::string_view body) { return parse(ExpositionFormat::OpenMetrics, body); }

TEST(ExpositionParser, FormatsByContentType) {
  EXPECT_EQ(*exposition_format("text/plain; version=0.0.4; charset=utf-8; escaping=underscores"), ExpositionFormat::Text);
  EXPECT_EQ(*exposition_format("application/openmetrics-text; version=1.0.0; charset=utf-8"), ExpositionFormat::OpenMetrics);
  EXPECT_EQ(*exposition_format("application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"),
            ExpositionFormat::Protobuf);
  EXPECT_FALSE(exposition_format(""));
  EXPECT_FALSE(exposition_format("text/html"));
  EXPECT_FALSE(exposition_format("application/vnd.google.protobuf; proto=other.Message; encoding=delimited"));
}

TEST(ExpositionParser, TextAsPrometheusReadsIt) {
  const auto parsed = text(
      "# HELP http_requests_total The \\\\ total\\nnumber.\n"
      "# TYPE http_requests_total counter\n"
      "  http_requests_total { method = \"po\\\"st\", code=\"200\", } 1027 1395066363000\n"
      "\n# a comment\n#\n"
      "http_requests_total{method=\"get\\n\"}\t3e2\n"
      "# TYPE rpc summary\nrpc{quantile=\"0.5\"} NaN\nrpc_sum +Inf\nrpc_count 2693\n"
      "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 5\nh_count 3\n"
      "plain -Inf -3982045");
  ASSERT_EQ(parsed.error, "");
  EXPECT_THAT(parsed.samples(),
              ElementsAre("total http_requests_total{method=po\"st;code=200;} 1027 @1395066363000",
                          "total http_requests_total{method=get\n;} 300", "quantile rpc{quantile=0.5;} nan",
                          "sum rpc_sum{} inf", "count rpc_count{} 2693", "bucket h_bucket{le=1.0;} 2",
                          "bucket h_bucket{le=+Inf;} 3", "sum h_sum{} 5", "count h_count{} 3",
                          "value plain{} -inf @-3982045"));
  const auto& families = parsed.exposition.families;
  ASSERT_EQ(families.size(), 4);
  EXPECT_EQ(families[0].help, "The \\ total\nnumber.");
  EXPECT_EQ(families[2].type, ExpositionType::Histogram);
  EXPECT_EQ(families[3].type, ExpositionType::Unknown);
  EXPECT_TRUE(parsed.exposition.samples[5].starts_metric);
  EXPECT_FALSE(parsed.exposition.samples[8].starts_metric);
}

TEST(ExpositionParser, NamesInQuotes) {
  for (const auto format : {ExpositionFormat::Text, ExpositionFormat::OpenMetrics}) {
    const auto parsed = parse(format,
                              "# TYPE \"http.Zeit µs\" gauge\n# HELP \"http.Zeit µs\" Zeit\n"
                              "{\"http.Zeit µs\",\"l.x\"=\"v\",y=\"\\\"\"} 4\n{\"http.Zeit µs\"} 5\n# EOF\n");
    ASSERT_EQ(parsed.error, "");
    EXPECT_THAT(parsed.samples(), ElementsAre("value http.Zeit µs{l.x=v;y=\";} 4", "value http.Zeit µs{} 5"));
    EXPECT_EQ(parsed.exposition.families.size(), 1);
    EXPECT_EQ(parsed.exposition.families[0].help, "Zeit");
  }
}

TEST(ExpositionParser, TextFamiliesMayLieInPieces) {
  const auto parsed = text("h_bucket{le=\"+Inf\"} 3\n# TYPE g gauge\ng 1\n# TYPE h histogram\ng{a=\"b\"} 2\nh_sum 1\nh_count 3\n");
  ASSERT_EQ(parsed.error, "");
  EXPECT_THAT(parsed.samples(), ElementsAre("value h_bucket{le=+Inf;} 3", "value g{} 1", "value g{a=b;} 2", "sum h_sum{} 1",
                                            "count h_count{} 3"));
}

TEST(ExpositionParser, TextFaultsHaveTheirPlace) {
  EXPECT_THAT(text("a 1\nb{x=\"1\" y=\"2\"} 1\n").error, HasSubstr("line 2, column 9: expected \",\""));
  EXPECT_THAT(text("a\n").error, HasSubstr("line 1, column 2: expected a number"));
  EXPECT_THAT(text("a 1 1.5\n").error, HasSubstr("column 5: not a timestamp"));
  EXPECT_THAT(text("# TYPE a meh\n").error, HasSubstr("column 10: not a metric type"));
  EXPECT_THAT(text("a{b=\"\xff\"} 1\n").error, HasSubstr("not UTF-8"));
  EXPECT_THAT(text("a{b=\"c} 1\n").error, HasSubstr("column 5: no quote"));
  EXPECT_THAT(text("a{b=\"c\",b=\"d\"} 1\n").error, HasSubstr("given twice"));
  EXPECT_THAT(text("a 0x10\n").error, HasSubstr("not a number: \"0x10\""));
  EXPECT_THAT(text("a 1\r\n").error, HasSubstr("not a number"));
  EXPECT_THAT(text("µ 1\n").error, HasSubstr("line 1, column 1: a metric name cannot begin"));
  // Columns count characters.
  EXPECT_THAT(text("a{b=\"µµ\"x} 1\n").error, HasSubstr("column 9: expected \",\""));
}

TEST(ExpositionParser, OpenMetricsWhole) {
  const auto parsed = open_metrics(
      "# TYPE c_seconds counter\n# UNIT c_seconds seconds\n# HELP c_seconds He\\\"lp\n"
      "c_seconds_total{a=\"1\"} 17 100.5 # {trace_id=\"x\"} 0.67 1520879607.789\nc_seconds_created{a=\"1\"} 10.25 100.5\n"
      "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2 # {} 3\nh_count 2\nh_sum 4\nh_created 7\n"
      "# TYPE s stateset\ns{s=\"a\"} 1\ns{s=\"b\"} 0\n# TYPE i info\ni_info{v=\"1\"} 1\n"
      "# TYPE gh gaugehistogram\ngh_bucket{le=\"+Inf\"} 2\ngh_gcount 2\ngh_gsum 4\n# EOF");
  ASSERT_EQ(parsed.error, "");
  EXPECT_THAT(parsed.samples(),
              ElementsAre("total c_seconds_total{a=1;} 17 @100500 since 10250",
                          "created c_seconds_created{a=1;} 10.25 @100500 since 10250", "bucket h_bucket{le=1.0;} 1 since 7000",
                          "bucket h_bucket{le=+Inf;} 2 since 7000", "count h_count{} 2 since 7000", "sum h_sum{} 4 since 7000",
                          "created h_created{} 7 since 7000", "value s{s=a;} 1", "value s{s=b;} 0", "value i_info{v=1;} 1",
                          "bucket gh_bucket{le=+Inf;} 2", "count gh_gcount{} 2", "sum gh_gsum{} 4"));
  const auto& e = parsed.exposition;
  ASSERT_EQ(e.exemplars.size(), 2);
  EXPECT_EQ(e.exemplars[0].time_ms, 1520879607789);
  EXPECT_EQ(e.labels_of(e.exemplars[0])[0].text, "x");
  EXPECT_EQ(e.exemplars[1].sample, 3);
  EXPECT_EQ(e.families[0].unit, "seconds");
  EXPECT_EQ(e.families[0].help, "He\"lp");
}

TEST(ExpositionParser, OpenMetricsFaultsHaveTheirPlace) {
  EXPECT_THAT(open_metrics("# TYPE a counter\na_total 1\n").error, HasSubstr("line 3, column 1: expected \"# EOF\""));
  EXPECT_THAT(open_metrics("# TYPE a counter\na_total -1\n# EOF\n").error, HasSubstr("line 2, column 9: a count or total"));
  EXPECT_THAT(open_metrics("a  1\n# EOF\n").error, HasSubstr("line 1, column 3: expected a number"));
  EXPECT_THAT(open_metrics("# TYPE a counter\na 1\n# EOF\n").error, HasSubstr("belongs to a metric family further up"));
  EXPECT_THAT(open_metrics("a 1\r\n# EOF\n").error, HasSubstr("line 1, column 3: not a number"));
}

// What the specification asks beyond a line's grammar. Each is refused, and taken when only the syntax is checked.
TEST(ExpositionParser, OpenMetricsRefuses) {
  for (const char* body : {
           "a 1\na 2\n",                                                           // twice, no time
           "a 1\nb 1\na 2\n",                                                      // interleaved
           "# TYPE a counter\na_created 1\n",                                      // no total
           "# TYPE a gauge\n# TYPE a_bucket gauge\na 1\n# TYPE a histogram\n",     // clashing
           "# TYPE a_created gauge\n# TYPE a counter\n",                           // clashing through a suffix
           "# TYPE a counter\na_total{x=\"1\"} 1\na_total{x=\"2\"} 1\na_created{x=\"1\"} 1\n",
           "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1.5\n",
           "# TYPE a histogram\na_bucket{le=\"x\"} 1\n",
           "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_count 1\na_sum 1\n",
           "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 2\na_sum 1\n",
           "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gsum 2\n",
           "# TYPE a summary\na{quantile=\"0.5\"} -1\n",
           "# TYPE a summary\na 1\n",
           "# TYPE a summary\na_sum -1\n",
           "# TYPE a info\na_info 0\n",
           "# TYPE a stateset\na{a=\"x\"} 0.5\n",
           "# UNIT a_s_ s\n",
           "# TYPE a gauge\na 1 # {x=\"y\"} 1\n",
           "# TYPE a counter\na_total 1 2\na_total 1 1\n",
       }) {
    const std::string whole = std::string(body) + "# EOF\n";
    EXPECT_THAT(open_metrics(whole).error, HasSubstr("line ")) << body;
    EXPECT_EQ(parse(ExpositionFormat::OpenMetrics, whole, {.syntax_only = true}).error, "") << body;
  }
}

TEST(ExpositionParser, OpenMetricsTakesWhatLooksOdd) {
  for (const char* body : {
           "# TYPE i info\ni_info{a=\"1\"} 1 1\ni_info{a=\"2\"} 1 0\n",              // an info's labels are its value
           "a{x=\"1\",y=\"2\"} 1\na{y=\"3\",x=\"1\"} 1\n",
           "a 1 0.0000000001\na 2 0.0000000001\n",
           "# HELP a \na .5\n# TYPE b unknown\nb 5.\nc +5e-3\nd 1e-400\n",
           "# TYPE a summary\na_count 1\na_sum 2\na{quantile=\"1\"} 0\n",
           "",
       })
    EXPECT_EQ(open_metrics(std::string(body) + "# EOF\n").error, "") << body;
}

TEST(ExpositionParser, TooManySamples) {
  const auto parsed = parse(ExpositionFormat::Text, "a 1\nb 1\nc 1\n", {.max_samples = 2});
  EXPECT_THAT(parsed.error, HasSubstr("too many"));
}

// Cases of the OpenMetrics project, where they lie beside the checkout.
TEST(ExpositionParser, Conformance) {
  namespace fs = std::filesystem;
  const char* given = std::getenv("TOCSIN_CONFORMANCE");
  const fs::path folder = given != nullptr ? fs::path(given) / "openmetrics"
                                           : fs::path(source_dir()) / "../shared/conformance/openmetrics";
  if (!fs::exists(folder)) GTEST_SKIP() << "no conformance cases beside the checkout: " << folder.lexically_normal();
  int cases = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto slurp = [&](const char* name) {
      std::ifstream file(entry.path() / name, std::ios::binary);
      return std::string(std::istreambuf_iterator<char>(file), {});
    };
    const bool good = slurp("test.json").find("true") != std::string::npos;
    const std::string error = open_metrics(slurp("metrics")).error;
    EXPECT_EQ(error.empty(), good) << entry.path().filename() << ": " << error;
    ++cases;
  }
  EXPECT_GT(cases, 100);
}

}  // namespace
}  // namespace tocsin::wire
