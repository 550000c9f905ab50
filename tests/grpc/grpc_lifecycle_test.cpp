// SPDX-License-Identifier: Apache-2.0
// Starting, stopping in the middle, giving up, coming back.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/grpc/grpc_pair.h"
#include "tests/grpc/raw_http2.h"

namespace tocsin::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

GrpcReply echo(const GrpcCall& call) { return {{}, std::string(call.message)}; }

TEST(GrpcServerStart, TellsThatThePortIsTaken) {
  auto first = start_server({}, echo);
  const std::string address = "127.0.0.1:" + std::to_string(first->port());
  EXPECT_EQ(first->address(), address);
  const auto second = GrpcServer::start({.listen = address}, echo);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().fault, Fault::Environment);
  EXPECT_EQ(second.error().message, "cannot listen on " + address + ": Address already in use");
}

// "localhost" is two addresses: with one of them taken it must not start on the other alone.
TEST(GrpcServerStart, TellsThatOneOfTwoAddressesIsTaken) {
  auto first = start_server({}, echo);
  const auto second = GrpcServer::start({.listen = "localhost:" + std::to_string(first->port())}, echo);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, testing::HasSubstr("Address already in use"));
}

TEST(GrpcServerStart, RefusesWhatCannotWork) {
  for (const char* listen : {"", "4317", "localhost", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:x", "::1:4317"}) {
    const auto server = GrpcServer::start({.listen = listen}, echo);
    ASSERT_FALSE(server.ok()) << listen;
    EXPECT_EQ(server.error().fault, Fault::Configuration) << server.error().message;
  }
  const auto elsewhere = GrpcServer::start({.listen = "192.0.2.1:0"}, echo);
  ASSERT_FALSE(elsewhere.ok());
  EXPECT_EQ(elsewhere.error().fault, Fault::Environment);
  EXPECT_FALSE(GrpcServer::start({.listen = "127.0.0.1:0", .threads = 0}, echo).ok());
  EXPECT_FALSE(GrpcServer::start({.listen = "127.0.0.1:0", .max_in_flight_bytes = 1}, echo).ok());
}

TEST(GrpcServerStop, IsSafeTwiceAndAtOnce) {
  for (int i = 0; i < 5; ++i) {
    auto server = start_server({}, echo);
    server->stop(milliseconds(0));
    server->stop(seconds(5));
  }
}

TEST(GrpcServerStop, LetsACallEnd) {
  Gate gate;
  auto server = start_server({}, [&](const GrpcCall& call) {
    gate.pass();
    return echo(call);
  });
  auto client = make_client(*server);
  auto running = begin(*client, request_of("x"));
  ASSERT_TRUE(gate.wait_for(1));
  std::jthread stopper([&] { server->stop(kPatience); });
  // It takes nobody new, and the one inside is not cut off.
  EXPECT_TRUE(eventually([&] { return !RawHttp2(server->port()).connected(); }));
  gate.open();
  const auto result = wait(std::move(running));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->status.code, RpcCode::Ok) << result->status.message;
  stopper.join();
  EXPECT_EQ(call(*client, request_of("y"))->status.code, RpcCode::Unavailable);
}

// The deadline passes while handlers run and messages are half sent: everybody hears of it.
TEST(GrpcServerStop, CancelsAtTheDeadline) {
  Gate gate;
  auto server = start_server({.threads = 2}, [&](const GrpcCall& call) {
    gate.pass();
    return echo(call);
  });
  auto client = make_client(*server);
  auto running = begin(*client, request_of("x"));
  ASSERT_TRUE(gate.wait_for(1));
  RawHttp2 half(server->port());
  half.send_preface();
  half.send_headers(1, kMethod);
  half.send_data(1, RawHttp2::message("half").substr(0, 6), false);
  ASSERT_TRUE(eventually([&] { return server->stats().calls == 2; }));
  std::jthread stopper([&] { server->stop(milliseconds(50)); });
  const auto result = wait(std::move(running));
  ASSERT_TRUE(result.ok());
  EXPECT_FALSE(result->status.ok());
  gate.open();
  stopper.join();
  EXPECT_TRUE(half.closed_within(seconds(5)));
  EXPECT_EQ(server->stats().calls_now, 0u);
}

// A peer that does not answer the farewell holds nothing up.
TEST(GrpcServerStop, DoesNotWaitForSilentConnections) {
  auto server = start_server({}, echo);
  std::vector<RawHttp2> silent;
  for (int i = 0; i < 10; ++i) silent.emplace_back(server->port()).send_preface();
  silent.emplace_back(server->port());
  ASSERT_TRUE(eventually([&] { return server->stats().connections_accepted == 11; }));
  const auto start = Clock::now();
  server->stop(seconds(15));
  EXPECT_LT(Clock::now() - start, seconds(5));
}

