// SPDX-License-Identifier: Apache-2.0
#include "wire/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tests/wire/socket_client.h"
#include "wire/http_server.h"

namespace tocsin::wire {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::HasSubstr;

std::unique_ptr<HttpServer> serve(HttpServer::Handler handler) {
  HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  options.workers = 8;
  options.stop_timeout = 200ms;
  auto server = HttpServer::start(options, std::move(handler));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

std::string url(const HttpServer& server, std::string_view path = "/") {
  return "http://" + server.address() + std::string(path);
}

void echo(const HttpRequest& request, HttpResponder& responder) {
  responder.send(200, {{"X-Method", request.method}, {"X-Type", std::string(request.headers.value("Content-Type", "none"))}},
                 request.body);
}

TEST(HttpClient, SendsMethodHeadersAndBody) {
  const auto server = serve(echo);
  HttpClient client;
  const std::string body(300'000, 'x');
  auto reply = client.call({.method = "POST", .url = url(*server), .headers = {{"Content-Type", "a/b"}}, .body = body});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_TRUE(reply->success());
  EXPECT_EQ(reply->body, body);
  EXPECT_EQ(reply->headers.value("x-method"), "POST");
  EXPECT_EQ(reply->headers.value("X-Type"), "a/b");

  EXPECT_EQ(client.call({.method = "PUT", .url = url(*server), .body = "b"})->headers.value("X-Method"), "PUT");
  EXPECT_EQ(client.call({.method = "PUT", .url = url(*server), .body = "b"})->headers.value("X-Type"), "none");
  EXPECT_EQ(client.call({.url = url(*server)})->headers.value("X-Method"), "GET");
  EXPECT_EQ(client.call({.method = "POST", .url = url(*server)})->headers.value("X-Method"), "POST");
  EXPECT_EQ(client.call({.method = "HEAD", .url = url(*server)})->headers.value("X-Method"), "HEAD");
}

TEST(HttpClient, EveryStatusIsAReplyAndRedirectsAreNotFollowed) {
  const auto server = serve([](const HttpRequest& request, HttpResponder& responder) {
    responder.send(std::stoi(request.path.substr(1)), {{"Location", "/200"}}, "text");
  });
  HttpClient client;
  for (const int status : {200, 204, 302, 400, 429, 500, 503}) {
    const auto reply = client.call({.url = url(*server, "/" + std::to_string(status))});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, status);
    EXPECT_EQ(reply->success(), status < 300);
  }
}

TEST(HttpClient, RedirectsOfAGetWhereTheCallAllowsThem) {
  const auto other = serve([](const HttpRequest& request, HttpResponder& responder) {
    responder.send(200, {{"X-Token", std::string(request.headers.value("Authorization", "none"))}}, "there");
  });
  const auto server = serve([&](const HttpRequest& request, HttpResponder& responder) {
    if (request.path == "/loop") return responder.send(302, {{"Location", "/loop"}}, "");
    if (request.path == "/file") return responder.send(302, {{"Location", "file:///etc/hostname"}}, "");
    responder.send(307, {{"Location", url(*other, "/x")}}, "a body that does not count");
  });
  HttpClient client;
  HttpCall call{.url = url(*server), .headers = {{"Authorization", "Bearer secret"}}, .max_redirects = 3};
  const auto reply = client.call(call);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "there");
  EXPECT_EQ(reply->headers.value("X-Token"), "none") << "another host must not see it";
  EXPECT_FALSE(client.call({.url = url(*server, "/loop"), .max_redirects = 3}));
  EXPECT_FALSE(client.call({.url = url(*server, "/file"), .max_redirects = 3}));
}

TEST(HttpClient, ReusesItsConnection) {
  std::mutex mutex;
  std::set<int> ports;
  const auto server = serve([&](const HttpRequest& request, HttpResponder& responder) {
    const std::lock_guard lock(mutex);
    ports.insert(request.peer_port);
    responder.send_text(200, "ok");
  });
  HttpClient client;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.call({.method = "POST", .url = url(*server), .body = "x"}));
  EXPECT_EQ(ports.size(), 1u);
}

TEST(HttpClient, ManyAtOnce) {
  const auto server = serve(echo);
  HttpClient client;
  constexpr int kCalls = 200;
  std::latch all(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    const std::string body = "body " + std::to_string(i);
    client.send({.method = "POST", .url = url(*server), .body = body}, [&, body](Result<HttpReply> reply) {
      EXPECT_EQ(reply ? reply->body : reply.error().message, body);
      all.count_down();
    });
  }
  all.wait();
}

// Over the limit of connections: whoever waits is served in order, and one that is cancelled leaves no hole.
TEST(HttpClient, WaitsForAConnectionAndSkipsWhoIsCancelled) {
  std::mutex mutex;
  std::set<int> ports;
  const auto server = serve([&](const HttpRequest& request, HttpResponder& responder) {
    const std::lock_guard lock(mutex);
    ports.insert(request.peer_port);
    responder.send(200, {}, request.body);
  });
  HttpClient client({.max_connections_per_host = 2});
  constexpr int kCalls = 50;
  std::latch all(kCalls);
  std::atomic<int> answered = 0, cancelled = 0;
  for (int i = 0; i < kCalls; ++i) {
    const auto id = client.send({.method = "POST", .url = url(*server), .body = "x"}, [&](Result<HttpReply> reply) {
      ++(reply ? answered : cancelled);
      all.count_down();
    });
    if (i % 5 == 4) client.cancel(id);
  }
  all.wait();
  EXPECT_GE(answered, kCalls * 4 / 5);
  EXPECT_EQ(answered + cancelled, kCalls);
  EXPECT_LE(ports.size(), 2u + static_cast<std::size_t>(cancelled));  // a cancelled one closes its connection
}

