// SPDX-License-Identifier: Apache-2.0
#include "exporters/prometheus_text.h"

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
  const ExpositionReport made = encode_text(snapshot, options, blocks.sink());
  EXPECT_EQ(made.bytes, blocks.text.size());
  EXPECT_LE(blocks.largest, 64U * 1024);
  if (report != nullptr) *report = made;
  return blocks.text;
}

TEST(PrometheusText, everything) {
  ExpositionReport report;
  const std::string text = encoded(*everything(), {}, &report);
  EXPECT_EQ(text, golden("everything.txt", text));
  EXPECT_EQ(report.left_out(), 0U) << report.first_fault;
  EXPECT_TRUE(report.complete);
}

TEST(PrometheusText, names_and_labels_by_escaping_scheme) {
  auto made = integers(family("a.b", Kind::Gauge, {"x.y"}, {{"1"}, {""}}), {1, 2});
  auto descriptor = *made.descriptor;
  descriptor.prometheus_name = "a.b";
  made.descriptor = std::make_shared<const meters::Descriptor>(descriptor);
  meters::LabelSetTable table;
  table.add_column({"x.y", "x.y"});
  table.find_or_append(std::array{table.intern(0, "1", meters::LabelType::String)});
  table.find_or_append(std::array{meters::kNoValue});
  made.labels = table.view();
  const auto one = snapshot(made);
  ExpositionOptions options;
  EXPECT_EQ(encoded(*one, options), "# HELP a_b Help.\n# TYPE a_b gauge\na_b{x_y=\"1\"} 1\na_b 2\n");
  options.escaping = wire::Escaping::Values;
  EXPECT_THAT(encoded(*one, options), HasSubstr("\nU__a_2e_b{U__x_2e_y=\"1\"} 1\nU__a_2e_b 2\n"));
  options.escaping = wire::Escaping::AllowUtf8;
  EXPECT_EQ(encoded(*one, options),
            "# HELP \"a.b\" Help.\n# TYPE \"a.b\" gauge\n{\"a.b\",\"x.y\"=\"1\"} 1\n{\"a.b\"} 2\n");
}

TEST(PrometheusText, names_that_become_equal_are_one_family) {
  const auto as = [](std::string name, std::int64_t value, Kind kind = Kind::Gauge) {
    auto made = integers(family("x", kind, {"l"}, {{name}}), {value});
    auto descriptor = *made.descriptor;
    descriptor.prometheus_name = name;
    made.descriptor = std::make_shared<const meters::Descriptor>(descriptor);
    return made;
  };
  ExpositionReport report;
  const auto text =
      encoded(*snapshot(as("a.b", 1), as("a.c", 2), as("a_b", 3), as("a/b", 4, Kind::Counter)), {}, &report);
  EXPECT_EQ(text,
            "# HELP a_b Help.\n# TYPE a_b gauge\na_b{l=\"a.b\"} 1\na_b{l=\"a_b\"} 3\n"
            "# HELP a_c Help.\n# TYPE a_c gauge\na_c{l=\"a.c\"} 2\n");
  EXPECT_EQ(report.rows_of_other_type, 1U);
  EXPECT_EQ(report.first_fault, "a_b: an earlier source sends it as another type");
}

TEST(PrometheusText, one_series_is_written_once) {
  ExpositionReport report;
  const auto text = encoded(*snapshot(integers(family("x", Kind::Gauge, {"l"}, {{"1"}, {"2"}}), {1, 2}),
                                      integers(family("x", Kind::Gauge, {"l"}, {{"2"}, {"3"}}), {9, 3})),
                            {}, &report);
  EXPECT_THAT(text, HasSubstr("x{l=\"1\"} 1\nx{l=\"2\"} 2\nx{l=\"3\"} 3\n"));
  EXPECT_EQ(report.rows_sent_twice, 1U);
  EXPECT_EQ(report.rows, 3U);
}