TEST(GrpcServerStop, InTheMiddleOfManyCalls) {
  for (int round = 0; round < 5; ++round) {
    auto server = start_server({.threads = 2}, echo);
    auto client = make_client(*server);
    std::vector<std::future<Result<GrpcResult>>> running;
    for (int i = 0; i < 100; ++i) running.push_back(begin(*client, request_of(std::string(static_cast<std::size_t>(i) * 1'000, 'x'))));
    server->stop(milliseconds(round * 3));
    for (auto& one : running) {
      const auto result = wait(std::move(one));
      ASSERT_TRUE(result.ok()) << result.error().message;
      EXPECT_TRUE(result->status.ok() || result->status.code == RpcCode::Unavailable || result->status.code == RpcCode::Cancelled)
          << rpc_code_name(result->status.code) << " " << result->status.message;
    }
  }
}

TEST(GrpcClientCancel, EndsTheCall) {
  Gate gate;
  auto server = start_server({.threads = 2}, [&](const GrpcCall& call) {
    gate.pass();
    return echo(call);
  });
  auto client = make_client(*server);
  GrpcCallId id{};
  auto running = begin(*client, request_of("x"), &id);
  ASSERT_TRUE(gate.wait_for(1));
  client->cancel(id);
  const auto result = wait(std::move(running));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().fault, Fault::Cancelled);
  client->cancel(id);
  gate.open();
  EXPECT_EQ(call(*client, request_of("y"))->body, "y");
}

// What its sender gave up while it waited is not handled. Over a raw connection: all that it sends lies in the server's
// buffers before the only thread is free again.
TEST(GrpcServerCall, GivenUpWhileItWaitsSparesTheHandler) {
  Gate gate;
  auto server = start_server({.threads = 1}, [&](const GrpcCall& call) {
    gate.pass();
    return echo(call);
  });
  auto client = make_client(*server);
  auto running = begin(*client, request_of("first"));
  ASSERT_TRUE(gate.wait_for(1));
  RawHttp2 raw(server->port());
  raw.send_preface();
  raw.send_headers(1, kMethod);
  raw.send_data(1, RawHttp2::message("second"), true);
  raw.send_reset(1);
  gate.open();
  EXPECT_TRUE(wait(std::move(running))->status.ok());
  EXPECT_TRUE(eventually([&] { return server->stats().cancelled == 1; }));
  EXPECT_EQ(call(*client, request_of("third"))->body, "third");
  EXPECT_EQ(server->stats().handled, 2u);
}

TEST(GrpcClientCall, HasADeadline) {
  Gate gate;
  auto server = start_server({.threads = 2}, [&](const GrpcCall& call) {
    gate.pass();
    return echo(call);
  });
  auto client = make_client(*server);
  auto request = request_of("x");
  request.timeout = milliseconds(100);
  EXPECT_EQ(call(*client, std::move(request))->status.code, RpcCode::DeadlineExceeded);
  gate.open();
}

TEST(GrpcClientCall, TellsThatNobodyListens) {
  std::uint16_t free_port = 0;
  {
    auto server = start_server({}, echo);
    free_port = server->port();
  }
  auto client = *GrpcClient::make({.target = "127.0.0.1:" + std::to_string(free_port)});
  const auto result = call(*client, request_of("x"));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->status.code, RpcCode::Unavailable);
  EXPECT_THAT(result->status.message, testing::HasSubstr("127.0.0.1"));
}

TEST(GrpcClientCall, FindsAServerThatIsBack) {
  auto server = start_server({}, echo);
  auto client = make_client(*server);
  EXPECT_TRUE(call(*client, request_of("x"))->status.ok());
  const std::string address = server->address();
  server.reset();
  EXPECT_EQ(call(*client, request_of("x"))->status.code, RpcCode::Unavailable);
  auto again = GrpcServer::start({.listen = address}, echo);
  ASSERT_TRUE(again.ok()) << again.error().message;
  const auto start = Clock::now();
  EXPECT_TRUE(eventually([&] { return call(*client, request_of("x"))->status.ok(); }));
  EXPECT_LT(Clock::now() - start, seconds(6));
}

TEST(GrpcClientStop, CallsEveryCallbackOnce) {
  Gate gate;
  auto server = start_server({.threads = 2}, [&](const GrpcCall& call) {
    gate.pass();
    return echo(call);
  });
  auto client = make_client(*server);
  std::atomic<int> cancelled{0};
  for (int i = 0; i < 20; ++i) {
    client->call(request_of("x"), [&](Result<GrpcResult> result) {
      if (!result.ok() && result.error().fault == Fault::Cancelled) ++cancelled;
    });
  }
  client->stop(milliseconds(50));
  EXPECT_EQ(cancelled, 20);
  client->stop(seconds(1));
  const auto late = call(*client, request_of("x"));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().fault, Fault::Cancelled);
  gate.open();
}

TEST(GrpcClientStop, WaitsForWhatIsInFlight) {
  auto server = start_server({}, echo);
  auto client = make_client(*server);
  std::vector<std::future<Result<GrpcResult>>> running;
  for (int i = 0; i < 20; ++i) running.push_back(begin(*client, request_of("x")));
  client->stop(kPatience);
  for (auto& one : running) EXPECT_TRUE(wait(std::move(one))->status.ok());
}

TEST(GrpcClientCall, MayCallAgainFromItsCallback) {
  auto server = start_server({}, echo);
  auto client = make_client(*server);
  std::promise<std::string> done;
  client->call(request_of("one"), [&](Result<GrpcResult> first) {
    client->call(request_of(first->body + " two"), [&](Result<GrpcResult> second) { done.set_value(second->body); });
  });
  auto future = done.get_future();
  ASSERT_EQ(future.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(future.get(), "one two");
}

}  // namespace
}  // namespace tocsin::wire
