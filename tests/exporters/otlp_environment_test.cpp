// SPDX-License-Identifier: Apache-2.0
#include "exporters/otlp_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace tocsin::exporters {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

using Variables = std::map<std::string, std::string>;

OtlpEnvironment read(const Variables& variables, bool has_grpc = true) {
  const auto reader = [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  return read_otlp_environment(reader, has_grpc);
}

TEST(OtlpEnvironment, DefaultsAreTheSpecifications) {
  const OtlpEnvironment environment = read({});
  EXPECT_FALSE(environment.disabled);
  EXPECT_FALSE(environment.metrics_endpoint_given || environment.traces_endpoint_given);
  EXPECT_THAT(environment.warnings, IsEmpty());
  EXPECT_THAT(environment.resource, IsEmpty());
  ASSERT_TRUE(environment.metrics && environment.traces);
  const DestinationOptions& metrics = *environment.metrics;
  EXPECT_EQ(metrics.protocol, OtlpProtocol::HttpProtobuf);
  EXPECT_EQ(metrics.endpoint, "http://localhost:4318");
  EXPECT_EQ(metrics.metrics_endpoint, "");
  EXPECT_EQ(metrics.compression, wire::Encoding::Identity);
  EXPECT_EQ(metrics.timeout, 10s);
  EXPECT_EQ(metrics.interval, 60s);
  EXPECT_EQ(metrics.backoff.give_up_after, 30s);
  EXPECT_EQ(metrics.encode.temporality, OtlpTemporality::Cumulative);
  EXPECT_EQ(metrics.encode.histograms, OtlpHistograms::Explicit);
  const auto destinations = environment.destinations();
  ASSERT_EQ(destinations.size(), 1u);
  EXPECT_TRUE(destinations[0].metrics && destinations[0].spans);
}

TEST(OtlpEnvironment, EverySetting) {
  const OtlpEnvironment environment = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", " https://collector:4318/base "},
                                            {"OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/JSON"},
                                            {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%2Cb, x = y ,e="},
                                            {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                                            {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                            {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"},
                                            {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"},
                                            {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/cert.pem"},
                                            {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "LowMemory"},
                                            {"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                                             "BASE2_EXPONENTIAL_BUCKET_HISTOGRAM"},
                                            {"OTEL_METRIC_EXPORT_INTERVAL", "5000"},
                                            {"OTEL_METRIC_EXPORT_TIMEOUT", "1000"}});
  EXPECT_THAT(environment.warnings, IsEmpty());
  EXPECT_TRUE(environment.metrics_endpoint_given && environment.traces_endpoint_given);
  const DestinationOptions& metrics = *environment.metrics;
  EXPECT_EQ(metrics.endpoint, "https://collector:4318/base");
  EXPECT_EQ(metrics.protocol, OtlpProtocol::HttpJson);
  EXPECT_THAT(metrics.headers, ElementsAre(Pair("api-key", "a,b"), Pair("x", "y"), Pair("e", "")));
  EXPECT_EQ(metrics.timeout, 2500ms);
  EXPECT_EQ(metrics.compression, wire::Encoding::Gzip);
  EXPECT_EQ(metrics.tls.ca_file, "/ca.pem");
  EXPECT_EQ(metrics.tls.key_file, "/key.pem");
  EXPECT_EQ(metrics.tls.certificate_file, "/cert.pem");
  EXPECT_EQ(metrics.encode.temporality, OtlpTemporality::LowMemory);
  EXPECT_EQ(metrics.encode.histograms, OtlpHistograms::Exponential);
  EXPECT_EQ(metrics.interval, 5s);
  EXPECT_EQ(metrics.backoff.give_up_after, 1s);
  EXPECT_EQ(environment.destinations().size(), 1u);
}

TEST(OtlpEnvironment, AnEndpointOfOneSignalGivesNoneToTheOther) {
  const OtlpEnvironment environment = read({{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://elsewhere:4318/v1/metrics"}});
  EXPECT_TRUE(environment.metrics_endpoint_given);
  EXPECT_FALSE(environment.traces_endpoint_given);
}

TEST(OtlpEnvironment, ASignalsOwnVariablesComeFirst) {
  const OtlpEnvironment environment = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://both:4318"},
                                            {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://prometheus:9090/api/v1/otlp/v1/metrics"},
                                            {"OTEL_EXPORTER_OTLP_HEADERS", "a=1"},
                                            {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "b=2"},
                                            {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"},
                                            {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "7"},
                                            {"OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "gzip"}});
  EXPECT_THAT(environment.warnings, IsEmpty());
  EXPECT_EQ(environment.metrics->metrics_endpoint, "http://prometheus:9090/api/v1/otlp/v1/metrics");
  EXPECT_EQ(environment.metrics->endpoint, "http://both:4318");
  EXPECT_THAT(environment.metrics->headers, ElementsAre(Pair("b", "2")));
  EXPECT_THAT(environment.traces->headers, ElementsAre(Pair("a", "1")));
  EXPECT_EQ(environment.traces->protocol, OtlpProtocol::Grpc);
  EXPECT_EQ(environment.metrics->protocol, OtlpProtocol::HttpProtobuf);
  EXPECT_EQ(environment.traces->timeout, 7ms);
  EXPECT_EQ(environment.metrics->timeout, 10s);
  EXPECT_EQ(environment.traces->compression, wire::Encoding::Identity);
  const auto destinations = environment.destinations();
  ASSERT_EQ(destinations.size(), 2u);
  EXPECT_NE(destinations[0].name, destinations[1].name);
  EXPECT_FALSE(destinations[0].spans);
  EXPECT_FALSE(destinations[1].metrics);
}

TEST(OtlpEnvironment, GrpcEndpointsWithoutAScheme) {
  const Variables grpc = {{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}};
  const auto endpoint = [&](Variables more) {
    more.merge(Variables(grpc));
    return read(more).metrics->endpoint;
  };
  EXPECT_EQ(endpoint({}), "http://localhost:4317");
  EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"}}), "https://collector:4317");
  EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"}, {"OTEL_EXPORTER_OTLP_INSECURE", "True"}}),
            "http://collector:4317");
  EXPECT_EQ(endpoint({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"}, {"OTEL_EXPORTER_OTLP_INSECURE", "false"}}),
            "http://collector:4317");
}

TEST(OtlpEnvironment, OnlyTrueIsTrue) {
  const std::vector<std::pair<std::string, bool>> cases = {{"true", true},  {"TRUE", true}, {"True", true}, {"1", false},
                                                           {"yes", false},  {"on", false},  {"", false},    {"false", false},
                                                           {"truthy", false}};
  for (const auto& [text, expected] : cases) {
    const OtlpEnvironment environment = read({{"OTEL_SDK_DISABLED", text}});
    EXPECT_EQ(environment.disabled, expected) << text;
    EXPECT_EQ(environment.metrics.has_value(), !expected) << text;
    EXPECT_EQ(environment.warnings.empty(), expected || text.empty() || text == "false") << text;
  }
}

TEST(OtlpEnvironment, WhatCannotBeReadIsToldAndIgnored) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"OTEL_EXPORTER_OTLP_TIMEOUT", "soon"},          {"OTEL_EXPORTER_OTLP_TIMEOUT", "-1"},
      {"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"},           {"OTEL_METRIC_EXPORT_INTERVAL", "0"},
      {"OTEL_METRIC_EXPORT_INTERVAL", "1e4"},          {"OTEL_METRIC_EXPORT_INTERVAL", "99999999999999999999"},
      {"OTEL_EXPORTER_OTLP_PROTOCOL", "http"},         {"OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"},
      {"OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://x"},
      {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "both"},
      {"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "native"},
      {"OTEL_EXPORTER_OTLP_HEADERS", "noequals"},      {"OTEL_EXPORTER_OTLP_HEADERS", "a=%zz"},
      {"OTEL_EXPORTER_OTLP_INSECURE", "1"},            {"OTEL_RESOURCE_ATTRIBUTES", "a=1,b"},
      {"OTEL_RESOURCE_ATTRIBUTES", "a=%4"}};
  const OtlpEnvironment plain = read({});
  for (const auto& [name, value] : cases) {
    const OtlpEnvironment environment = read({{name, value}});
    ASSERT_EQ(environment.warnings.size(), 1u) << name << "=" << value;
    EXPECT_THAT(environment.warnings[0], HasSubstr(name)) << value;
    EXPECT_EQ(environment.metrics->endpoint, plain.metrics->endpoint) << value;
    EXPECT_EQ(environment.metrics->timeout, plain.metrics->timeout) << value;
    EXPECT_EQ(environment.metrics->interval, plain.metrics->interval) << value;
    EXPECT_EQ(environment.metrics->protocol, plain.metrics->protocol) << value;
    EXPECT_TRUE(environment.metrics->headers.empty()) << value;
    EXPECT_TRUE(environment.resource.empty()) << value;
    EXPECT_FALSE(environment.metrics_endpoint_given || environment.traces_endpoint_given) << value;
  }
}

TEST(OtlpEnvironment, ZeroIsNoLimitAndLongIsNoFault) {
  const OtlpEnvironment environment = read({{"OTEL_EXPORTER_OTLP_TIMEOUT", "0"},
                                            {"OTEL_METRIC_EXPORT_TIMEOUT", "0"},
                                            {"OTEL_METRIC_EXPORT_INTERVAL", "9223372036854775807"}});
  EXPECT_THAT(environment.warnings, IsEmpty());
  EXPECT_GE(environment.metrics->timeout, 24h);
  EXPECT_GE(environment.traces->timeout, 24h);
  EXPECT_GE(environment.metrics->backoff.give_up_after, 24h);
  EXPECT_GE(environment.metrics->interval, 24h);
}

TEST(OtlpEnvironment, AProgramWithoutGrpcTakesTheDefaultOfTheProtocolThatItHas) {
  const OtlpEnvironment environment = read({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}, false);
  EXPECT_EQ(environment.metrics->protocol, OtlpProtocol::HttpProtobuf);
  EXPECT_EQ(environment.metrics->endpoint, "http://localhost:4318");
  ASSERT_EQ(environment.warnings.size(), 1u);
  EXPECT_THAT(environment.warnings[0], HasSubstr("gRPC"));
}

TEST(OtlpEnvironment, ABadValueOfASignalFallsBackToTheGeneralOne) {
  const OtlpEnvironment environment =
      read({{"OTEL_EXPORTER_OTLP_TIMEOUT", "5"}, {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "x"}});
  EXPECT_EQ(environment.metrics->timeout, 5ms);
  EXPECT_EQ(environment.warnings.size(), 1u);
  // One bad entry of a header list does not spoil the others.
  const OtlpEnvironment headers = read({{"OTEL_EXPORTER_OTLP_HEADERS", "a=1,,=x,b=2"}});
  EXPECT_THAT(headers.metrics->headers, ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(OtlpEnvironment, ExportersThatAreNotOurs) {
  for (const auto& [value, on, warnings] : std::vector<std::tuple<std::string, bool, std::size_t>>{
           {"otlp", true, 0}, {"none", false, 0}, {"prometheus", false, 0}, {"console,otlp", true, 0}, {"OTLP", true, 0},
           {"jaegerr", false, 1}, {"", true, 0}}) {
    const OtlpEnvironment environment = read({{"OTEL_METRICS_EXPORTER", value}});
    EXPECT_EQ(environment.metrics.has_value(), on) << value;
    EXPECT_TRUE(environment.traces.has_value());
    EXPECT_EQ(environment.warnings.size(), warnings) << value;
  }
  EXPECT_TRUE(read({{"OTEL_METRICS_EXPORTER", "none"}, {"OTEL_TRACES_EXPORTER", "none"}}).destinations().empty());
}

TEST(OtlpEnvironment, ServiceNameWinsOverResourceAttributes) {
  const OtlpEnvironment environment = read(
      {{"OTEL_RESOURCE_ATTRIBUTES", "service.name=a,deployment.environment.name=pro%20d , k="}, {"OTEL_SERVICE_NAME", "b"}});
  EXPECT_EQ(text_of(environment.resource, "service.name"), "b");
  EXPECT_EQ(text_of(environment.resource, "deployment.environment.name"), "pro d");
  EXPECT_EQ(environment.resource.size(), 3u);
  EXPECT_EQ(text_of(read({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=a"}}).resource, "service.name"), "a");
}

}  // namespace
}  // namespace tocsin::exporters
