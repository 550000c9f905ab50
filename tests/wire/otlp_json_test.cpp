// SPDX-License-Identifier: Apache-2.0
#include "wire/otlp_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/source_dir.h"
#include "wire/otlp_fields.h"
#include "wire/protobuf.h"

namespace tocsin::wire {
namespace {

using testing::HasSubstr;

// The bytes inside nested messages 1.1.1... along a path of field numbers.
std::string_view dig(std::string_view bytes, std::initializer_list<std::uint32_t> path) {
  for (const std::uint32_t field : path) {
    ProtobufReader reader(bytes);
    std::string_view found;
    bool seen = false;
    while (reader.next()) {
      if (reader.field() == field && reader.type() == WireType::Length) {
        found = reader.bytes();
        seen = true;
      } else {
        reader.skip();
      }
    }
    EXPECT_TRUE(seen) << "no field " << field;
    bytes = found;
  }
  return bytes;
}

std::string protobuf_of(std::string_view json, OtlpMessage kind = OtlpMessage::MetricsRequest) {
  auto protobuf = json_to_protobuf(json, kind);
  EXPECT_TRUE(protobuf.ok()) << json << "\n" << (protobuf.ok() ? "" : protobuf.error().message);
  return protobuf.ok() ? *protobuf : std::string();
}

std::string json_of(std::string_view protobuf, OtlpMessage kind = OtlpMessage::MetricsRequest) {
  auto json = protobuf_to_json(protobuf, kind);
  EXPECT_TRUE(json.ok()) << (json.ok() ? "" : json.error().message);
  return json.ok() ? *json : std::string();
}

std::string complaint(std::string_view json, OtlpMessage kind = OtlpMessage::MetricsRequest) {
  const auto protobuf = json_to_protobuf(json, kind);
  EXPECT_FALSE(protobuf.ok()) << json;
  return protobuf.ok() ? "" : protobuf.error().message;
}

// One number data point in a request, and the point back.
std::string point_request(std::string_view point) {
  return R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[)" + std::string(point) +
         "]}}]}]}]}";
}
std::string point_of(std::string_view point) {
  return std::string(dig(protobuf_of(point_request(point)), {1, 2, 2, otlp::Metric::kSum, 1}));
}
std::string span_request(std::string_view span) {
  return R"({"resourceSpans":[{"scopeSpans":[{"spans":[)" + std::string(span) + "]}]}]}";
}
std::string span_of(std::string_view span) {
  return std::string(dig(protobuf_of(span_request(span), OtlpMessage::TraceRequest), {1, 2, 2}));
}

TEST(OtlpJson, BytesOfASmallRequest) {
  const std::string protobuf = protobuf_of(
      R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":{"stringValue":"b"}}]},"schemaUrl":"s"}]})");
  EXPECT_EQ(protobuf, std::string("\x0A\x0F"                      // resourceMetrics
                                  "\x0A\x0A\x0A\x08"              // resource, attributes
                                  "\x0A\x01" "a" "\x12\x03\x0A\x01" "b"  // key, value
                                  "\x1A\x01" "s"));
}

TEST(OtlpJson, NumbersComeAsTextOrAsNumbers) {
  for (const std::string_view number : {"\"-7\"", "-7", "-7.0", "-70e-1", "\"-7e0\""}) {
    const std::string point = point_of("{\"asInt\":" + std::string(number) + "}");
    ProtobufReader reader(point);
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.tag(), protobuf_tag(otlp::NumberDataPoint::kAsInt, WireType::Fixed64));
    EXPECT_EQ(static_cast<std::int64_t>(reader.fixed64()), -7) << number;
  }
  const std::string largest = point_of(R"({"timeUnixNano":"18446744073709551615","flags":4294967295})");
  ProtobufReader reader(largest);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.fixed64(), UINT64_MAX);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.varint(), UINT32_MAX);
  EXPECT_EQ(dig(protobuf_of(R"({"resourceMetrics":[{"resource":{"attributes":[{"value":{"intValue":"-1"}}]}}]})"),
                {1, 1, 1, 2}),
            std::string("\x18\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"));
}

