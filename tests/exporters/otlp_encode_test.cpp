// SPDX-License-Identifier: Apache-2.0
#include "exporters/otlp_encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/exporters/otlp_sample.h"

namespace tocsin::exporters {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(OtlpEncode, Counter) {
  Meter meter("requests.served", Kind::Counter, "{request}");
  meter.row("a");
  OtlpEncoder encoder({});
  EXPECT_EQ(send(encoder, {snapshot_at(50, {meter.integers({7}, {10})})}),
            around(R"({"name":"requests.served","description":"help","unit":"{request}","sum":{"dataPoints":[)"
                   R"({"attributes":[{"key":"k","value":{"stringValue":"a"}}],"startTimeUnixNano":"10",)"
                   R"("timeUnixNano":"50","asInt":"7"}],"aggregationTemporality":2,"isMonotonic":true}})"));
}

TEST(OtlpEncode, UpDownCounterAndGauge) {
  Meter sum("s", Kind::UpDownCounter), gauge("t", Kind::Gauge);
  sum.row("a"), gauge.row("a");
  OtlpEncoder encoder({});
  EXPECT_EQ(send(encoder, {snapshot_at(50, {sum.doubles({-1.5}, {10}), gauge.doubles({NAN}, {10})})}),
            around(R"({"name":"s","description":"help","unit":"1","sum":{"dataPoints":[)"
                   R"({"attributes":[{"key":"k","value":{"stringValue":"a"}}],"startTimeUnixNano":"10",)"
                   R"("timeUnixNano":"50","asDouble":-1.5}],"aggregationTemporality":2}},)"
                   R"({"name":"t","description":"help","unit":"1","gauge":{"dataPoints":[)"
                   R"({"attributes":[{"key":"k","value":{"stringValue":"a"}}],"timeUnixNano":"50","asDouble":"NaN"}]}})"));
}

TEST(OtlpEncode, Histogram) {
  Meter meter("h", Kind::Histogram, "s");
  meter.row("a");
  Family family = histogram_family(meter, {1, 2, 3}, 9.5);
  std::get<Histograms>(family.points).min = {0.5};
  std::get<Histograms>(family.points).max = {4};
  Exemplar exemplar;
  exemplar.bucket = 1;
  exemplar.value = 2;
  exemplar.time = from_unix_ns(40);
  exemplar.trace_id[0] = 0x5B;
  exemplar.span_id[7] = 0x01;
  exemplar.attributes = {{"user", "u1"}};
  family.exemplars = {exemplar};
  OtlpEncoder encoder({});
  EXPECT_EQ(send(encoder, {snapshot_at(50, {std::move(family)})}),
            around(R"({"name":"h","description":"help","unit":"s","histogram":{"dataPoints":[)"
                   R"({"attributes":[{"key":"k","value":{"stringValue":"a"}}],"startTimeUnixNano":"10",)"
                   R"("timeUnixNano":"50","count":"6","sum":9.5,"bucketCounts":["1","2","3"],"explicitBounds":[1,2.5],)"
                   R"("exemplars":[{"filteredAttributes":[{"key":"user","value":{"stringValue":"u1"}}],)"
                   R"("timeUnixNano":"40","asDouble":2,"spanId":"0000000000000001",)"
                   R"("traceId":"5b000000000000000000000000000000"}],"min":0.5,"max":4}],"aggregationTemporality":2}})"));
}

TEST(OtlpEncode, SumAndExtremesThatAreNotKnownAreLeftOut) {
  Meter meter("h", Kind::Histogram);
  meter.row("a");
  Family family = histogram_family(meter, {0, 0, 0}, meters::kNoValueSent);
  std::get<Histograms>(family.points).min = {meters::kNoValueSent};
  std::get<Histograms>(family.points).max = {meters::kNoValueSent};
  OtlpEncoder encoder({});
  const std::string json = send(encoder, {snapshot_at(50, {std::move(family)})});
  EXPECT_THAT(json, Not(HasSubstr("\"sum\"")));
  EXPECT_THAT(json, Not(HasSubstr("\"min\"")));
  EXPECT_THAT(json, HasSubstr(R"("count":"0")"));
}

TEST(OtlpEncode, ExponentialWhereAskedOrWhereThereIsNothingElse) {
  Meter meter("h", Kind::Histogram);
  meter.row("a");
  Family both = histogram_family(meter, {1, 2, 0}, 3);
  NativeHistogram native = native_of(3, -2, {1, 0, 1, 0}, 1);
  native.negative_offset = 4;
  native.negative = {2};
  native.zero_threshold = 0.25;
  std::get<Histograms>(both.points).native = {native};
  OtlpEncoder explicit_one({});
  EXPECT_THAT(send(explicit_one, {snapshot_at(50, {both})}), HasSubstr(R"("bucketCounts":["1","2","0"])"));
  OtlpEncodeOptions options;
  options.histograms = OtlpHistograms::Exponential;
  OtlpEncoder exponential(options);
  EXPECT_EQ(send(exponential, {snapshot_at(50, {both})}),
            around(R"({"name":"h","description":"help","unit":"1","exponentialHistogram":{"dataPoints":[)"
                   R"({"attributes":[{"key":"k","value":{"stringValue":"a"}}],"startTimeUnixNano":"10",)"
                   R"("timeUnixNano":"50","count":"5","sum":3,"scale":3,"zeroCount":"1",)"
                   R"("positive":{"offset":-2,"bucketCounts":["1","0","1"]},)"
                   R"("negative":{"offset":4,"bucketCounts":["2"]},"zeroThreshold":0.25}],"aggregationTemporality":2}})"));
  Family only_native = both;
  std::get<Histograms>(only_native.points).bounds = std::make_shared<std::vector<double>>();
  std::get<Histograms>(only_native.points).counts = {5};
  EXPECT_THAT(send(explicit_one, {snapshot_at(50, {only_native})}), HasSubstr("exponentialHistogram"));
  Family only_explicit = histogram_family(meter, {1, 2, 0}, 3);
  EXPECT_THAT(send(exponential, {snapshot_at(50, {only_explicit})}), HasSubstr("\"explicitBounds\":[1,2.5]"));
}

TEST(OtlpEncode, Summary) {
  Meter meter("q", Kind::Summary);
  meter.row("a");
  Family family = meter.family(1);
  family.points = Summaries{{3}, {4.5}, {{{0.5, 1}, {0.99, 2}}}};
  OtlpEncoder encoder({});
  EXPECT_EQ(send(encoder, {snapshot_at(50, {std::move(family)})}),
            around(R"({"name":"q","description":"help","unit":"1","summary":{"dataPoints":[)"
                   R"({"attributes":[{"key":"k","value":{"stringValue":"a"}}],"timeUnixNano":"50","count":"3","sum":4.5,)"
                   R"("quantileValues":[{"quantile":0.5,"value":1},{"quantile":0.99,"value":2}]}]}})"));
}

TEST(OtlpEncode, LabelsGetTheirTypesBack) {
  const std::vector<std::tuple<LabelType, std::string_view, std::string_view>> cases = {
      {LabelType::Int, "-5", R"({"intValue":"-5"})"},
      {LabelType::Int, "five", R"({"stringValue":"five"})"},
      {LabelType::Double, "0.5", R"({"doubleValue":0.5})"},
      {LabelType::Double, "+Inf", R"({"doubleValue":"Infinity"})"},
      {LabelType::Bool, "true", R"({"boolValue":true})"},
      {LabelType::Bool, "false", R"({"boolValue":false})"},
      {LabelType::Bool, "yes", R"({"stringValue":"yes"})"},
      {LabelType::Json, R"([1,"x",{"b":false}])",
       R"({"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"x"},)"
       R"({"kvlistValue":{"values":[{"key":"b","value":{"boolValue":false}}]}}]}})"},
      {LabelType::Json, "[1", R"({"stringValue":"[1"})"},
      {LabelType::String, "17", R"({"stringValue":"17"})"}};
  for (const auto& [type, text, expected] : cases) {
    Meter meter("g", Kind::Gauge);
    meter.row(text, type);
    OtlpEncoder encoder({});
    EXPECT_THAT(send(encoder, {snapshot_at(50, {meter.doubles({1})})}),
                HasSubstr(R"({"key":"k","value":)" + std::string(expected) + "}"))
        << text;
  }
}

