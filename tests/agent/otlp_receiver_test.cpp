// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/otlp.h"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/agent/intake_fixture.h"
#include "wire/compression.h"
#include "wire/otlp_json.h"

namespace tocsin::agent {
namespace {

using otlp::Temporality;
using ::testing::HasSubstr;
using wire::HttpHeaders;
using wire::RpcCode;

struct Recorded final : wire::HttpResponder {
  int status = 0;
  HttpHeaders headers;
  std::string body;

  void send(int with, const HttpHeaders& fields, std::string_view text) override {
    EXPECT_EQ(status, 0) << "answered twice";
    status = with;
    headers = fields;
    body = text;
  }
  bool begin(int, const HttpHeaders&) override { return false; }
  bool write(std::string_view) override { return false; }
  void end() override {}

  wire::RpcStatus rpc_status() const {
    auto parsed = wire::parse_rpc_status(body);
    EXPECT_TRUE(parsed.ok());
    return parsed.ok() ? *parsed : wire::RpcStatus{};
  }
};

class OtlpReceiverTest : public IntakeFixture {
 protected:
  static wire::HttpRequest post(std::string body, std::string type = "application/x-protobuf") {
    wire::HttpRequest request;
    request.method = "POST";
    request.path = "/v1/metrics";
    request.headers = {{"Content-Type", std::move(type)}};
    request.body = std::move(body);
    return request;
  }
  Recorded ask(const wire::HttpRequest& request) {
    Recorded recorded;
    receiver.serve(request, recorded);
    return recorded;
  }
  static std::string one_point(std::int64_t value = 7) {
    OtlpRequest request;
    request.resource(kShop).scope("lib").sum("requests", true, Temporality::Cumulative);
    request.point(TestPoint{.start = at(0), .time = at(10), .integer = value});
    return request.bytes();
  }