TEST(OtlpJson, WholeNumbersOutOfRangeAreRefused) {
  for (const std::string_view point :
       {R"({"asInt":9223372036854775808})", R"({"asInt":"-9223372036854775809"})", R"({"timeUnixNano":-1})",
        R"({"timeUnixNano":18446744073709551616})", R"({"flags":4294967296})", R"({"asInt":1.5})",
        R"({"asInt":9.3e18})", R"({"asInt":""})", R"({"asInt":"1 "})", R"({"asInt":true})", R"({"asInt":{}})",
        R"({"asInt":[1]})", R"({"timeUnixNano":1e300})"}) {
    EXPECT_THAT(complaint(point_request(point)), HasSubstr(point.find("asInt") != std::string_view::npos ? "asInt: "
                                                           : point.find("flags") != std::string_view::npos
                                                               ? "flags: "
                                                               : "timeUnixNano: "))
        << point;
  }
}

TEST(OtlpJson, RealNumbers) {
  const std::vector<std::pair<std::string_view, double>> cases = {
      {"1.5", 1.5},        {"-0", -0.0},      {"5", 5},      {"\"2.5e3\"", 2500}, {"1e-400", 0},
      {"\"Infinity\"", INFINITY}, {"\"-Infinity\"", -INFINITY}, {"4.9e-324", 4.9e-324}, {"0.1", 0.1}};
  for (const auto& [text, expected] : cases) {
    const std::string point = point_of("{\"asDouble\":" + std::string(text) + "}");
    ProtobufReader reader(point);
    ASSERT_TRUE(reader.next());
    const double value = reader.fixed_double();
    EXPECT_EQ(value, expected) << text;
    EXPECT_EQ(std::signbit(value), std::signbit(expected)) << text;
  }
  const std::string point = point_of(R"({"asDouble":"NaN"})");
  ProtobufReader reader(point);
  ASSERT_TRUE(reader.next());
  EXPECT_TRUE(std::isnan(reader.fixed_double()));
  for (const std::string_view bad : {"1e400", "\"nan\"", "\"inf\"", "\"+1\"", "\"\"", "\"0x10\"", "true", "\"1,5\""})
    EXPECT_THAT(complaint(point_request("{\"asDouble\":" + std::string(bad) + "}")), HasSubstr("line 1, column")) << bad;
}

TEST(OtlpJson, IdsAreHexadecimalOfEitherCase) {
  const std::string span = span_of(R"({"traceId":"5B8EFFF798038103d269b633813fc60c","spanId":"EEE19B7EC3C1B174"})");
  EXPECT_EQ(dig(span, {1}), "\x5B\x8E\xFF\xF7\x98\x03\x81\x03\xD2\x69\xB6\x33\x81\x3F\xC6\x0C");
  EXPECT_EQ(dig(span, {2}), "\xEE\xE1\x9B\x7E\xC3\xC1\xB1\x74");
  EXPECT_EQ(complaint(span_request("{\n\"traceId\":\"xyz\"}"), OtlpMessage::TraceRequest),
            "OTLP/JSON: line 2, column 16: traceId: not hexadecimal: \"xyz\"");
  EXPECT_THAT(complaint(span_request(R"({"spanId":"abc"})"), OtlpMessage::TraceRequest), HasSubstr("not hexadecimal"));
  EXPECT_THAT(complaint(span_request(R"({"spanId":12})"), OtlpMessage::TraceRequest), HasSubstr("not hexadecimal"));
}

TEST(OtlpJson, OtherBytesAreBase64) {
  const auto bytes = [](std::string_view text) {
    return R"({"resourceMetrics":[{"resource":{"attributes":[{"value":{"bytesValue":")" + std::string(text) +
           "\"}}]}}]}";
  };
  for (const std::string_view text : {"+/8A", "-_8A"})
    EXPECT_EQ(dig(protobuf_of(bytes(text)), {1, 1, 1, 2, 7}), std::string("\xFB\xFF\x00", 3)) << text;
  EXPECT_EQ(dig(protobuf_of(bytes("aGk=")), {1, 1, 1, 2, 7}), "hi");
  EXPECT_EQ(dig(protobuf_of(bytes("aGk")), {1, 1, 1, 2, 7}), "hi");
  for (const std::string_view text : {"a", "a*==", "aGk=x"}) EXPECT_THAT(complaint(bytes(text)), HasSubstr("base64"));
}

