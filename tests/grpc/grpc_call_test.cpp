// SPDX-License-Identifier: Apache-2.0
// What passes between a GrpcServer and a GrpcClient that behave.
#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "tests/grpc/grpc_pair.h"

namespace tocsin::wire {
namespace {

using std::chrono::milliseconds;

TEST(GrpcCall, CarriesBytesBothWays) {
  auto server = start_server({}, [](const GrpcCall& call) {
    return GrpcReply{{}, std::string(call.method) + "|" + std::string(call.message)};
  });
  auto client = make_client(*server);
  const std::string bytes("\0\xff\x0a tocsin", 9);
  const auto result = call(*client, request_of(bytes));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->status.code, RpcCode::Ok);
  EXPECT_EQ(result->body, std::string(kMethod) + "|" + bytes);
}

TEST(GrpcCall, CarriesAnEmptyMessage) {
  auto server = start_server({}, [](const GrpcCall& call) {
    return GrpcReply{{}, call.message.empty() ? "" : "not empty"};
  });
  auto client = make_client(*server);
  for (const bool gzip : {false, true}) {
    auto request = request_of("");
    request.gzip = gzip;
    const auto result = call(*client, std::move(request));
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->status.code, RpcCode::Ok) << result->status.message;
    EXPECT_EQ(result->body, "");
  }
}

// One byte to some megabytes: one slice, many slices, with and without compression.
TEST(GrpcCall, CarriesMessagesOfEverySize) {
  auto server = start_server({}, [](const GrpcCall& call) { return GrpcReply{{}, std::string(call.message)}; });
  auto client = make_client(*server);
  for (const std::size_t size : {std::size_t{1}, std::size_t{100}, std::size_t{20'000}, std::size_t{300'000}, std::size_t{3'000'000}}) {
    std::string message(size, ' ');
    for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<char>(i * i >> 3);
    for (const bool gzip : {false, true}) {
      auto request = request_of(message);
      request.gzip = gzip;
      const auto result = call(*client, std::move(request));
      ASSERT_TRUE(result.ok());
      EXPECT_EQ(result->status.code, RpcCode::Ok) << result->status.message;
      EXPECT_TRUE(result->body == message) << size;
    }
  }
}

