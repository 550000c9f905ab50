// SPDX-License-Identifier: Apache-2.0
// HTTPS, asked by our own client (libcurl and its OpenSSL).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dirent.h>
#include <poll.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "tests/wire/socket_client.h"
#include "tests/source_dir.h"
#include "wire/http_client.h"
#include "wire/http_server.h"

namespace tocsin::wire {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::StartsWith;

std::string pem(const std::string& name) { return std::string(source_dir()) + "/tests/wire/tls/" + name; }

HttpServerOptions with_tls() {
  HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  options.workers = 4;
  options.tls = {pem("server.pem"), pem("server.key"), ""};
  return options;
}

std::unique_ptr<HttpServer> serve(const HttpServerOptions& options) {
  auto server = HttpServer::start(options, [](const HttpRequest& request, HttpResponder& responder) {
    if (request.path == "/big") {
      if (!responder.begin(200, {})) return;
      const std::string block(60'000, 'y');
      for (int i = 0; i < 100; ++i) {
        if (!responder.write(block)) return;
      }
      return responder.end();
    }
    responder.send(200,
                   {{"X-Tls", request.tls ? "yes" : "no"},
                    {"X-Known", request.authenticated ? "yes" : "no"},
                    {"X-Peer", request.peer_address + ":" + std::to_string(request.peer_port)}},
                   request.body);
  });
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

HttpCall call_to(const HttpServer& server, std::string_view path = "/") {
  HttpCall call;
  call.url = "https://localhost:" + std::to_string(server.port()) + std::string(path);
  call.tls.ca_file = pem("ca.pem");
  return call;
}

TEST(HttpServerTls, ServesOverTls) {
  const auto server = serve(with_tls());
  HttpClient client;
  HttpCall call = call_to(*server);
  call.method = "POST";
  for (const std::size_t size : {1u, 16'384u, 65'536u, 5'000'000u}) {
    call.body.assign(size, 'x');
    HttpCall copy = call;
    copy.max_reply_bytes = 8'000'000;
    const auto reply = client.call(std::move(copy));
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->body, call.body);
    EXPECT_EQ(reply->headers.value("X-Tls"), "yes");
    EXPECT_EQ(reply->headers.value("X-Known"), "no");
    EXPECT_THAT(reply->headers.value("X-Peer"), StartsWith("127.0.0.1:"));
  }
  HttpCall big = call_to(*server, "/big");
  big.max_reply_bytes = 10'000'000;
  EXPECT_EQ(client.call(std::move(big))->body.size(), 6'000'000u);
}

TEST(HttpServerTls, ManyClientsAtOnce) {
  const auto server = serve(with_tls());
  HttpClient client({.max_connections_per_host = 8});
  constexpr int kCalls = 100;
  std::latch all(kCalls);
  std::atomic<int> right{0};
  for (int i = 0; i < kCalls; ++i) {
    HttpCall call = call_to(*server);
    call.method = "POST";
    call.timeout = 30s;
    call.body = std::string(100'000 + static_cast<std::size_t>(i), 'x');
    client.send(std::move(call), [&, i](Result<HttpReply> reply) {
      right += reply && reply->body.size() == 100'000 + static_cast<std::size_t>(i) ? 1 : 0;
      all.count_down();
    });
  }
  all.wait();
  EXPECT_EQ(right, kCalls);
}

TEST(HttpServerTls, AClientThatDoesNotTrustUsSaysSo) {
  const auto server = serve(with_tls());
  HttpClient client;
  HttpCall call = call_to(*server);
  call.tls.ca_file = pem("stranger.pem");
  const auto reply = client.call(std::move(call));
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().message, HasSubstr("certificate"));
  HttpCall careless = call_to(*server);
  careless.tls = {.insecure = true};
  EXPECT_TRUE(client.call(std::move(careless)));
}

TEST(HttpServerTls, AsksForAClientCertificate) {
  HttpServerOptions options = with_tls();
  options.tls.client_ca_file = pem("ca.pem");
  const auto server = serve(options);
  HttpClient client;
  EXPECT_FALSE(client.call(call_to(*server)));

  HttpCall known = call_to(*server);
  known.tls.certificate_file = pem("client.pem");
  known.tls.key_file = pem("client.key");
  const auto reply = client.call(std::move(known));
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->headers.value("X-Known"), "yes");

  HttpCall stranger = call_to(*server);
  stranger.tls.certificate_file = pem("stranger.pem");
  stranger.tls.key_file = pem("stranger.key");
  EXPECT_FALSE(client.call(std::move(stranger)));
  // The client may know of the failure before the server has counted it.
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (server->stats().tls_failed < 2 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(server->stats().tls_failed, 2u);
}

TEST(HttpServerTls, PlainHttpIsNotServed) {
  const auto server = serve(with_tls());
  SocketClient client(server->port());
  client.send(get("/"));
  EXPECT_THAT(client.read_all(5s), testing::Not(HasSubstr("200 OK")));
  EXPECT_EQ(server->stats().handled, 0u);
}

std::string start_error(HttpServerTls tls) {
  HttpServerOptions options = with_tls();
  options.tls = std::move(tls);
  auto server = HttpServer::start(options, [](const HttpRequest&, HttpResponder&) {});
  if (server) return "it started";
  EXPECT_EQ(server.error().fault, Fault::Configuration);
  return server.error().message;
}

TEST(HttpServerTls, AKeyThatCannotWorkIsRefusedAtStart) {
  const std::string cert = pem("server.pem"), key = pem("server.key");
  EXPECT_THAT(start_error({cert, "", ""}), HasSubstr("TLS needs a key file"));
  EXPECT_THAT(start_error({"", key, ""}), HasSubstr("TLS needs a certificate file"));
  EXPECT_THAT(start_error({"", "", pem("ca.pem")}), HasSubstr("TLS needs a certificate file"));
  EXPECT_THAT(start_error({pem("absent.pem"), key, ""}), HasSubstr("absent.pem"));
  EXPECT_THAT(start_error({cert, pem("absent.key"), ""}), HasSubstr("absent.key"));
  EXPECT_THAT(start_error({cert, pem("stranger.key"), ""}), HasSubstr("key values mismatch"));
  EXPECT_THAT(start_error({cert, pem("server_encrypted.key"), ""}), HasSubstr("server_encrypted.key"));
  EXPECT_THAT(start_error({pem("README.md"), key, ""}), HasSubstr("README.md"));
  EXPECT_THAT(start_error({cert, key, pem("README.md")}), HasSubstr("README.md"));
}

TEST(HttpServerTls, AnAddressInUseIsSaid) {
  const auto first = serve(with_tls());
  HttpServerOptions options = with_tls();
  options.listen = first->address();
  auto second = HttpServer::start(options, [](const HttpRequest&, HttpResponder&) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot listen on " + first->address() + ": Address already in use");
}

// The ports on which this process listens.
std::vector<int> listening_ports() {
  std::vector<int> ports;
  DIR* directory = opendir("/proc/self/fd");
  while (const dirent* entry = readdir(directory)) {
    const int descriptor = std::atoi(entry->d_name);
    int listening = 0;
    socklen_t size = sizeof(listening);
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) continue;
    sockaddr_in address{};
    size = sizeof(address);
    getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    ports.push_back(ntohs(address.sin_port));
  }
  closedir(directory);
  return ports;
}

TEST(HttpServerTls, TheListenerBehindServesNobodyDirectly) {
  const auto server = serve(with_tls());
  int behind = 0;
  for (const int port : listening_ports()) {
    if (port != server->port()) behind = port;
  }
  ASSERT_NE(behind, 0);
  SocketClient client(behind);
  client.send(get("/"));
  EXPECT_THAT(client.read_answer(5s), StartsWith("HTTP/1.1 403"));
  EXPECT_EQ(server->stats().handled, 0u);
}

TEST(HttpServerTls, SlowClientsDoNotStopOthers) {
  HttpServerOptions options = with_tls();
  options.header_timeout = 1s;
  const auto server = serve(options);
  std::vector<SocketClient> silent;
  for (int i = 0; i < 200; ++i) silent.emplace_back(server->port());  // none of them shakes hands
  HttpClient client;
  const auto start = steady_clock::now();
  EXPECT_TRUE(client.call(call_to(*server)));
  EXPECT_LT(steady_clock::now() - start, 3s);
  while (server->stats().timed_out == 0 && steady_clock::now() - start < 10s) poll(nullptr, 0, 10);
  EXPECT_GT(server->stats().timed_out, 0u);
  EXPECT_GT(server->stats().crowded_out, 0u);
}

TEST(HttpServerTls, StopIsBoundedAndFreesThePort) {
  HttpServerOptions options = with_tls();
  const auto server = serve(options);
  HttpClient client;
  EXPECT_TRUE(client.call(call_to(*server)));
  const SocketClient silent(server->port());
  const auto start = steady_clock::now();
  server->stop();
  server->stop();
  EXPECT_LT(steady_clock::now() - start, 4s);
  options.listen = server->address();
  const auto again = serve(options);
  EXPECT_TRUE(client.call(call_to(*again)));
}

}  // namespace
}  // namespace tocsin::wire