TEST(OtlpJson, EnumsAreIntegersOnly) {
  const std::string span = span_of(R"({"kind":2,"status":{"code":2}})");
  EXPECT_EQ(span, std::string("\x30\x02\x7A\x02\x18\x02"));
  EXPECT_EQ(complaint(span_request(R"({"kind":"SPAN_KIND_SERVER"})"), OtlpMessage::TraceRequest),
            "OTLP/JSON: line 1, column 70: kind: an enum is an integer, not \"SPAN_KIND_SERVER\"");
}

TEST(OtlpJson, UnknownNamesAreIgnoredWithAllTheyHold) {
  const std::string plain = span_of(R"({"name":"x"})");
  EXPECT_EQ(span_of(R"({"later":{"a":[1,{"b":[[]]}],"name":"no"},"Name":"no","trace_id":"zz","start_time_unix_nano":"q",
                       "other":[{"name":"no"}],"more":null,"flag":true,"name":"x"})"),
            plain);
  EXPECT_EQ(protobuf_of(R"({"resource_metrics":[{}]})"), "");
}

TEST(OtlpJson, NullIsAbsent) {
  EXPECT_EQ(span_of(R"({"name":null,"traceId":null,"attributes":null,"status":null,"kind":null})"), "");
  EXPECT_THAT(complaint(R"({"resourceMetrics":[null]})"), HasSubstr("null"));
  EXPECT_EQ(protobuf_of(R"({"resourceMetrics":null})"), "");
}

TEST(OtlpJson, EmptyValuesStay) {
  EXPECT_EQ(protobuf_of("{}"), "");
  EXPECT_EQ(protobuf_of(" {\"resourceMetrics\" : [ ] }\n"), "");
  EXPECT_EQ(protobuf_of(R"({"resourceMetrics":[{},{}]})"), std::string("\x0A\x00\x0A\x00", 4));
  // A oneof that is zero is not the same as one that is absent.
  EXPECT_EQ(point_of(R"({"asInt":0})"), std::string("\x31\0\0\0\0\0\0\0\0", 9));
  EXPECT_EQ(dig(protobuf_of(R"({"resourceMetrics":[{"resource":{"attributes":[{"value":{"boolValue":false}}]}}]})"),
                {1, 1, 1, 2}),
            std::string("\x10\x00", 2));
}

TEST(OtlpJson, PackedArrays) {
  const std::string request = protobuf_of(
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[
         {"bucketCounts":["1",2],"explicitBounds":[0.5]}]}}]}]}]})");
  EXPECT_EQ(dig(request, {1, 2, 2, 9, 1, 6}), std::string("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16));
  EXPECT_EQ(dig(request, {1, 2, 2, 9, 1, 7}), std::string("\0\0\0\0\0\0\xE0\x3F", 8));
  const std::string exponential = protobuf_of(
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{"dataPoints":[
         {"scale":-2,"positive":{"offset":-3,"bucketCounts":["300",1]}}]}}]}]}]})");
  EXPECT_EQ(dig(exponential, {1, 2, 2, 10, 1}), std::string("\x30\x03\x42\x07\x08\x05\x12\x03\xAC\x02\x01"));
}

TEST(OtlpJson, WrongShapesAreRefused) {
  for (const std::string_view json :
       {"[]", "1", "\"x\"", "true", R"({"resourceMetrics":{}})", R"({"resourceMetrics":[[]]})",
        R"({"resourceMetrics":[1]})", R"({"resourceMetrics":"x"})", R"({"resourceMetrics":[{"resource":[]}]})",
        R"({"resourceMetrics":[{"resource":"x"}]})", R"({"resourceMetrics":[{"schemaUrl":{}}]})",
        R"({"resourceMetrics":[{"schemaUrl":[]}]})", R"({"resourceMetrics":[{"schemaUrl":5}]})",
        R"({"resourceMetrics":[{"schemaUrl":false}]})"})
    EXPECT_THAT(complaint(json), HasSubstr("OTLP/JSON: line 1, column ")) << json;
}