TEST(OtlpEncode, LabelsThatAreNotSetAreNotSent) {
  Meter meter("g", Kind::Gauge);
  meter.table->find_or_append({});
  OtlpEncoder encoder({});
  EXPECT_THAT(send(encoder, {snapshot_at(50, {meter.doubles({1})})}), HasSubstr(R"([{"timeUnixNano":"50","asDouble":1}])"));
}

TEST(OtlpEncode, LongLabelsKeepTheirLength) {
  for (const std::size_t size : {1u, 120u, 127u, 128u, 200u, 16384u, 70000u}) {
    Meter meter("g", Kind::Gauge);
    meter.row(std::string(size, 'x'));
    OtlpEncoder encoder({});
    EXPECT_THAT(send(encoder, {snapshot_at(50, {meter.doubles({1})})}), HasSubstr('"' + std::string(size, 'x') + '"'));
  }
}

TEST(OtlpEncode, GroupsByResourceAndScope) {
  const auto shop = origin_of({{"service.name", "shop"}}, Via::Otlp, {"lib", "1", "http://scope", {{"a", true}}});
  const auto shop_again = origin_of({{"service.name", "shop"}}, Via::Spans);
  const auto bank = origin_of({{"service.name", "bank"}}, Via::Otlp);
  std::vector<Family> families;
  for (const auto& [name, origin] : {std::pair{"a", bank}, {"b", shop}, {"c", shop_again}, {"d", bank}, {"e", shop}}) {
    Meter meter(name, Kind::Gauge);
    meter.origin = origin;
    meter.row("x");
    families.push_back(meter.integers({1}));
  }
  OtlpEncodeOptions options;
  options.resource_attributes = {{"env", "prod"}, {"service.name", "other"}};
  OtlpEncoder encoder(options);
  const auto point = R"("gauge":{"dataPoints":[{"attributes":[{"key":"k","value":{"stringValue":"x"}}],)"
                     R"("timeUnixNano":"50","asInt":"1"}]}})";
  const auto metric = [&](std::string_view name) {
    return R"({"name":")" + std::string(name) + R"(","description":"help","unit":"1",)" + point;
  };
  const auto resource = [](std::string_view name) {
    return R"({"resource":{"attributes":[{"key":"service.name","value":{"stringValue":")" + std::string(name) +
           R"("}},{"key":"env","value":{"stringValue":"prod"}}]},"scopeMetrics":[)";
  };
  EXPECT_EQ(send(encoder, {snapshot_at(50, std::move(families))}),
            R"({"resourceMetrics":[)" + resource("bank") + R"({"scope":{},"metrics":[)" + metric("a") + "," + metric("d") +
                "]}]}," + resource("shop") +
                R"({"scope":{"name":"lib","version":"1","attributes":[{"key":"a","value":{"boolValue":true}}]},"metrics":[)" +
                metric("b") + "," + metric("e") + R"(],"schemaUrl":"http://scope"},{"scope":{},"metrics":[)" +
                metric("c") + "]}]}]}");
}