TEST(PrometheusText, colliding_labels_are_joined_and_promoted_ones_yield) {
  auto origin = std::make_shared<meters::Origin>();
  auto resource = std::make_shared<meters::Resource>();
  resource->job = "j";
  resource->promoted = {{"host", "resource"}, {"zone", "z"}};
  origin->resource = resource;
  const auto text = encoded(*snapshot(
      integers(family("x", Kind::Gauge, {"b.c", "host", "b_c"}, {{"2", "row", "1"}, {"2", "", ""}}, origin), {1, 2})));
  EXPECT_THAT(text, HasSubstr("x{job=\"j\",b_c=\"2;1\",host=\"row\",zone=\"z\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("x{job=\"j\",b_c=\"2\",host=\"resource\",zone=\"z\"} 2\n"));
}

TEST(PrometheusText, names_of_which_nothing_is_left) {
  ExpositionReport report;
  const auto text = encoded(*snapshot(integers(family("!!", Kind::Gauge, {}, {{}}), {1}),
                                      integers(family("x", Kind::Gauge, {"", "__name__"}, {{"a", "b"}}), {2})),
                            {}, &report);
  EXPECT_EQ(text, "# HELP x Help.\n# TYPE x gauge\nx{exported_=\"a\",exported___name__=\"b\"} 2\n");
  EXPECT_EQ(report.rows_with_name_clash, 1U);
  EXPECT_THAT(report.first_fault, HasSubstr("!!: nothing"));
}

TEST(PrometheusText, families_without_live_rows_leave_no_header) {
  auto ended = integers(family("x", Kind::Gauge, {}, {{}}), {1});
  ended.states[0] = meters::RowState::Ended;
  EXPECT_EQ(encoded(*snapshot(ended)), "");
}

TEST(PrometheusText, texts_longer_than_a_block) {
  const std::string text(200'000, '"');
  Blocks blocks;
  encode_text(*snapshot(integers(family("x", Kind::Gauge, {"l"}, {{text}, {"b"}}), {1, 2})), {}, blocks.sink());
  EXPECT_GT(blocks.count, 4U);
  EXPECT_LE(blocks.largest, 64U * 1024);
  EXPECT_EQ(blocks.text.size(),
            std::string("# HELP x Help.\n# TYPE x gauge\nx{l=\"\"} 1\nx{l=\"b\"} 2\n").size() + 400'000);
  Blocks of_histogram;
  encode_text(*snapshot(histogram(family("h", Kind::Histogram, {"l"}, {{text}}), {1}, {1, 1}, {2})), {},
              of_histogram.sink());
  EXPECT_THAT(of_histogram.text, HasSubstr("\",le=\"+Inf\"} 2\nh_sum{l=\""));
}

TEST(PrometheusText, many_rows_with_small_and_large_dictionaries) {
  std::vector<Labels> rows;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 10'000; ++i) {
    rows.push_back(
        {"f" + std::to_string(i % 7), "id-" + std::to_string(i), i % 3 == 0 ? "" : "q\"" + std::to_string(i % 11)});
    values.push_back(i * 1'000'000'007LL);
  }
  const auto text = encoded(*snapshot(integers(family("m", Kind::Gauge, {"a", "b", "c"}, rows), values)));
  std::string expected = "# HELP m Help.\n# TYPE m gauge\n";
  for (int i = 0; i < 10'000; ++i) {
    expected += "m{a=\"f" + std::to_string(i % 7) + "\",b=\"id-" + std::to_string(i) + '"';
    if (i % 3 != 0) expected += ",c=\"q\\\"" + std::to_string(i % 11) + '"';
    expected += "} " + std::to_string(i * 1'000'000'007LL) + '\n';
  }
  EXPECT_EQ(text, expected);
}

TEST(PrometheusText, a_sink_that_refuses_ends_it) {
  std::vector<Labels> rows;
  for (int i = 0; i < 50'000; ++i) rows.push_back({std::to_string(i)});
  const auto big = snapshot(integers(family("m", Kind::Gauge, {"a"}, rows), std::vector<std::int64_t>(50'000, 1)));
  int blocks = 0;
  const auto report = encode_text(*big, {}, [&](std::string_view) { return ++blocks < 2; });
  EXPECT_EQ(blocks, 2);
  EXPECT_FALSE(report.complete);
  EXPECT_LT(report.rows, 50'000U);
}

TEST(PrometheusText, target_info_once_a_target) {
  const auto shop = received("shop", "1", {}, {{"a.b", "1"}, {"a_b", "2"}, {"service.name", "shop"}});
  const auto again = received("shop", "1", {"scope", "", "", {}}, {{"other", "x"}});
  const auto text = encoded(*snapshot(integers(family("x", Kind::Gauge, {}, {{}}, shop), {1}),
                                      integers(family("x", Kind::Gauge, {}, {{}}, again), {1})));
  EXPECT_THAT(text, HasSubstr("# HELP target_info Target metadata\n# TYPE target_info gauge\n"
                              "target_info{job=\"shop\",instance=\"1\",a_b=\"1;2\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("other")));
}

}  // namespace
}  // namespace tocsin::exporters
