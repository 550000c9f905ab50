// SPDX-License-Identifier: Apache-2.0
// Clients that send garbage, too slowly, or nothing: others are served meanwhile.
#include <sys/resource.h>

#include <memory>
#include <random>
#include <vector>

#include "tests/grpc/grpc_pair.h"
#include "tests/grpc/raw_http2.h"

namespace tocsin::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

GrpcReply echo(const GrpcCall& call) { return {{}, std::string(call.message)}; }

bool serves(const GrpcServer& server) {
  auto client = make_client(server);
  const auto result = call(*client, request_of("hello"));
  return result.ok() && result->status.ok() && result->body == "hello";
}

TEST(GrpcHostile, GarbageOnTheSocket) {
  auto server = start_server({}, echo);
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  std::mt19937 random(7);
  std::string noise(20'000, ' ');
  for (char& c : noise) c = static_cast<char>(random());
  const std::vector<std::string> garbage = {
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
      noise,
      preface + noise,
      preface.substr(0, 10),
      preface + RawHttp2::number(0xffffff, 3) + std::string(6, '\xff'),
      preface + RawHttp2::frame(4, 0, 0, "odd"),
      preface + RawHttp2::frame(4, 0, 0, "") + RawHttp2::frame(1, 4, 1, noise.substr(0, 3'000)),
      preface + RawHttp2::frame(4, 0, 0, "") + RawHttp2::frame(0, 0, 99, "data for no stream"),
      preface + RawHttp2::frame(4, 0, 0, "") + RawHttp2::frame(9, 0, 1, "continuation of nothing"),
      preface + RawHttp2::frame(4, 0, 0, "") + RawHttp2::frame(8, 0, 0, std::string(4, '\0')),
  };
  std::vector<RawHttp2> clients;
  for (const std::string& bytes : garbage) {
    clients.emplace_back(server->port()).send(bytes);
    EXPECT_TRUE(serves(*server));
  }
  clients.clear();
  EXPECT_TRUE(serves(*server));
}

// Frames that are right around messages that are not.
TEST(GrpcHostile, MalformedMessages) {
  auto server = start_server({.receive_timeout = milliseconds(300)}, echo);
  std::vector<RawHttp2> clients;
  const auto begin_call = [&](bool last = false) -> RawHttp2& {
    auto& client = clients.emplace_back(server->port());
    client.send_preface();
    client.send_headers(1, kMethod, {}, last);
    return client;
  };
  clients.reserve(16);
  begin_call(true);                                                           // no message at all
  begin_call().send_data(1, "", true);                                        // nor here
  begin_call().send_data(1, "\x05garbage in the five bytes", true);           // an unknown flag
  begin_call().send_data(1, std::string("\0\xff\xff\xff\xff", 5) + "x", true);  // 4 GiB announced, then the end
  begin_call().send_data(1, RawHttp2::message("abc").substr(0, 6), true);     // cut off
  begin_call().send_data(1, RawHttp2::message("abc") + RawHttp2::message("second"), true);
  begin_call().send_data(1, RawHttp2::message("not marked", true), true);     // compressed, but with what?
  begin_call().send_data(1, std::string("\0\0\0", 3), false);                 // never goes on
  EXPECT_TRUE(eventually([&] { return server->stats().calls == 8 && server->stats().calls_now == 0; }));
  const auto stats = server->stats();
  EXPECT_EQ(stats.timed_out, 1u);
  EXPECT_EQ(stats.calls, stats.handled + stats.refused_malformed + stats.timed_out + stats.cancelled);
  EXPECT_TRUE(serves(*server));
}

TEST(GrpcHostile, AClientThatDribblesIsGivenUp) {
  auto server = start_server({.receive_timeout = milliseconds(300)}, echo);
  RawHttp2 client(server->port());
  client.send_preface();
  client.send_headers(1, kMethod);
  client.send_data(1, RawHttp2::message(std::string(1'000, 'x')).substr(0, 5), false);
  EXPECT_TRUE(serves(*server));
  EXPECT_TRUE(eventually([&] {
    client.send_data(1, "x", false);
    return server->stats().timed_out == 1;
  }));
  EXPECT_TRUE(eventually([&] { return server->stats().calls_now == 0; }));
}

// Three times as many stalled calls as the server holds at once: who comes next waits two seconds at most.
TEST(GrpcHostile, StalledCallsMakeRoom) {
  auto server = start_server({.max_calls = 8, .receive_timeout = seconds(60)}, echo);
  std::vector<RawHttp2> stalled;
  for (int i = 0; i < 24; ++i) {
    auto& client = stalled.emplace_back(server->port());
    client.send_preface();
    client.send_headers(1, kMethod);
    client.send_data(1, RawHttp2::message("never whole").substr(0, 8), false);
  }
  ASSERT_TRUE(eventually([&] { return server->stats().calls == 24; }));
  EXPECT_EQ(server->stats().refused_busy, 16u);
  auto client = make_client(*server);
  EXPECT_TRUE(eventually([&] { return call(*client, request_of("hello"))->status.ok(); }));
  EXPECT_GE(server->stats().crowded_out, 1u);
}

TEST(GrpcHostile, OpenConnectionsMakeRoom) {
  auto server = start_server({.max_connections = 8}, echo);
  std::vector<RawHttp2> idle;
  for (int i = 0; i < 40; ++i) {
    idle.emplace_back(server->port());
    ASSERT_TRUE(idle.back().connected());
  }
  EXPECT_TRUE(serves(*server));
  EXPECT_GE(server->stats().connections_crowded_out, 32u);
  EXPECT_TRUE(idle.front().closed_within(seconds(5)));
}

// When descriptors run out the server lets go of silent connections, and is there again afterwards.
TEST(GrpcHostile, SurvivesRunningOutOfDescriptors) {
  auto server = start_server({}, echo);
  ASSERT_TRUE(serves(*server));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  {
    std::vector<RawHttp2> many;
    for (int i = 0; i < 20; ++i) many.emplace_back(server->port());
    ASSERT_TRUE(eventually([&] { return server->stats().connections_accepted == 21; }));
    rlimit low = before;
    low.rlim_cur = 120;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int i = 0; i < 200; ++i) many.emplace_back(server->port());
    EXPECT_TRUE(eventually([&] { return server->stats().connections_crowded_out > 0; }));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  }
  EXPECT_TRUE(serves(*server));
}

}  // namespace
}  // namespace tocsin::wire