TEST(OtlpEncode, SplitsByPointsAndBytesAndLosesNothing) {
  Meter first("a", Kind::Gauge), second("b", Kind::Counter);
  std::vector<std::int64_t> values;
  for (int i = 0; i < 100; ++i) {
    first.row("r" + std::to_string(i));
    second.row("r" + std::to_string(i));
    values.push_back(i);
  }
  const auto snapshot = snapshot_at(50, {first.integers(values), second.integers(values)});
  for (const auto& [bytes, points] : {std::pair<std::size_t, std::uint64_t>{1 << 20, 7}, {700, 1000}, {1, 1000}}) {
    OtlpEncodeOptions options;
    options.max_bytes = bytes;
    options.max_points = points;
    OtlpEncoder encoder(options);
    encoder.load({snapshot});
    std::uint64_t sent = 0, requests = 0;
    std::string all;
    while (const auto request = encoder.next()) {
      EXPECT_LE(request->points, points);
      EXPECT_LE(request->body.size(), bytes + 400);
      sent += request->points;
      ++requests;
      all += json_of(*request);
    }
    EXPECT_EQ(sent, 200u);
    EXPECT_EQ(sent, OtlpEncoder({}).points_of({snapshot}));
    EXPECT_GE(requests, points == 7 ? 29u : 10u);
    for (int i = 0; i < 100; ++i) {
      const std::string point = R"("r)" + std::to_string(i) + R"("}}],"timeUnixNano":"50","asInt":")" + std::to_string(i) + '"';
      const auto at = all.find(point);
      ASSERT_NE(at, std::string::npos) << point;
      EXPECT_NE(all.find(point, at + 1), std::string::npos) << point;
    }
  }
}

