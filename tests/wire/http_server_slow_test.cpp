// SPDX-License-Identifier: Apache-2.0
// Slow, silent and stalled clients: more of them than there are workers, and a healthy one among them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <poll.h>

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

#include "tests/wire/socket_client.h"
#include "wire/http_server.h"

namespace tocsin::wire {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::StartsWith;

constexpr unsigned kWorkers = 4;
constexpr unsigned kAttackers = 3 * kWorkers;

HttpServerOptions few_workers() {
  HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  options.workers = kWorkers;
  return options;
}

// Big enough for no socket buffer to swallow it.
constexpr std::size_t kBigAnswer = 64 * 1024 * 1024;

std::unique_ptr<HttpServer> serve(const HttpServerOptions& options) {
  auto server = HttpServer::start(options, [](const HttpRequest& request, HttpResponder& responder) {
    if (request.path != "/big") return responder.send_text(200, "served " + std::to_string(request.body.size()) + "\n");
    if (!responder.begin(200, {})) return;
    const std::string block(64 * 1024, 'x');
    for (std::size_t sent = 0; sent < kBigAnswer; sent += block.size()) {
      if (!responder.write(block)) return;
    }
    responder.end();
  });
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

using Attack = std::function<void(SocketClient&)>;

// Each attacker starts with `first`, then does `again` every 20 ms until it is closed, and then starts anew.
class Attackers {
 public:
  Attackers(int port, Attack first, Attack again) : port_(port), first_(std::move(first)), again_(std::move(again)) {
    for (unsigned i = 0; i < kAttackers; ++i) clients_.push_back(connect());
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        for (auto& client : clients_) {
          again_(*client);
          if (client->closed_within(1ms)) client = connect(), ++reconnected_;
        }
        poll(nullptr, 0, 20);
      }
    });
  }
  unsigned reconnected() const { return reconnected_; }

 private:
  std::unique_ptr<SocketClient> connect() {
    auto client = std::make_unique<SocketClient>(port_, 4096);
    first_(*client);
    return client;
  }
  const int port_;
  const Attack first_;
  const Attack again_;
  std::vector<std::unique_ptr<SocketClient>> clients_;
  std::atomic<unsigned> reconnected_{0};
  std::jthread thread_;
};

