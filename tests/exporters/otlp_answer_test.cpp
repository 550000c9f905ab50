// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/send_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/otlp_json.h"

namespace tocsin::exporters {
namespace {

using Kind = wire::Verdict::Kind;
using testing::HasSubstr;
using wire::RpcCode;

wire::Verdict http(int status, wire::HttpHeaders headers = {}, std::string body = {}) {
  return judge(Signal::Metrics, {status, std::move(headers), std::move(body)}, from_unix_ns(1'700'000'000'000'000'000));
}

TEST(OtlpAnswer, HttpStatus) {
  for (int status = 200; status < 600; ++status) {
    const Kind kind = http(status).kind;
    const Kind expected = status < 300 ? Kind::Accepted
                          : status == 429 || status == 502 || status == 503 || status == 504 ? Kind::Retry
                          : status == 413                                                    ? Kind::TooLarge
                                                                                             : Kind::Refused;
    EXPECT_EQ(kind, expected) << status;
  }
}

TEST(OtlpAnswer, RetryAfter) {
  EXPECT_EQ(http(429, {{"Retry-After", "7"}}).retry_after, std::chrono::seconds{7});
  EXPECT_EQ(http(503, {{"retry-after", "Tue, 14 Nov 2023 22:13:25 GMT"}}).retry_after, std::chrono::seconds{5});
  EXPECT_FALSE(http(503, {{"Retry-After", "soon"}}).retry_after);
  EXPECT_FALSE(http(503).retry_after);
}

TEST(OtlpAnswer, PartialSuccessInEitherEncoding) {
  const std::string json = R"({"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"why\u0007"}})";
  const std::string protobuf = *wire::json_to_protobuf(json, wire::OtlpMessage::MetricsResponse);
  for (const auto& [type, body] : {std::pair<std::string, std::string>{"application/json; charset=utf-8", json},
                                   {"application/x-protobuf", protobuf}}) {
    const auto verdict = http(200, {{"Content-Type", type}}, body);
    EXPECT_EQ(verdict.kind, Kind::Accepted);
    EXPECT_EQ(verdict.rejected, 3u);
    EXPECT_EQ(verdict.message, "why ");
  }
}

TEST(OtlpAnswer, AnySuccessBodyIsASuccess) {
  for (const std::string_view type : {"", "application/json", "application/x-protobuf", "text/plain"})
    for (const std::string_view body : {"", "{}", "ok", "\x0A\x7F", "<html>"}) {
      const auto verdict = http(200, {{"Content-Type", std::string(type)}}, std::string(body));
      EXPECT_EQ(verdict.kind, Kind::Accepted) << type << body;
      EXPECT_EQ(verdict.rejected, 0u);
    }
  // A count that cannot be.
  EXPECT_EQ(http(200, {{"Content-Type", "application/json"}}, R"({"partialSuccess":{"rejectedDataPoints":-4}})").rejected, 0u);
}

TEST(OtlpAnswer, TheWordsOfAnError) {
  const std::string status = wire::encode_rpc_status({RpcCode::InvalidArgument, "bad point", {}});
  EXPECT_EQ(http(400, {{"Content-Type", "application/x-protobuf"}}, status).message, "HTTP 400 Bad Request: bad point");
  EXPECT_EQ(http(400, {{"Content-Type", "application/json"}}, R"({"code":3,"message":"bad point"})").message,
            "HTTP 400 Bad Request: bad point");
  EXPECT_EQ(http(400, {{"Content-Type", "text/plain"}}, "out of order sample\n").message,
            "HTTP 400 Bad Request: out of order sample");
  EXPECT_EQ(http(404).message, "HTTP 404 Not Found");
  EXPECT_THAT(http(307, {{"Location", "http://else"}}).message, HasSubstr("to http://else"));
  const std::string huge(100'000, 'x');
  EXPECT_LT(http(500, {}, huge).message.size(), 400u);
}

TEST(OtlpAnswer, GrpcCodes) {
  const auto kind = [](RpcCode code, std::optional<std::chrono::milliseconds> delay = {}, std::string message = {}) {
    return judge(Signal::Traces, wire::RpcStatus{code, std::move(message), delay}, "").kind;
  };
  EXPECT_EQ(kind(RpcCode::Ok), Kind::Accepted);
  for (const RpcCode code : {RpcCode::Cancelled, RpcCode::DeadlineExceeded, RpcCode::Aborted, RpcCode::OutOfRange,
                             RpcCode::Unavailable, RpcCode::DataLoss})
    EXPECT_EQ(kind(code), Kind::Retry) << rpc_code_name(code);
  for (const RpcCode code :
       {RpcCode::Unknown, RpcCode::InvalidArgument, RpcCode::NotFound, RpcCode::AlreadyExists, RpcCode::PermissionDenied,
        RpcCode::FailedPrecondition, RpcCode::Unimplemented, RpcCode::Internal, RpcCode::Unauthenticated})
    EXPECT_EQ(kind(code, std::chrono::milliseconds{5}), Kind::Refused) << rpc_code_name(code);
  EXPECT_EQ(kind(RpcCode::ResourceExhausted), Kind::Refused);
  EXPECT_EQ(kind(RpcCode::ResourceExhausted, std::chrono::milliseconds{5}), Kind::Retry);
  EXPECT_EQ(kind(RpcCode::ResourceExhausted, {}, "grpc: received message larger than max (7 vs. 4)"), Kind::TooLarge);
  EXPECT_EQ(kind(RpcCode::ResourceExhausted, {}, "the message is larger than max (4194304 bytes)"), Kind::TooLarge) << "our own";
  EXPECT_EQ(kind(RpcCode::OutOfRange, {}, "Error, message length too large: found 7 bytes"), Kind::TooLarge);
  const auto throttled = judge(Signal::Traces, wire::RpcStatus{RpcCode::Unavailable, "full", std::chrono::milliseconds{1500}}, "");
  EXPECT_EQ(throttled.retry_after, std::chrono::milliseconds{1500});
  EXPECT_EQ(throttled.message, "gRPC UNAVAILABLE: full");
}

TEST(OtlpAnswer, NoAnswer) {
  EXPECT_EQ(judge(Error{Fault::Environment, "connection refused"}).kind, Kind::Retry);
  EXPECT_EQ(judge(Error{Fault::Cancelled, "timeout"}).kind, Kind::Retry);
  EXPECT_EQ(judge(Error{Fault::Configuration, "no such CA file"}).kind, Kind::Retry);
  EXPECT_EQ(judge(Error{Fault::Input, "no URL"}).kind, Kind::Refused);
}

}  // namespace
}  // namespace tocsin::exporters