TEST(OtlpEncode, HalvesUntilOnePointIsLeft) {
  Meter meter("a", Kind::Gauge);
  for (const auto* text : {"a", "b", "c", "d", "e"}) meter.row(text);
  OtlpEncoder encoder({});
  encoder.load({snapshot_at(50, {meter.integers({1, 2, 3, 4, 5})})});
  const auto whole = encoder.next();
  ASSERT_TRUE(whole);
  const auto halves = encoder.halve(*whole);
  ASSERT_EQ(halves.size(), 2u);
  EXPECT_EQ(halves[0].points, 3u);
  EXPECT_EQ(halves[1].points, 2u);
  EXPECT_TRUE(halves[0].begin == whole->begin && halves[0].end == halves[1].begin && halves[1].end == whole->end);
  const auto quarter = encoder.halve(halves[1]);
  ASSERT_EQ(quarter.size(), 2u);
  EXPECT_THAT(json_of(quarter[1]), HasSubstr(R"("asInt":"5")"));
  EXPECT_THAT(json_of(quarter[1]), Not(HasSubstr(R"("asInt":"4")")));
  EXPECT_TRUE(encoder.halve(quarter[1]).empty());
  EXPECT_FALSE(encoder.next());
}

TEST(OtlpEncode, EndedRowsAreSentOnceAsNoRecordedValue) {
  Meter meter("c", Kind::Counter);
  meter.row("a"), meter.row("b");
  Family family = meter.integers({7, 8}, {10, 10});
  family.time_ns = {30, 31};
  family.states[1] = RowState::Ended;
  const auto snapshot = snapshot_at(50, {family});
  OtlpEncoder encoder({});
  EXPECT_EQ(send(encoder, {snapshot}),
            around(R"({"name":"c","description":"help","unit":"1","sum":{"dataPoints":[)"
                   R"({"attributes":[{"key":"k","value":{"stringValue":"a"}}],"startTimeUnixNano":"10",)"
                   R"("timeUnixNano":"30","asInt":"7"},)"
                   R"({"attributes":[{"key":"k","value":{"stringValue":"b"}}],"startTimeUnixNano":"10",)"
                   R"("timeUnixNano":"50","flags":1}],"aggregationTemporality":2,"isMonotonic":true}})"));
  EXPECT_EQ(send(encoder, {snapshot_at(60, {family}), snapshot}), "");
  EXPECT_EQ(OtlpEncoder({}).points_of({snapshot_at(60, {family}), snapshot}), 0u);
}

TEST(OtlpEncode, EndsInSnapshotsThatWereLeftOutAreSent) {
  Meter meter("c", Kind::Counter);
  meter.row("a"), meter.row("b");
  Family family = meter.integers({7, 8});
  family.states[1] = RowState::Ended;
  std::vector<EndedFamily> ended;
  append_ended(*snapshot_at(40, {family}), ended);
  ASSERT_EQ(ended.size(), 1u);
  ExportLoad load{snapshot_at(50, {meter.integers({9})}), nullptr, ended};
  EXPECT_EQ(OtlpEncoder({}).points_of(load), 2u);
  OtlpEncoder encoder({});
  const std::string json = send(encoder, load);
  EXPECT_THAT(json, HasSubstr(R"("b"}}],"timeUnixNano":"40","flags":1})"));
  EXPECT_THAT(json, HasSubstr(R"("a"}}],"timeUnixNano":"50","asInt":"9"})"));
  EXPECT_THAT(json, Not(HasSubstr(R"("asInt":"7")")));
}

TEST(OtlpEncode, ReceivedRowsAreSentWhenTheirTimeMoved) {
  Meter meter("g", Kind::Gauge);
  meter.row("a"), meter.row("b");
  Family first = meter.integers({1, 2});
  first.time_ns = {30, 30};
  const auto previous = snapshot_at(50, {first});
  meter.row("c");
  Family second = meter.integers({1, 5, 9});
  second.time_ns = {30, 60, 30};
  const ExportLoad load{snapshot_at(70, {second}), previous};
  EXPECT_EQ(OtlpEncoder({}).points_of(load), 2u);
  OtlpEncoder encoder({});
  const std::string json = send(encoder, load);
  EXPECT_THAT(json, HasSubstr(R"("timeUnixNano":"60","asInt":"5")"));
  EXPECT_THAT(json, HasSubstr(R"("timeUnixNano":"30","asInt":"9")"));
  EXPECT_THAT(json, Not(HasSubstr(R"("asInt":"1")")));
}

}  // namespace
}  // namespace tocsin::exporters
