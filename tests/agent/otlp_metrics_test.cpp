// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/otlp_metrics.h"

#include <gmock/gmock.h>

#include <bit>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/agent/intake_fixture.h"
#include "tests/source_dir.h"
#include "wire/otlp_json.h"

namespace tocsin::agent {
namespace {

using otlp::Temporality;
using ::testing::HasSubstr;
using wire::ProtobufWriter;

// One of every kind.
std::string everything() {
  OtlpRequest request;
  request.resource({{"service.name", "shop"}, {"tags", std::vector<meters::AttributeValue>{"a", std::int64_t{1}}}});
  request.scope("lib", "1.0");
  request.gauge("gauge", "By").point(TestPoint{.attributes = {{"k", "v"}}, .time = 5, .number = 1.5});
  request.sum("sum", true, Temporality::Delta);
  request.point(TestPoint{.attributes = {{"k", "v"}, {"l", std::int64_t{2}}}, .start = 1, .time = 5, .integer = -3});
  request.point(TestPoint{.start = 1, .time = 6, .flags = 1});
  request.scope("other").histogram("histogram", Temporality::Cumulative);
  TestHistogram histogram{.attributes = {{"k", "v"}}, .start = 1, .time = 5, .bounds = {1, 2}, .counts = {1, 2, 3}};
  histogram.sum = 4.5;
  histogram.exemplars = {{.value = 1.25, .time = 4, .trace_id = std::string(16, 't'), .span_id = std::string(8, 's'),
                          .attributes = {{"e", "x"}}}};
  request.point(histogram);
  request.exponential("exponential", Temporality::Delta);
  request.point(TestExponential{.attributes = {{"k", "v"}}, .start = 1, .time = 5, .scale = -2, .zero_count = 7,
                                .positive_offset = -4, .positive = {1, 300}, .negative_offset = 3, .negative = {2},
                                .sum = 9.0, .min = -1.0, .max = 8.0, .zero_threshold = 0.25});
  request.summary("summary").point(TestSummary{.time = 5, .count = 2, .sum = 3, .quantiles = {{0.5, 1}, {0.9, 2}}});
  return request.bytes();
}

TEST(OtlpMetrics, EveryFieldOfEveryKindIsRead) {
  const std::string body = everything();
  MetricPoints points;
  ASSERT_TRUE(decode_otlp_metrics(body, points).ok());
  ASSERT_EQ(points.resources.size(), 1U);
  ASSERT_EQ(points.scopes.size(), 2U);
  ASSERT_EQ(points.metrics.size(), 5U);
  EXPECT_EQ(points.points(), 6U);

  EXPECT_EQ(points.metrics[0].name, "gauge");
  EXPECT_EQ(points.metrics[0].unit, "By");
  EXPECT_EQ(points.metrics[0].kind, meters::Kind::Gauge);
  EXPECT_EQ(points.metrics[0].report, Report::Latest);
  EXPECT_EQ(points.metrics[1].kind, meters::Kind::Counter);
  EXPECT_EQ(points.metrics[1].report, Report::Delta);
  EXPECT_EQ(points.metrics[2].report, Report::Cumulative);

  ASSERT_EQ(points.numbers.size(), 3U);
  EXPECT_EQ(points.numbers[0].form, NumberForm::Double);
  EXPECT_EQ(std::bit_cast<double>(points.numbers[0].bits), 1.5);
  EXPECT_EQ(points.numbers[0].time_ns, 5U);
  EXPECT_EQ(points.numbers[1].form, NumberForm::Integer);
  EXPECT_EQ(static_cast<std::int64_t>(points.numbers[1].bits), -3);
  EXPECT_EQ(points.numbers[1].start_ns, 1U);
  EXPECT_NE(points.numbers[0].hash, points.numbers[1].hash);
  EXPECT_TRUE(points.numbers[2].no_recorded_value);
  EXPECT_TRUE(points.numbers[2].attributes.empty());

  ASSERT_EQ(points.histograms.size(), 1U);
  const HistogramPoint& histogram = points.histograms[0];
  EXPECT_EQ(histogram.count, 6U);
  EXPECT_EQ(histogram.sum, 4.5);
  EXPECT_TRUE(std::isnan(histogram.min));
  ASSERT_EQ(histogram.counts.size, 3U);
  EXPECT_EQ(points.words[histogram.counts.begin + 2], 3U);
  EXPECT_EQ(std::bit_cast<double>(points.words[histogram.bounds.begin + 1]), 2);

  ASSERT_EQ(points.exemplars.size(), 1U);
  EXPECT_EQ(points.exemplars[0].point, 0U);
  EXPECT_EQ(points.exemplars[0].trace_id, std::string(16, 't'));
  EXPECT_FALSE(points.exemplars[0].attributes.empty());
  EXPECT_EQ(points.metrics[2].exemplars.size(), 1U);
  EXPECT_EQ(points.metrics[1].exemplars.size(), 0U);

  ASSERT_EQ(points.exponentials.size(), 1U);
  const ExponentialPoint& exponential = points.exponentials[0];
  EXPECT_EQ(exponential.scale, -2);
  EXPECT_EQ(exponential.zero_count, 7U);
  EXPECT_EQ(exponential.zero_threshold, 0.25);
  EXPECT_EQ(exponential.positive_offset, -4);
  EXPECT_EQ(exponential.negative_offset, 3);
  EXPECT_EQ(points.words[exponential.positive.begin + 1], 300U);
  EXPECT_EQ(exponential.count, 310U);

  ASSERT_EQ(points.summaries.size(), 1U);
  EXPECT_EQ(points.summaries[0].quantiles.size, 4U);
}

TEST(OtlpMetrics, ATruncatedBodyIsAnErrorAtEveryByteAndCountsNothing) {
  const std::string body = everything();
  ManualClock clock;
  Intake intake({}, clock);
  MetricPoints points;
  int whole = 0;
  for (std::size_t size = 1; size < body.size(); ++size) {
    // Exact copies on the heap, so that a reader that goes too far is seen by the sanitizer.
    const std::vector<char> cut(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
    const auto decoded = decode_otlp_metrics({cut.data(), cut.size()}, points);
    whole += decoded.ok() ? 1 : 0;
    if (!decoded) {
      EXPECT_EQ(decoded.error().fault, Fault::Input);
      EXPECT_THAT(decoded.error().message, HasSubstr("byte"));
    }
  }
  EXPECT_EQ(whole, 0) << "one resource is one field: no prefix of it is a request";
  EXPECT_EQ(intake.stats().series, 0U);
}

TEST(OtlpMetrics, AnyByteMayBeWrong) {
  const std::string body = everything();
  ManualClock clock;
  Intake intake({}, clock);
  MetricPoints points;
  for (std::size_t at = 0; at < body.size(); ++at)
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string wrong = body;
      wrong[at] = static_cast<char>(wrong[at] ^ flip);
      if (!decode_otlp_metrics(wrong, points)) continue;
      const auto outcome = intake.apply(points);
      EXPECT_EQ(outcome.accepted + outcome.rejected_sum(), points.points());
    }
}

TEST(OtlpMetrics, AttributesThatLieApartAreOneSet) {
  std::string together, apart;
  ProtobufWriter a(together), b(apart);
  wire::append_attribute(a, otlp::NumberDataPoint::kAttributes, {"x", "1"});
  wire::append_attribute(a, otlp::NumberDataPoint::kAttributes, {"y", "2"});
  a.fixed64(otlp::NumberDataPoint::kAsInt, 7);
  wire::append_attribute(b, otlp::NumberDataPoint::kAttributes, {"x", "1"});
  b.fixed64(otlp::NumberDataPoint::kAsInt, 7);
  wire::append_attribute(b, otlp::NumberDataPoint::kAttributes, {"y", "2"});
  OtlpRequest request;
  request.resource(kShop).gauge("g").raw_point(together).raw_point(apart);
  const std::string body = request.bytes();
  MetricPoints points;
  ASSERT_TRUE(decode_otlp_metrics(body, points).ok());
  EXPECT_EQ(points.numbers[0].hash, points.numbers[1].hash);
  EXPECT_EQ(points.numbers[0].attributes, points.numbers[1].attributes);
}

TEST(OtlpMetrics, RepeatedNumbersMayComeOneByOne) {
  std::string point;
  ProtobufWriter writer(point);
  using Field = otlp::HistogramDataPoint;
  // Bounds and counts in turns: each list is put together again.
  for (int i = 1; i <= 3; ++i) {
    if (i < 3) writer.fixed_double(Field::kExplicitBounds, i);
    writer.fixed64(Field::kBucketCounts, static_cast<std::uint64_t>(i * 10));
  }
  writer.fixed64(Field::kCount, 60);
  OtlpRequest request;
  request.resource(kShop).histogram("h", Temporality::Cumulative).raw_point(point);
  const std::string body = request.bytes();
  MetricPoints points;
  ASSERT_TRUE(decode_otlp_metrics(body, points).ok());
  const HistogramPoint& histogram = points.histograms.at(0);
  ASSERT_EQ(histogram.counts.size, 3U);
  ASSERT_EQ(histogram.bounds.size, 2U);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(points.words[histogram.counts.begin + i], (i + 1) * 10);
  EXPECT_EQ(std::bit_cast<double>(points.words[histogram.bounds.begin]), 1);
  EXPECT_EQ(std::bit_cast<double>(points.words[histogram.bounds.begin + 1]), 2);
}

TEST(OtlpMetrics, OfTwoMembersOfTheOneofTheLastCounts) {
  std::string data, metric;
  ProtobufWriter(data).bytes(otlp::Points::kDataPoints, "");
  ProtobufWriter writer(metric);
  writer.bytes(otlp::Metric::kGauge, data);
  writer.bytes(otlp::Metric::kSum, data);
  writer.bytes(otlp::Metric::kSum, data);
  writer.bytes(otlp::Metric::kName, "late name");
  std::string scope, resource, body;
  ProtobufWriter(scope).bytes(otlp::ScopeItems::kItems, metric);
  ProtobufWriter(resource).bytes(otlp::ResourceItems::kScopes, scope);
  ProtobufWriter(body).bytes(otlp::ExportRequest::kResources, resource);
  MetricPoints points;
  ASSERT_TRUE(decode_otlp_metrics(body, points).ok());
  ASSERT_EQ(points.metrics.size(), 1U);
  EXPECT_EQ(points.metrics[0].name, "late name");
  EXPECT_EQ(points.metrics[0].kind, meters::Kind::UpDownCounter);
  EXPECT_EQ(points.metrics[0].points.size(), 2U) << "the same member twice is merged";
}

TEST(OtlpMetrics, UnknownFieldsAndWrongWireTypesArePassedOver) {
  std::string point;
  ProtobufWriter writer(point);
  writer.fixed64(otlp::NumberDataPoint::kAsInt, 7);
  writer.varint(otlp::NumberDataPoint::kTimeUnixNano, 99);  // it is fixed64
  writer.bytes(1'000, "new in a later version");
  OtlpRequest request;
  request.resource(kShop).gauge("g").raw_point(point);
  const std::string body = request.bytes();
  MetricPoints points;
  ASSERT_TRUE(decode_otlp_metrics(body, points).ok());
  EXPECT_EQ(points.numbers.at(0).bits, 7U);
  EXPECT_EQ(points.numbers.at(0).time_ns, 0U);
}

TEST(OtlpMetrics, ABodyOfTinyMessagesIsRefusedBeforeItGrows) {
  std::string data;
  for (int i = 0; i < 1'000; ++i) ProtobufWriter(data).bytes(otlp::Points::kDataPoints, "");
  OtlpRequest request;
  request.resource(kShop).gauge("g");
  for (int i = 0; i < 1'000; ++i) request.raw_point("");
  const std::string body = request.bytes();
  MetricPoints points;
  EXPECT_TRUE(decode_otlp_metrics(body, points).ok());
  const auto refused = decode_otlp_metrics(body, points, {.items = 500, .words = 100});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().fault, Fault::TooLarge);
}

TEST(OtlpMetrics, NestingTooDeepInAResourceFailsTheRequest) {
  meters::AttributeValue value{"x"};
  for (int i = 0; i < 40; ++i) value = std::vector<meters::AttributeValue>{value};
  OtlpRequest request;
  request.resource({{"deep", value}}).gauge("g").raw_point("");
  const std::string body = request.bytes();
  MetricPoints points;
  EXPECT_FALSE(decode_otlp_metrics(body, points).ok());
}

TEST(OtlpMetrics, TheStandardsOwnExampleIsAccepted) {
  const std::filesystem::path file =
      std::filesystem::path(source_dir()) / "../shared/conformance/otlp-examples/metrics.json";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no " << file;
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  const auto body = wire::json_to_protobuf(text.str(), wire::OtlpMessage::MetricsRequest);
  ASSERT_TRUE(body.ok()) << body.error().message;
  MetricPoints points;
  ASSERT_TRUE(decode_otlp_metrics(*body, points).ok());
  EXPECT_GE(points.points(), 4U);
  ManualClock clock;
  Intake intake({}, clock);
  const auto outcome = intake.apply(points);
  EXPECT_EQ(outcome.accepted, points.points()) << outcome.message;
}

}  // namespace
}  // namespace tocsin::agent