  OtlpReceiver receiver{intake, {}};
};

TEST_F(OtlpReceiverTest, TakesProtobufAndSaysNothingMore) {
  const Recorded answer = ask(post(one_point(), "application/x-protobuf; charset=utf-8"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.value("Content-Type"), "application/x-protobuf");
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(value("requests_total"), 7);
  EXPECT_EQ(receiver.metrics_ledger().totals().accepted, 1U);
  EXPECT_EQ(receiver.in_flight_bytes(), 0U);
}

TEST_F(OtlpReceiverTest, TakesJsonAndAnswersInJson) {
  const auto json = wire::protobuf_to_json(one_point(), wire::OtlpMessage::MetricsRequest);
  ASSERT_TRUE(json.ok());
  const Recorded answer = ask(post(*json, "application/json"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.value("Content-Type"), "application/json");
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(value("requests_total"), 7);
}

TEST_F(OtlpReceiverTest, TakesTheCompressionsThatTheStandardNames) {
  for (const wire::Encoding encoding : {wire::Encoding::Gzip, wire::Encoding::Zstd}) {
    wire::HttpRequest request = post(wire::compress(encoding, one_point()));
    request.headers.add("Content-Encoding", std::string(wire::encoding_name(encoding)));
    EXPECT_EQ(ask(request).status, 200);
  }
  EXPECT_EQ(receiver.metrics_ledger().totals().received, 2U);
}

TEST_F(OtlpReceiverTest, AnEmptyRequestIsASuccess) {
  EXPECT_EQ(ask(post("")).status, 200);
  EXPECT_EQ(ask(post("{}", "application/json")).status, 200);
}

TEST_F(OtlpReceiverTest, RejectedPointsAreAPartialSuccess) {
  ask(post(one_point()));
  const Recorded answer = ask(post(one_point()));
  EXPECT_EQ(answer.status, 200);
  const auto json = wire::protobuf_to_json(answer.body, wire::OtlpMessage::MetricsResponse);
  ASSERT_TRUE(json.ok());
  EXPECT_THAT(*json, HasSubstr(R"("rejectedDataPoints":"1")"));
  EXPECT_THAT(*json, HasSubstr("not newer than the last point"));
  const Ledger::Totals totals = receiver.metrics_ledger().totals();
  EXPECT_EQ(totals.received, 2U);
  EXPECT_EQ(totals.received, totals.accepted + totals.rejected_sum());
  EXPECT_EQ(totals.rejected.at("late"), 1U);
}

TEST_F(OtlpReceiverTest, FaultsOfAWholeRequestCarryAStatus) {
  struct Case {
    std::string name;
    wire::HttpRequest request;
    int status;
    RpcCode code;
    std::string words;
  };
  wire::HttpRequest logs = post(""), path = post(""), get = post("");
  logs.path = "/v1/logs";
  path.path = "/v2/metrics";
  get.method = "GET";
  wire::HttpRequest bomb = post(wire::compress(wire::Encoding::Gzip, std::string(std::size_t{70} << 20, '\0')));
  bomb.headers.add("Content-Encoding", "gzip");
  wire::HttpRequest broken = post("not gzip"), brotli = post("");
  broken.headers.add("Content-Encoding", "gzip");
  brotli.headers.add("Content-Encoding", "br");
  const Case cases[] = {
      {"truncated", post(one_point().substr(0, 40)), 400, RpcCode::InvalidArgument, "byte"},
      {"logs", logs, 501, RpcCode::Unimplemented, "logs are not received here"},
      {"path", path, 404, RpcCode::NotFound, "/v2/metrics"},
      {"method", get, 405, RpcCode::Unimplemented, "only POST"},
      {"bomb", bomb, 413, RpcCode::ResourceExhausted, ""},
      {"broken gzip", broken, 400, RpcCode::InvalidArgument, ""},
      {"brotli", brotli, 415, RpcCode::InvalidArgument, "br"},
  };
  for (const Case& one : cases) {
    const Recorded answer = ask(one.request);
    EXPECT_EQ(answer.status, one.status) << one.name;
    EXPECT_EQ(answer.headers.value("Content-Type"), "application/x-protobuf") << one.name;
    EXPECT_EQ(answer.rpc_status().code, one.code) << one.name;
    EXPECT_THAT(answer.rpc_status().message, HasSubstr(one.words)) << one.name;
  }
  EXPECT_EQ(receiver.metrics_ledger().totals().received, 0U);
  EXPECT_EQ(intake.stats().series, 0U);
}

TEST_F(OtlpReceiverTest, AnUnknownTypeIsAnsweredInJson) {
  const Recorded answer = ask(post("hello", "text/plain"));
  EXPECT_EQ(answer.status, 415);
  EXPECT_EQ(answer.headers.value("Content-Type"), "application/json");
  EXPECT_THAT(answer.body, HasSubstr("text/plain"));
}

TEST_F(OtlpReceiverTest, OverTheInFlightBudgetTheSenderIsToldWhenToComeBack) {
  OtlpReceiverOptions options;
  options.max_in_flight_bytes = 10;
  receiver.configure(options);
  // A first request is being worked on: the span handler sends another from inside.
  Recorded inner;
  receiver.on_spans([&](std::string_view) -> Result<Ledger::Account> {
    receiver.serve(post(one_point()), inner);
    wire::GrpcCall call;
    const std::string message = one_point();
    call.method = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    call.message = message;
    const wire::GrpcReply reply = receiver.serve(call);
    EXPECT_EQ(reply.status.code, RpcCode::Unavailable);
    EXPECT_TRUE(reply.status.retry_delay.has_value());
    return Ledger::Account{};
  });
  wire::HttpRequest outer = post("0123456789");
  outer.path = "/v1/traces";
  EXPECT_EQ(ask(outer).status, 200);
  EXPECT_EQ(inner.status, 429);
  EXPECT_EQ(inner.headers.value("Retry-After"), "1");
  EXPECT_EQ(inner.rpc_status().code, RpcCode::Unavailable);
  EXPECT_EQ(receiver.metrics_ledger().totals().failed_requests.at("busy"), 2U);
  EXPECT_EQ(receiver.in_flight_bytes(), 0U);
}

// The same fault by either way and of either signal: answered, and counted where it belongs.
TEST_F(OtlpReceiverTest, EachSignalHasALedgerOverBothWays) {
  receiver.on_spans([](std::string_view request) -> Result<Ledger::Account> {
    if (request == "broken") return Error{Fault::Input, "spans: truncated at byte 6"};
    return Ledger::Account{{3, {{"future", 2}}}, "2 not measured: the span ends in the future"};
  });
  struct Case {
    const char* path;
    const char* method;
    const Ledger& ledger;
  };
  const Case cases[] = {
      {"/v1/metrics", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", receiver.metrics_ledger()},
      {"/v1/traces", "/opentelemetry.proto.collector.trace.v1.TraceService/Export", receiver.spans_ledger()},
  };
  for (const Case& one : cases) {
    wire::HttpRequest broken = post("broken"), unknown = post("", "text/plain"), brotli = post("");
    brotli.headers.add("Content-Encoding", "br");
    for (wire::HttpRequest* request : {&broken, &unknown, &brotli}) {
      request->path = one.path;
      EXPECT_GE(ask(*request).status, 400) << one.path;
    }
    wire::GrpcCall call;
    call.method = one.method;
    call.message = "broken";
    EXPECT_EQ(receiver.serve(call).status.code, RpcCode::InvalidArgument);
    const Ledger::Totals totals = one.ledger.totals();
    EXPECT_EQ(totals.received, 0U) << one.path;
    EXPECT_EQ(totals.failed_requests.at("malformed"), 2U) << one.path;
    EXPECT_EQ(totals.failed_requests.at("unsupported"), 2U) << one.path;
    EXPECT_NE(totals.last_rejection, "") << one.path;
  }
  wire::HttpRequest good = post("good");
  good.path = "/v1/traces";
  const auto json = wire::protobuf_to_json(ask(good).body, wire::OtlpMessage::TraceResponse);
  ASSERT_TRUE(json.ok());
  EXPECT_THAT(*json, HasSubstr(R"("rejectedSpans":"2")"));
  const Ledger::Totals spans = receiver.spans_ledger().totals();
  EXPECT_EQ(spans.received, 5U);
  EXPECT_EQ(spans.accepted, 3U);
  EXPECT_EQ(spans.rejected.at("future"), 2U);
}

TEST_F(OtlpReceiverTest, WhatIsNotReceivedHereIsCountedToo) {
  wire::HttpRequest logs = post(""), path = post(""), get = post("");
  logs.path = "/v1/logs";
  path.path = "/v1development/profiles";
  get.method = "GET";
  for (const wire::HttpRequest& request : {logs, path, get}) EXPECT_GE(ask(request).status, 400);
  wire::GrpcCall call;
  call.method = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
  receiver.serve(call);
  const auto failed = receiver.other_ledger().totals().failed_requests;
  EXPECT_EQ(failed.at("logs"), 2U);
  EXPECT_EQ(failed.at("unknown_path"), 1U);
  EXPECT_EQ(failed.at("wrong_method"), 1U);
}

// What the HTTP server refuses before the receiver is asked has the same form.
TEST_F(OtlpReceiverTest, AServersRefusalIsAStatusInTheEncodingOfItsRequest) {
  using Cause = wire::HttpRefusal::Cause;
  struct Case {
    Cause cause;
    int status, answered;
    RpcCode code;
    bool retry;
  };
  const Case cases[] = {
      {Cause::Malformed, 400, 400, RpcCode::InvalidArgument, false},
      {Cause::TooLarge, 413, 413, RpcCode::ResourceExhausted, false},
      {Cause::Credentials, 401, 401, RpcCode::Unauthenticated, false},
      {Cause::Host, 403, 403, RpcCode::PermissionDenied, false},
      {Cause::Origin, 403, 403, RpcCode::PermissionDenied, false},
      {Cause::Busy, 503, 429, RpcCode::Unavailable, true},
      {Cause::Stopping, 503, 503, RpcCode::Unavailable, true},
      {Cause::Slow, 408, 408, RpcCode::DeadlineExceeded, false},
      {Cause::Failed, 500, 500, RpcCode::Internal, false},
  };
  for (const Case& one : cases) {
    wire::HttpRefusal refusal{one.cause, one.status, "in words\n"};
    refusal.headers.add("Retry-After", "1");
    OtlpReceiver::refuse(post(""), refusal);
    EXPECT_EQ(refusal.status, one.answered);
    EXPECT_EQ(refusal.headers.count("Content-Type"), 1U);
    EXPECT_EQ(refusal.headers.value("Content-Type"), "application/x-protobuf");
    EXPECT_EQ(refusal.headers.value("Retry-After"), "1");
    const auto status = wire::parse_rpc_status(refusal.body);
    ASSERT_TRUE(status.ok());
    EXPECT_EQ(status->code, one.code);
    EXPECT_EQ(status->message, "in words");
    EXPECT_EQ(status->retry_delay.has_value(), one.retry);
  }
  for (const char* type : {"application/json", "text/plain"}) {
    wire::HttpRefusal refusal{Cause::TooLarge, 413, "too large\n"};
    OtlpReceiver::refuse(post("", type), refusal);
    EXPECT_EQ(refusal.headers.value("Content-Type"), "application/json");
    EXPECT_EQ(refusal.body, R"({"code":8,"message":"too large"})");
  }
}

TEST_F(OtlpReceiverTest, GrpcIsTheSameWithoutTheEnvelope) {
  const std::string message = one_point();
  wire::GrpcCall call;
  call.method = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
  call.message = message;
  EXPECT_TRUE(receiver.serve(call).status.ok());
  EXPECT_EQ(value("requests_total"), 7);
  call.method = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
  EXPECT_EQ(receiver.serve(call).status.code, RpcCode::Unimplemented);
  call.method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  EXPECT_EQ(receiver.serve(call).status.code, RpcCode::Unimplemented) << "nobody takes spans yet";
}

}  // namespace
}  // namespace tocsin::agent