void expect_served_within(int port, steady_clock::duration limit) {
  for (int i = 0; i < 3; ++i) {
    const auto start = steady_clock::now();
    SocketClient client(port);
    client.send("POST /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_THAT(client.read_answer(10s), HasSubstr("served 5"));
    EXPECT_LT(steady_clock::now() - start, limit) << "request " << i;
  }
}

TEST(HttpServerSlow, HeaderDribblersDoNotStopOthers) {
  const auto server = serve(few_workers());
  const Attackers attackers(
      server->port(), [](SocketClient& c) { c.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "); },
      [](SocketClient& c) { c.send("x"); });
  expect_served_within(server->port(), 3s);
  EXPECT_GT(server->stats().crowded_out, 0u);
}

TEST(HttpServerSlow, SilentConnectionsDoNotStopOthers) {
  const auto server = serve(few_workers());
  const Attackers attackers(server->port(), [](SocketClient&) {}, [](SocketClient&) {});
  expect_served_within(server->port(), 3s);
}

TEST(HttpServerSlow, BodyDribblersDoNotStopOthers) {
  const auto server = serve(few_workers());
  const Attackers attackers(
      server->port(),
      [](SocketClient& c) { c.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"); },
      [](SocketClient& c) { c.send("x"); });
  expect_served_within(server->port(), 3s);
}

TEST(HttpServerSlow, ChunkDribblersDoNotStopOthers) {
  const auto server = serve(few_workers());
  const Attackers attackers(
      server->port(),
      [](SocketClient& c) { c.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"); },
      [](SocketClient& c) { c.send("1\r\nx\r\n"); });
  expect_served_within(server->port(), 3s);
}

TEST(HttpServerSlow, StalledReadersDoNotStopOthers) {
  const auto server = serve(few_workers());
  std::vector<SocketClient> stalled;
  for (unsigned i = 0; i < kAttackers; ++i) {
    stalled.emplace_back(server->port(), 4096);
    stalled.back().send(get("/big"));
  }
  expect_served_within(server->port(), 3s);
  EXPECT_GT(server->stats().crowded_out, 0u);
}

TEST(HttpServerSlow, IdleHoldersDoNotStopOthers) {
  HttpServerOptions options = few_workers();
  options.idle_timeout = 60s;
  const auto server = serve(options);
  std::vector<SocketClient> idle;
  for (unsigned i = 0; i < kAttackers; ++i) {
    idle.emplace_back(server->port());
    idle.back().send(get("/"));
  }
  expect_served_within(server->port(), 3s);
}

TEST(HttpServerSlow, AFullHouseStaysWhileNobodyWaits) {
  HttpServerOptions options = few_workers();
  options.idle_timeout = 60s;
  options.crowded_grace = 100ms;
  const auto server = serve(options);
  std::vector<SocketClient> guests;
  for (unsigned i = 0; i < kWorkers; ++i) {
    guests.emplace_back(server->port());
    guests.back().send(get("/"));
    EXPECT_THAT(guests.back().read_answer(), HasSubstr("served"));
  }
  EXPECT_FALSE(guests[0].closed_within(600ms));
  for (SocketClient& guest : guests) {
    guest.send(get("/"));
    EXPECT_THAT(guest.read_answer(), HasSubstr("served"));
  }
  EXPECT_EQ(server->stats().crowded_out, 0u);
}

TEST(HttpServerSlow, FastConnectionsAreNeverCrowdedOut) {
  HttpServerOptions options = few_workers();
  options.crowded_grace = 2s;
  const auto server = serve(options);
  std::vector<std::jthread> clients;
  std::atomic<unsigned> served{0};
  for (unsigned i = 0; i < 2 * kWorkers; ++i) {
    clients.emplace_back([&] {
      const std::string request = "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n" +
                                  std::string(200'000, 'x');
      for (int n = 0; n < 20; ++n) {
        SocketClient client(server->port());
        client.send(request);
        served += client.read_answer().starts_with("HTTP/1.1 200") ? 1 : 0;
      }
    });
  }
  clients.clear();
  EXPECT_EQ(served, 2 * kWorkers * 20);
  EXPECT_EQ(server->stats().crowded_out, 0u);
  EXPECT_EQ(server->stats().timed_out, 0u);
}

TEST(HttpServerSlow, ASlowHeaderIsTold408) {
  HttpServerOptions options = few_workers();
  options.header_timeout = 300ms;
  const auto server = serve(options);
  SocketClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: loc");
  const auto start = steady_clock::now();
  EXPECT_THAT(client.read_answer(5s), StartsWith("HTTP/1.1 408"));
  EXPECT_LT(steady_clock::now() - start, 2s);
  EXPECT_EQ(server->stats().timed_out, 1u);
  EXPECT_EQ(server->stats().refused_malformed, 0u);
}

TEST(HttpServerSlow, ASlowBodyIsTold408) {
  HttpServerOptions options = few_workers();
  options.pace_grace = 200ms;
  options.min_bytes_per_second = 1'000'000;
  const auto server = serve(options);
  SocketClient client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc");
  const auto start = steady_clock::now();
  EXPECT_THAT(client.read_answer(5s), StartsWith("HTTP/1.1 408"));
  EXPECT_LT(steady_clock::now() - start, 2s);
  EXPECT_EQ(server->stats().timed_out, 1u);
}

TEST(HttpServerSlow, TheTotalTimeIsBoundedWhateverThePace) {
  HttpServerOptions options = few_workers();
  options.total_timeout = 500ms;
  const auto server = serve(options);
  SocketClient client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000000\r\n\r\n");
  const auto start = steady_clock::now();
  const std::string piece(1000, 'x');
  while (steady_clock::now() - start < 5s && client.send(piece) && !client.closed_within(5ms)) {
  }
  EXPECT_LT(steady_clock::now() - start, 4s);
  EXPECT_EQ(server->stats().timed_out, 1u);
}

TEST(HttpServerSlow, AStalledReaderIsCutOff) {
  HttpServerOptions options = few_workers();
  options.pace_grace = 200ms;
  options.min_bytes_per_second = 10'000'000;
  const auto server = serve(options);
  SocketClient client(server->port(), 4096);
  client.send(get("/big"));
  const auto start = steady_clock::now();
  while (server->stats().timed_out == 0 && steady_clock::now() - start < 5s) poll(nullptr, 0, 10);
  EXPECT_EQ(server->stats().timed_out, 1u);
}

TEST(HttpServerSlow, StopIsBoundedUnderAttack) {
  HttpServerOptions options = few_workers();
  options.stop_timeout = 300ms;
  const auto server = serve(options);
  std::vector<SocketClient> clients;
  for (unsigned i = 0; i < kAttackers; ++i) {
    clients.emplace_back(server->port(), 4096);
    clients.back().send(i % 2 == 0 ? get("/big") : std::string("GET / HTTP/1.1\r\nHo"));
  }
  const auto start = steady_clock::now();
  server->stop();
  EXPECT_LT(steady_clock::now() - start, 2s);
}

}  // namespace
}  // namespace tocsin::wire