TEST(GrpcCall, ShowsMetadataAndPeer) {
  std::string seen;
  std::string peer;
  std::string raw;
  auto server = start_server({}, [&](const GrpcCall& call) {
    seen = call.header("x-tenant");
    raw = call.header("trace-bin");
    peer = call.peer;
    EXPECT_EQ(call.header("absent"), "");
    EXPECT_FALSE(call.authenticated);
    return GrpcReply{};
  });
  auto client = make_client(*server);
  auto request = request_of("x");
  request.metadata = {{"X-Tenant", "blue"}, {"trace-bin", std::string("\x01\x00\xfe", 3)}};
  ASSERT_TRUE(call(*client, std::move(request)).ok());
  server->stop(kPatience);
  EXPECT_EQ(seen, "blue");
  EXPECT_EQ(raw, std::string("\x01\x00\xfe", 3));
  EXPECT_THAT(peer, testing::MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
}

TEST(GrpcCall, CarriesStatusMessageAndRetryDelay) {
  auto server = start_server({}, [](const GrpcCall&) {
    return GrpcReply{{RpcCode::Unavailable, "queue is full: 100 % \xc3\xa9", milliseconds(1'250)}, "not sent"};
  });
  auto client = make_client(*server);
  const auto result = call(*client, request_of("x"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->status.code, RpcCode::Unavailable);
  EXPECT_EQ(result->status.message, "queue is full: 100 % \xc3\xa9");
  EXPECT_EQ(result->status.retry_delay, milliseconds(1'250));
  EXPECT_EQ(result->body, "");
}

TEST(GrpcCall, CutsAMessageThatWouldNotFitTheHeaders) {
  auto server = start_server({}, [](const GrpcCall&) {
    return GrpcReply{{RpcCode::InvalidArgument, std::string(100'000, '\n'), milliseconds(1)}, ""};
  });
  auto client = make_client(*server);
  const auto result = call(*client, request_of("x"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->status.code, RpcCode::InvalidArgument);
  EXPECT_EQ(result->status.message, std::string(1'000, '\n'));
}

TEST(GrpcCall, AnswersManyAtOnce) {
  auto server = start_server({}, [](const GrpcCall& call) { return GrpcReply{{}, std::string(call.message)}; });
  std::vector<std::unique_ptr<GrpcClient>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(make_client(*server));
  std::vector<std::future<Result<GrpcResult>>> running;
  for (int i = 0; i < 400; ++i) running.push_back(begin(*clients[i % 4], request_of("message " + std::to_string(i))));
  for (int i = 0; i < 400; ++i) {
    const auto result = wait(std::move(running[static_cast<std::size_t>(i)]));
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result->body, "message " + std::to_string(i));
  }
  const auto stats = server->stats();
  EXPECT_EQ(stats.calls, 400u);
  EXPECT_EQ(stats.handled, 400u);
  EXPECT_EQ(stats.connections_accepted, 4u);
}

TEST(GrpcCall, TellsWhatItDoesNotServe) {
  auto server = start_server({.methods = {kMethod}}, [](const GrpcCall&) { return GrpcReply{}; });
  auto client = make_client(*server);
  EXPECT_EQ(call(*client, request_of("x"))->status.code, RpcCode::Ok);
  const auto result = call(*client, request_of("x", "/logs.Service/Export"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->status.code, RpcCode::Unimplemented);
  EXPECT_EQ(result->status.message, "/logs.Service/Export is not served here; served: /test.Service/Export");
  EXPECT_EQ(server->stats().refused_unimplemented, 1u);
}

TEST(GrpcCall, AsksForCredentials) {
  bool authenticated = false;
  auto server = start_server({.authorize = [](std::string_view given) { return given == "Bearer s3cret"; }},
                             [&](const GrpcCall& call) {
                               authenticated = call.authenticated;
                               return GrpcReply{};
                             });
  auto client = make_client(*server);
  EXPECT_EQ(call(*client, request_of("x"))->status.code, RpcCode::Unauthenticated);
  auto wrong = request_of("x");
  wrong.metadata = {{"authorization", "Bearer other"}};
  EXPECT_EQ(call(*client, std::move(wrong))->status.code, RpcCode::Unauthenticated);
  auto right = request_of("x");
  right.metadata = {{"Authorization", "Bearer s3cret"}};
  EXPECT_EQ(call(*client, std::move(right))->status.code, RpcCode::Ok);
  server->stop(kPatience);
  EXPECT_TRUE(authenticated);
  EXPECT_EQ(server->stats().refused_credentials, 2u);
  EXPECT_EQ(server->stats().handled, 1u);
}

TEST(GrpcCall, TurnsAnExceptionIntoInternal) {
  auto server = start_server({}, [](const GrpcCall&) -> GrpcReply { throw std::runtime_error("no disk"); });
  auto client = make_client(*server);
  const auto result = call(*client, request_of("x"));
  EXPECT_EQ(result->status.code, RpcCode::Internal);
  EXPECT_EQ(result->status.message, "no disk");
  EXPECT_EQ(server->stats().handler_exceptions, 1u);
}

TEST(GrpcClientTarget, IsCheckedWhenMade) {
  for (const char* bad : {"", "localhost", "::1", "ftp://localhost:1", "http://", "http://localhost:4317/v1/metrics",
                          "localhost:port", "localhost:99999", ":4317"}) {
    const auto client = GrpcClient::make({.target = bad});
    ASSERT_FALSE(client.ok()) << bad;
    EXPECT_EQ(client.error().fault, Fault::Configuration);
    EXPECT_THAT(client.error().message, testing::HasSubstr(bad));
  }
  for (const char* good : {"localhost:4317", "127.0.0.1:4317", "[::1]:4317", "http://collector:4317", "http://collector",
                           "https://collector:4317", "http://[::1]:4317/"}) {
    const auto client = GrpcClient::make({.target = good});
    EXPECT_TRUE(client.ok()) << good << ": " << client.error().message;
  }
}

TEST(GrpcClientCall, RefusesWhatCannotBeSent) {
  auto client = *GrpcClient::make({.target = "127.0.0.1:1"});
  auto no_method = call(*client, request_of("x", "Export"));
  ASSERT_FALSE(no_method.ok());
  EXPECT_EQ(no_method.error().fault, Fault::Input);
  const std::vector<std::pair<std::string, std::string>> illegal = {
      {"with space", "x"}, {"", "x"}, {"x", "line\nbreak"}, {":path", "x"}, {"grpc-timeout", "1S"}};
  for (const auto& pair : illegal) {
    auto request = request_of("x");
    request.metadata = {pair};
    auto result = call(*client, std::move(request));
    ASSERT_FALSE(result.ok()) << pair.first;
    EXPECT_EQ(result.error().fault, Fault::Input);
  }
}

}  // namespace
}  // namespace tocsin::wire