// A port on which nothing listens: taken and given back.
int closed_port() { return serve(echo)->port(); }

TEST(HttpClient, SaysWhomItCouldNotReach) {
  HttpClient client;
  const std::string host = "127.0.0.1:" + std::to_string(closed_port());
  const auto reply = client.call({.url = "http://" + host + "/"});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().fault, Fault::Environment);
  EXPECT_THAT(reply.error().message, testing::StartsWith(host + ": "));
  EXPECT_THAT(reply.error().message, HasSubstr("Connection refused"));
}

TEST(HttpClient, RefusesWhatIsNoCall) {
  HttpClient client;
  EXPECT_EQ(client.call({.url = "ftp://localhost/"}).error().fault, Fault::Input);
  EXPECT_EQ(client.call({.url = "localhost:4318"}).error().fault, Fault::Input);
  EXPECT_EQ(client.call({.method = "", .url = "http://localhost/"}).error().fault, Fault::Input);
  EXPECT_EQ(client.call({.url = "http://localhost/", .headers = {{"X", "a\r\nY: b"}}}).error().fault, Fault::Input);
}

TEST(HttpClient, AReplyOverTheLimitIsCutOff) {
  const auto server = serve([](const HttpRequest&, HttpResponder& responder) {
    responder.send(200, {}, std::string(1'000'000, 'x'));
  });
  HttpClient client;
  const auto over = client.call({.url = url(*server), .max_reply_bytes = 999'999});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().fault, Fault::TooLarge);
  EXPECT_THAT(over.error().message, HasSubstr("999999 bytes"));
  EXPECT_TRUE(client.call({.url = url(*server), .max_reply_bytes = 1'000'000}));
}

// Takes connections and never answers.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    ::listen(socket_, 64);
    socklen_t size = sizeof(address);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(socket_); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int socket_;
  int port_ = 0;
};

TEST(HttpClient, TimeoutCancelAndStopEndACall) {
  const SilentServer silent;
  HttpClient client;
  auto start = steady_clock::now();
  const auto late = client.call({.url = silent.url(), .timeout = 100ms});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().fault, Fault::Cancelled);
  EXPECT_THAT(late.error().message, HasSubstr("within 100 ms"));
  EXPECT_LT(steady_clock::now() - start, 5s);

  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  const auto stopped = client.call({.url = silent.url(), .timeout = 60s}, source.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().fault, Fault::Cancelled);

  std::latch ended(3);
  std::atomic<int> cancelled{0};
  for (int i = 0; i < 3; ++i) {
    client.send({.url = silent.url(), .timeout = 60s}, [&](Result<HttpReply> reply) {
      cancelled += !reply && reply.error().fault == Fault::Cancelled ? 1 : 0;
      ended.count_down();
    });
  }
  start = steady_clock::now();
  client.stop();
  client.stop();
  ended.wait();
  EXPECT_EQ(cancelled, 3);
  EXPECT_LT(steady_clock::now() - start, 5s);
  EXPECT_EQ(client.call({.url = silent.url()}).error().fault, Fault::Cancelled);
}

TEST(HttpClient, OneSilentHostDoesNotDelayAnother) {
  const SilentServer silent;
  const auto server = serve(echo);
  HttpClient client({.max_connections_per_host = 2});
  std::vector<HttpClient::CallId> waiting;
  std::atomic<int> ended{0};
  for (int i = 0; i < 10; ++i) {
    waiting.push_back(client.send({.url = silent.url(), .timeout = 60s}, [&](Result<HttpReply>) { ++ended; }));
  }
  const auto start = steady_clock::now();
  EXPECT_TRUE(client.call({.url = url(*server)}));
  EXPECT_LT(steady_clock::now() - start, 5s);
  EXPECT_EQ(ended, 0);
  for (const auto id : waiting) client.cancel(id);
  client.stop();
  EXPECT_EQ(ended, 10);
}

TEST(HttpClient, AServerThatWentAwayIsReachedAgain) {
  HttpClient client;
  auto server = serve(echo);
  const int port = server->port();
  ASSERT_TRUE(client.call({.url = url(*server)}));
  server.reset();
  EXPECT_FALSE(client.call({.url = "http://127.0.0.1:" + std::to_string(port) + "/"}));
  HttpServerOptions options;
  options.listen = "127.0.0.1:" + std::to_string(port);
  auto again = HttpServer::start(options, echo);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(client.call({.method = "POST", .url = url(**again), .body = "x"}));
}

TEST(HttpClient, AMissingCertificateFileIsConfiguration) {
  HttpClient client;
  const SilentServer silent;
  const auto reply = client.call({.url = "https" + silent.url().substr(4), .tls = {.ca_file = "/nonexistent/ca.pem"}});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().fault, Fault::Configuration);
  EXPECT_THAT(reply.error().message, HasSubstr("/nonexistent/ca.pem"));
}

}  // namespace
}  // namespace tocsin::wire
