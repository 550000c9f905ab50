// SPDX-License-Identifier: Apache-2.0
#include "exporters/open_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/sample_snapshot.h"

namespace tocsin::exporters {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using ::testing::HasSubstr;
using ::testing::Not;

std::string encoded(const meters::Snapshot& snapshot, const ExpositionOptions& options = {},
                    ExpositionReport* report = nullptr) {
  Blocks blocks;
  const ExpositionReport made = encode_open_metrics(snapshot, options, blocks.sink());
  EXPECT_EQ(made.bytes, blocks.text.size());
  EXPECT_TRUE(blocks.text.ends_with("# EOF\n"));
  if (report != nullptr) *report = made;
  return blocks.text;
}

TEST(OpenMetrics, everything) {
  ExpositionReport report;
  const std::string text = encoded(*everything(), {}, &report);
  EXPECT_EQ(text, golden("everything.openmetrics", text));
  EXPECT_EQ(report.left_out(), 0U) << report.first_fault;
  ExpositionOptions options;
  options.created_lines = true;
  options.scope_labels = false;
  options.target_info = false;
  const std::string created = encoded(*everything(), options);
  EXPECT_EQ(created, golden("created.openmetrics", created));
}

TEST(OpenMetrics, an_empty_snapshot) { EXPECT_EQ(encoded(*snapshot()), "# EOF\n"); }

Family named_exactly(std::string name, Family made) {
  auto descriptor = *made.descriptor;
  descriptor.prometheus_name = std::move(name);
  made.descriptor = std::make_shared<const meters::Descriptor>(descriptor);
  return made;
}

TEST(OpenMetrics, a_counter_without_total_keeps_its_name) {
  EXPECT_EQ(encoded(*snapshot(named_exactly("hits", integers(family("hits", Kind::Counter, {}, {{}}), {7})))),
            "# TYPE hits unknown\n# HELP hits Help.\nhits 7\n# EOF\n");
}

TEST(OpenMetrics, name_clashes) {
  ExpositionReport report;
  const auto text = encoded(
      *snapshot(integers(family("x", Kind::Gauge, {}, {{}}), {1}), integers(family("x", Kind::Counter, {}, {{}}), {2}),
                histogram(family("y", Kind::Histogram, {}, {{}}), {1}, {1, 1}, {3}),
                integers(family("y_count", Kind::Gauge, {}, {{}}), {4})),
      {}, &report);
  EXPECT_THAT(
      text,
      HasSubstr("# TYPE x gauge\n# HELP x Help.\nx 1\n# TYPE x_total unknown\n# HELP x_total Help.\nx_total 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("y_count 4")));
  EXPECT_EQ(report.rows_with_name_clash, 1U);
  EXPECT_THAT(report.first_fault, HasSubstr("y_count: "));
}

TEST(OpenMetrics, counters_that_are_no_counts_are_left_out) {
  ExpositionReport report;
  const auto text =
      encoded(*snapshot(doubles(family("x", Kind::Counter, {"l"}, {{"a"}, {"b"}, {"c"}}), {-1, std::nan(""), 2.5})), {},
              &report);
  EXPECT_EQ(text, "# TYPE x counter\n# HELP x Help.\nx_total{l=\"c\"} 2.5\n# EOF\n");
  EXPECT_EQ(report.rows_with_bad_value, 2U);
}

TEST(OpenMetrics, units_only_where_they_are_the_suffix) {
  EXPECT_THAT(encoded(*snapshot(integers(family("got", Kind::Counter, {}, {{}}, own(), "", "By"), {1}))),
              HasSubstr("# TYPE got_bytes counter\n# UNIT got_bytes bytes\ngot_bytes_total 1\n"));
  EXPECT_THAT(encoded(*snapshot(
                  named_exactly("got_total", integers(family("got", Kind::Counter, {}, {{}}, own(), "", "By"), {1})))),
              Not(HasSubstr("UNIT")));
}

TEST(OpenMetrics, exemplars_stay_within_their_limits) {
  auto made = histogram(family("h", Kind::Histogram, {"l"}, {{"a"}, {"b"}}), {1, 2}, {1, 1, 1, 1, 1, 1}, {3, 3});
  made.exemplars = {exemplar(0, 1, 1), exemplar(0, 2, 2.5), exemplar(1, 0, 1)};  // 1 lies in bucket 0, not 1
  made.exemplars[1].attributes = {{"a.b", "x"}, {"trace_id", "again"}, {"long", std::string(60, 'y')}, {"z", "fits"}};
  made.exemplars[2].trace_id = {};
  made.exemplars[2].span_id = {};
  made.exemplars[2].time = {};
  const auto text = encoded(*snapshot(made));
  EXPECT_THAT(text, HasSubstr("h_bucket{l=\"a\",le=\"2.0\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("h_bucket{l=\"a\",le=\"+Inf\"} 3 # {trace_id=\"0af7651916cd43dd8448eb211c80319c\","
                              "span_id=\"b7ad6b7169203331\",a_b=\"x\",z=\"fits\"} 2.5 1700000000.123\n"));
  EXPECT_THAT(text, HasSubstr("h_bucket{l=\"b\",le=\"1.0\"} 1 # {} 1\n"));
}

TEST(OpenMetrics, sums_and_counts) {
  const auto text = encoded(*snapshot(histogram(family("h", Kind::Histogram, {"l"}, {{"negative"}, {"none"}}), {1},
                                                {1, 1, 1, 1}, {-3, meters::kNoValueSent})));
  EXPECT_THAT(text, Not(HasSubstr("_sum")));
  EXPECT_THAT(text, Not(HasSubstr("_count")));
  EXPECT_THAT(text, HasSubstr("h_bucket{l=\"none\",le=\"+Inf\"} 2\n"));
}

}  // namespace
}  // namespace tocsin::exporters