TEST(OtlpJson, SyntaxErrorsHaveTheirPlace) {
  EXPECT_EQ(complaint("{\n  \"resourceMetrics\": [}\n"),
            "OTLP/JSON: line 2, column 23: Invalid value");
  for (const std::string_view json :
       {std::string_view(""), std::string_view("  "), std::string_view("{"), std::string_view("{}x"),
        std::string_view("{} {}"), std::string_view("{}\0x", 4), std::string_view("{\"a\":}"),
        std::string_view("{\"a\":01}"), std::string_view("{\"a\":1,}"), std::string_view("{'a':1}"),
        std::string_view("{\"a\":\"\xFF\"}"), std::string_view("{\"a\":\"\\ud800\"}"), std::string_view("{\"a\":nul}"),
        std::string_view("{\"a\":\"x\n\"}"), std::string_view("\xEF\xBB\xBF{}")})
    EXPECT_THAT(complaint(json), HasSubstr("OTLP/JSON: line ")) << json;
}

TEST(OtlpJson, DepthIsBounded) {
  const auto nested = [](std::string_view open, std::string_view close, std::size_t times) {
    std::string json = R"({"resourceMetrics":[{"resource":{"attributes":[{"value":)";
    for (std::size_t i = 0; i < times; ++i) json += open;
    json += "{}";
    for (std::size_t i = 0; i < times; ++i) json += close;
    return json + "}]}}]}";
  };
  const std::string known = nested(R"({"arrayValue":{"values":[)", "]}}", 20);
  const std::string protobuf = protobuf_of(known);
  EXPECT_EQ(json_of(protobuf), known);
  EXPECT_THAT(complaint(nested(R"({"arrayValue":{"values":[)", "]}}", 1000)), HasSubstr("nested deeper than 128"));
  EXPECT_THAT(complaint(nested(R"({"later":)", "}", 100000)), HasSubstr("nested deeper than 128"));
  EXPECT_THAT(complaint(R"({"x":)" + std::string(1000000, '[')), HasSubstr("nested deeper than 128"));

  std::string deep;
  for (int i = 0; i < 200; ++i) {
    std::string array, around;
    ProtobufWriter(array).bytes(1, deep);
    ProtobufWriter(around).bytes(otlp::AnyValue::kArray, array);
    deep = around;
  }
  for (const std::uint32_t field : {2u, 1u, 1u, 1u}) {
    std::string around;
    ProtobufWriter(around).bytes(field, deep);
    deep = around;
  }
  EXPECT_FALSE(protobuf_to_json(deep, OtlpMessage::MetricsRequest).ok());
}

TEST(OtlpJson, SizeIsBounded) {
  std::string json = R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"bucketCounts":[)";
  for (int i = 0; i < 1000; ++i) json += i == 0 ? "0" : ",0";
  json += "]}]}}]}]}]}";
  EXPECT_TRUE(json_to_protobuf(json, OtlpMessage::MetricsRequest, 10000).ok());
  const auto refused = json_to_protobuf(json, OtlpMessage::MetricsRequest, 5000);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().fault, Fault::TooLarge);
}

