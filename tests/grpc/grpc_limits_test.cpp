// SPDX-License-Identifier: Apache-2.0
// What a server refuses because it is too much, and that it says so.
#include <gmock/gmock.h>

#include <vector>

#include "tests/grpc/grpc_pair.h"
#include "tests/grpc/raw_http2.h"
#include "wire/compression.h"

namespace tocsin::wire {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMiB = std::size_t{1} << 20;

GrpcReply size_of(const GrpcCall& call) { return {{}, std::to_string(call.message.size())}; }

TEST(GrpcLimits, AMessageOfExactlyTheLimitPasses) {
  auto server = start_server({.max_message_bytes = kMiB}, size_of);
  auto client = make_client(*server);
  for (const bool gzip : {false, true}) {
    for (const auto& [size, code] : {std::pair{kMiB, RpcCode::Ok}, std::pair{kMiB + 1, RpcCode::ResourceExhausted},
                                     std::pair{40 * kMiB, RpcCode::ResourceExhausted}}) {
      auto request = request_of(std::string(size, 'a'));
      request.gzip = gzip;
      const auto result = call(*client, std::move(request));
      ASSERT_TRUE(result.ok());
      EXPECT_EQ(result->status.code, code) << size << (gzip ? " gzip: " : ": ") << result->status.message;
      if (code != RpcCode::Ok) {
        EXPECT_THAT(result->status.message, testing::HasSubstr("1048576"));
      }
      EXPECT_FALSE(result->status.retry_delay);
    }
  }
  const auto stats = server->stats();
  EXPECT_EQ(stats.handled, 2u);
  EXPECT_EQ(stats.refused_too_large, 4u);
}

TEST(GrpcLimits, BrokenCompressionIsTheSendersFault) {
  auto server = start_server({.max_message_bytes = kMiB}, size_of);
  const std::string good = compress(Encoding::Gzip, "a message");
  const std::vector<std::string> broken = {"no gzip at all", good.substr(0, good.size() - 5), good + "more",
                                           std::string("\x1f\x8b\x08\x00", 4)};
  std::vector<RawHttp2> clients;
  for (const std::string& bytes : broken) {
    auto& client = clients.emplace_back(server->port());
    client.send_preface();
    client.send_headers(1, kMethod, {{"grpc-encoding", "gzip"}});
    client.send_data(1, RawHttp2::message(bytes, true), true);
  }
  EXPECT_TRUE(eventually([&] { return server->stats().refused_malformed == broken.size(); }));
  auto& client = clients.emplace_back(server->port());
  client.send_preface();
  client.send_headers(1, kMethod, {{"grpc-encoding", "gzip"}});
  client.send_data(1, RawHttp2::message(good, true), true);
  EXPECT_TRUE(eventually([&] { return server->stats().handled == 1; }));
}

TEST(GrpcLimits, DeflateIsUnderstood) {
  std::string seen;
  auto server = start_server({}, [&](const GrpcCall& call) {
    seen = call.message;
    return GrpcReply{};
  });
  RawHttp2 client(server->port());
  client.send_preface();
  client.send_headers(1, kMethod, {{"grpc-encoding", "deflate"}});
  client.send_data(1, RawHttp2::message(compress(Encoding::Deflate, "a message"), true), true);
  ASSERT_TRUE(eventually([&] { return server->stats().handled == 1; }));
  server->stop(kPatience);
  EXPECT_EQ(seen, "a message");
}

// While one message is being handled, another over the budget is refused at once and told when to come again.
TEST(GrpcLimits, BytesInFlightAreBounded) {
  Gate gate;
  auto server = start_server({.max_message_bytes = kMiB, .max_in_flight_bytes = kMiB, .threads = 2, .retry_delay = milliseconds(2'500)},
                             [&](const GrpcCall& call) {
                               gate.pass();
                               return size_of(call);
                             });
  auto client = make_client(*server);
  auto first = begin(*client, request_of(std::string(600'000, 'a')));
  ASSERT_TRUE(gate.wait_for(1));
  const auto second = call(*client, request_of(std::string(600'000, 'b')));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->status.code, RpcCode::Unavailable);
  EXPECT_EQ(second->status.retry_delay, milliseconds(2'500));
  EXPECT_EQ(server->stats().in_flight_bytes, 600'000u);
  gate.open();
  EXPECT_EQ(wait(std::move(first))->body, "600000");
  EXPECT_EQ(call(*client, request_of(std::string(600'000, 'b')))->status.code, RpcCode::Ok);
  EXPECT_TRUE(eventually([&] { return server->stats().in_flight_bytes == 0; }));
  EXPECT_EQ(server->stats().refused_busy, 1u);
}

TEST(GrpcLimits, CallsAreBounded) {
  Gate gate;
  auto server = start_server({.max_calls = 1, .threads = 2}, [&](const GrpcCall& call) {
    gate.pass();
    return size_of(call);
  });
  auto client = make_client(*server);
  auto first = begin(*client, request_of("x"));
  ASSERT_TRUE(gate.wait_for(1));
  const auto second = call(*client, request_of("y"));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->status.code, RpcCode::Unavailable);
  EXPECT_TRUE(second->status.retry_delay.has_value());
  gate.open();
  EXPECT_EQ(wait(std::move(first))->status.code, RpcCode::Ok);
}

// A sum over the ledger after a bit of everything.
TEST(GrpcLimits, TheLedgerAddsUp) {
  auto server = start_server({.methods = {kMethod},
                              .max_message_bytes = kMiB,
                              .authorize = [](std::string_view given) { return given != "no"; }},
                             size_of);
  auto client = make_client(*server);
  std::vector<std::future<Result<GrpcResult>>> running;
  for (int i = 0; i < 60; ++i) {
    auto request = request_of(std::string(i % 5 == 0 ? 2 * kMiB : 10, 'x'), i % 3 == 0 ? "/other/Method" : kMethod);
    if (i % 4 == 0) request.metadata = {{"authorization", "no"}};
    running.push_back(begin(*client, std::move(request)));
  }
  for (auto& one : running) ASSERT_TRUE(wait(std::move(one)).ok());
  ASSERT_TRUE(eventually([&] { return server->stats().calls_now == 0; }));
  const auto s = server->stats();
  EXPECT_EQ(s.calls, 60u);
  EXPECT_EQ(s.refused_credentials, 15u);
  EXPECT_EQ(s.refused_unimplemented, 15u);
  EXPECT_EQ(s.refused_too_large, 6u);
  EXPECT_EQ(s.handled, 24u);
  EXPECT_EQ(s.calls, s.handled + s.refused_credentials + s.refused_unimplemented + s.refused_too_large +
                         s.refused_malformed + s.refused_busy + s.timed_out + s.cancelled);
}

TEST(GrpcClientLimits, AReplyOverTheLimitIsAnError) {
  auto server = start_server({}, [](const GrpcCall&) { return GrpcReply{{}, std::string(5 * kMiB, 'r')}; });
  auto client = make_client(*server);
  const auto result = call(*client, request_of("x"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->status.code, RpcCode::ResourceExhausted);
  EXPECT_EQ(result->body, "");
}

}  // namespace
}  // namespace tocsin::wire