TEST(OtlpJson, EveryFieldComesBack) {
  const std::string request =
      R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"s","value":{"stringValue":"a\"\n"}},)"
      R"({"key":"b","value":{"boolValue":true}},{"key":"i","value":{"intValue":"-5"}},)"
      R"({"key":"d","value":{"doubleValue":0.25}},{"key":"n","value":{"doubleValue":"NaN"}},)"
      R"({"key":"a","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"x"},{}]}}},)"
      R"({"key":"m","value":{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":false}}]}}},)"
      R"({"key":"y","value":{"bytesValue":"+/8A"}}],"droppedAttributesCount":3,)"
      R"("entityRefs":[{"schemaUrl":"u","type":"host","idKeys":["a","b"],"descriptionKeys":["c"]}]},)"
      R"("scopeMetrics":[{"scope":{"name":"n","version":"v","attributes":[{"key":"k","value":{}}],)"
      R"("droppedAttributesCount":1},"metrics":[)"
      R"({"name":"g","description":"d","unit":"By","gauge":{"dataPoints":[)"
      R"({"startTimeUnixNano":"1","timeUnixNano":"2","asDouble":1.5,"flags":1}]},)"
      R"("metadata":[{"key":"k","value":{"intValue":"9"}}]},)"
      R"({"name":"s","sum":{"dataPoints":[{"attributes":[{"key":"a","value":{"stringValue":"b"}}],)"
      R"("asInt":"-9","exemplars":[{"filteredAttributes":[{"key":"f","value":{"boolValue":true}}],)"
      R"("timeUnixNano":"7","asInt":"3","spanId":"eee19b7ec3c1b174",)"
      R"("traceId":"5b8efff798038103d269b633813fc60c"}]}],"aggregationTemporality":2,"isMonotonic":true}},)"
      R"({"name":"h","histogram":{"dataPoints":[{"count":"3","sum":4.5,"bucketCounts":["1","2"],)"
      R"("explicitBounds":[0.5],"exemplars":[{"asDouble":2}],"flags":0,"min":0.1,"max":4}],)"
      R"("aggregationTemporality":1}},)"
      R"({"name":"e","exponentialHistogram":{"dataPoints":[{"count":"3","sum":1,"scale":-2,"zeroCount":"1",)"
      R"("positive":{"offset":-3,"bucketCounts":["1","300"]},"negative":{"offset":4,"bucketCounts":["0"]},)"
      R"("min":"-Infinity","max":"Infinity","zeroThreshold":1e-09}],"aggregationTemporality":2}},)"
      R"({"name":"q","summary":{"dataPoints":[{"count":"18446744073709551615","sum":2,)"
      R"("quantileValues":[{"quantile":0.5,"value":3}]}]}}],"schemaUrl":"x"}],"schemaUrl":"y"}]})";
  EXPECT_EQ(json_of(protobuf_of(request)), request);

  const std::string spans =
      R"({"resourceSpans":[{"scopeSpans":[{"scope":{"name":"n"},"spans":[{)"
      R"("traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","traceState":"a=b",)"
      R"("parentSpanId":"eee19b7ec3c1b173","flags":257,"name":"I'm a server span","kind":2,)"
      R"("startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000",)"
      R"("attributes":[{"key":"k","value":{"stringValue":"v"}}],"droppedAttributesCount":1,)"
      R"("events":[{"timeUnixNano":"5","name":"e","attributes":[{"key":"k","value":{"intValue":"1"}}],)"
      R"("droppedAttributesCount":2}],"droppedEventsCount":3,)"
      R"("links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","traceState":"c=d",)"
      R"("attributes":[{"key":"k","value":{"boolValue":false}}],"droppedAttributesCount":4,"flags":1}],)"
      R"("droppedLinksCount":5,"status":{"message":"m","code":2}}]}]}]})";
  EXPECT_EQ(json_of(protobuf_of(spans, OtlpMessage::TraceRequest), OtlpMessage::TraceRequest), spans);
}

TEST(OtlpJson, Responses) {
  const std::vector<std::pair<OtlpMessage, std::string>> cases = {
      {OtlpMessage::MetricsResponse, "{}"},
      {OtlpMessage::MetricsResponse, R"({"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"why"}})"},
      {OtlpMessage::TraceResponse, R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"why"}})"},
      {OtlpMessage::Status, R"({"code":3,"message":"bad data"})"}};
  for (const auto& [kind, json] : cases) EXPECT_EQ(json_of(protobuf_of(json, kind), kind), json);
  // details are not carried, and do no harm.
  EXPECT_EQ(json_of(protobuf_of(R"({"code":14,"details":[{"@type":"t","retryDelay":"1s"}]})", OtlpMessage::Status),
                    OtlpMessage::Status),
            R"({"code":14})");
}

TEST(OtlpJson, ProtobufInAnyOrderAndInPieces) {
  std::string protobuf;
  ProtobufWriter writer(protobuf);
  writer.bytes(3, "late");                       // schemaUrl before the rest
  writer.bytes(1, std::string("\x10\x05", 2));   // resource: droppedAttributesCount 5
  writer.varint(99, 1);                          // unknown
  writer.bytes(1, std::string("\x10\x07", 2));   // merged with the first: the last scalar counts
  writer.varint(2, 1);                           // known number, wrong wire type
  std::string request;
  ProtobufWriter(request).bytes(1, protobuf);
  EXPECT_EQ(json_of(request), R"({"resourceMetrics":[{"resource":{"droppedAttributesCount":7},"schemaUrl":"late"}]})");

  std::string counts;  // one element unpacked, two packed
  ProtobufWriter pieces(counts);
  pieces.fixed64(6, 1);
  pieces.bytes(6, std::string("\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0", 16));
  for (const std::uint32_t field : {1u, 9u, 2u, 2u, 1u}) {
    std::string around;
    ProtobufWriter(around).bytes(field, counts);
    counts = around;
  }
  EXPECT_THAT(json_of(counts), HasSubstr(R"("bucketCounts":["1","2","3"])"));
}

TEST(OtlpJson, MalformedProtobufTellsTheByte) {
  std::string request;
  ProtobufWriter(request).bytes(1, std::string_view("\x0A\x7F", 2));
  const auto json = protobuf_to_json(request, OtlpMessage::MetricsRequest);
  ASSERT_FALSE(json.ok());
  EXPECT_EQ(json.error().message, "OTLP: a malformed message at byte 4");
  EXPECT_FALSE(protobuf_to_json("\x0A", OtlpMessage::MetricsRequest).ok());
}

TEST(OtlpJson, PlainValues) {
  using meters::Attributes;
  using meters::AttributeValue;
  using Array = std::vector<AttributeValue>;
  const std::vector<std::pair<std::string_view, AttributeValue>> cases = {
      {"null", {}},
      {"true", true},
      {"-3", std::int64_t{-3}},
      {"3.0", 3.0},
      {"9223372036854775808", 9223372036854775808.0},
      {"\"a\\n\"", "a\n"},
      {"[]", Array{}},
      {"{}", Attributes{}},
      {R"([1,[true],{"b":null,"a":"x"}])",
       Array{std::int64_t{1}, Array{true}, Attributes{{"a", "x"}, {"b", AttributeValue()}}}}};
  for (const auto& [json, expected] : cases) {
    const auto value = parse_json_value(json);
    ASSERT_TRUE(value.ok()) << json << value.error().message;
    EXPECT_TRUE(*value == expected) << json;
    EXPECT_EQ(to_text(*value), to_text(expected)) << json;
  }
  for (const std::string_view bad : {"", "[1", "{\"a\"}", "1 2", "tru"}) EXPECT_FALSE(parse_json_value(bad).ok()) << bad;
  EXPECT_FALSE(parse_json_value(std::string(1000, '[') + std::string(1000, ']')).ok());
}

TEST(OtlpJson, TheProtocolsOwnExamples) {
  const char* folder = std::getenv("TOCSIN_CONFORMANCE");
  const std::filesystem::path examples =
      folder != nullptr ? std::filesystem::path(folder) / "otlp-examples"
                        : std::filesystem::path(source_dir()) / "../shared/conformance/otlp-examples";
  if (!std::filesystem::exists(examples)) GTEST_SKIP() << "no conformance data at " << examples;
  for (const auto& [name, kind] : {std::pair{"metrics.json", OtlpMessage::MetricsRequest},
                                   std::pair{"trace.json", OtlpMessage::TraceRequest}}) {
    std::stringstream text;
    text << std::ifstream(examples / name).rdbuf();
    ASSERT_FALSE(text.str().empty()) << name;
    const std::string protobuf = protobuf_of(text.str(), kind);
    const std::string back = json_of(protobuf, kind);
    EXPECT_EQ(protobuf_of(back, kind).size(), protobuf.size()) << name;
    EXPECT_EQ(json_of(protobuf_of(back, kind), kind), back) << name;
    EXPECT_THAT(back, HasSubstr("my.service"));
    EXPECT_THAT(back, HasSubstr(kind == OtlpMessage::TraceRequest ? "5b8efff798038103d269b633813fc60c"
                                                                  : R"("positive":{"offset":1,"bucketCounts":["0","2"]})"));
  }
}

}  // namespace
}  // namespace tocsin::wire
