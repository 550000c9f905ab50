// SPDX-License-Identifier: Apache-2.0
#include "wire/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "meters/base/text.h"
#include "tests/wire/socket_client.h"

namespace tocsin::wire {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

HttpServerOptions on_any_port() {
  HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  options.workers = 4;
  return options;
}

std::unique_ptr<HttpServer> serve(HttpServer::Handler handler, const HttpServerOptions& options = on_any_port()) {
  auto server = HttpServer::start(options, std::move(handler));
  EXPECT_TRUE(server) << server.error().message;
  return server ? std::move(*server) : nullptr;
}

void say_ok(const HttpRequest&, HttpResponder& responder) { responder.send_text(200, "ok\n"); }

void echo(const HttpRequest& request, HttpResponder& responder) {
  std::string text = request.method + " " + request.path + "\n";
  for (const auto& [name, value] : request.query) text += name + "=" + value + "\n";
  text += request.body;
  responder.send(200, {{"Content-Type", "text/plain"}, {"X-Kind", std::string(request.headers.value("x-KIND"))}}, text);
}

std::string ask(int port, std::string_view request) {
  SocketClient client(port);
  client.send(request);
  return client.read_answer();
}

TEST(HttpServer, DecodesPathQueryAndHeaders) {
  const auto server = serve(echo);
  const std::string answer =
      ask(server->port(), get("/a%20b/../c/%7Bd?match[]=up&match%5B%5D=x+y&n=1", "x-kind: Some Thing \r\n"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nGET /c/{d\nmatch[]=up\nmatch[]=x y\nn=1\n"));
  EXPECT_THAT(answer, HasSubstr("X-Kind: Some Thing"));
  EXPECT_EQ(server->stats().requests, 1u);
  EXPECT_EQ(server->stats().handled, 1u);
}

TEST(HttpServer, KeepsTheConnectionForTheNextRequest) {
  const auto server = serve(echo);
  SocketClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.send("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_THAT(client.read_answer(), HasSubstr("POST /x\nhello"));
  }
  client.send(get("/last", "Connection: close\r\n"));
  EXPECT_THAT(client.read_all(), HasSubstr("Connection: close"));
}

TEST(HttpServer, ReadsBodiesOfAnySizeAndFraming) {
  const auto server = serve(echo);
  for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 1048576u, 3000001u}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; i += 97) body[i] = static_cast<char>('a' + i % 23);
    const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\n";
    EXPECT_THAT(ask(server->port(), head + "Content-Length: " + std::to_string(size) + "\r\n\r\n" + body),
                testing::EndsWith("POST /\n" + body))
        << size;
    std::string chunked;
    for (std::size_t at = 0; at < size; at += 70000) {
      const std::string part = body.substr(at, 70000);
      char length[20];
      std::snprintf(length, sizeof(length), "%zx\r\n", part.size());
      chunked += length + part + "\r\n";
    }
    EXPECT_THAT(ask(server->port(), head + "Transfer-Encoding: chunked\r\n\r\n" + chunked + "0\r\n\r\n"),
                testing::EndsWith("POST /\n" + body))
        << size << " chunked";
  }
}

TEST(HttpServer, StreamsInChunks) {
  std::string expected;
  for (int i = 0; i < 3000; ++i) expected += "line " + std::to_string(i) + std::string(100, '.') + "\n";
  const auto server = serve([&](const HttpRequest&, HttpResponder& responder) {
    if (!responder.begin(200, {{"Content-Type", "text/plain"}})) return;
    for (std::size_t at = 0; at < expected.size(); at += 1000) {
      ASSERT_TRUE(responder.write(std::string_view(expected).substr(at, 1000)));
    }
    responder.end();
  });
  SocketClient client(server->port());
  client.send(get("/", "Connection: close\r\n"));
  std::string answer = client.read_all();
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  std::string_view rest = std::string_view(answer).substr(answer.find("\r\n\r\n") + 4);
  std::string body;
  for (;;) {
    const std::size_t line = rest.find("\r\n");
    ASSERT_NE(line, std::string_view::npos);
    const std::size_t size = std::stoul(std::string(rest.substr(0, line)), nullptr, 16);
    if (size == 0) break;
    body += rest.substr(line + 2, size);
    rest.remove_prefix(line + 2 + size + 2);
  }
  EXPECT_EQ(body, expected);

  SocketClient old(server->port());
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.read_all(), testing::EndsWith("\r\n\r\n" + expected));
}

TEST(HttpServer, HeadHasTheHeadersOfGetAndNoBody) {
  const auto server = serve([](const HttpRequest& request, HttpResponder& responder) {
    if (request.path == "/whole") return responder.send(200, {{"X-A", "b"}}, "0123456789");
    EXPECT_FALSE(responder.begin(200, {{"X-A", "c"}}));
    EXPECT_FALSE(responder.write("never seen"));
    responder.end();
  });
  SocketClient client(server->port());
  client.send("HEAD /whole HTTP/1.1\r\nHost: localhost\r\n\r\nHEAD /s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string both = client.read_all();
  EXPECT_THAT(both, HasSubstr("X-A: b\r\n"));
  EXPECT_THAT(both, HasSubstr("Content-Length: 10\r\n"));
  EXPECT_THAT(both, HasSubstr("X-A: c\r\n"));
  EXPECT_THAT(both, Not(HasSubstr("0123456789")));
  EXPECT_THAT(both, Not(HasSubstr("never seen")));
}

TEST(HttpServer, ExceptionsAndSilenceAre500) {
  const auto server = serve([](const HttpRequest& request, HttpResponder& responder) {
    if (request.path == "/throw") throw std::runtime_error("broken inside");
    if (request.path == "/odd") throw 7;
    if (request.path == "/cut") {
      responder.begin(200, {});
      responder.write("half");
      throw std::runtime_error("later");
    }
  });
  EXPECT_THAT(ask(server->port(), get("/throw")), testing::AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("broken inside")));
  EXPECT_THAT(ask(server->port(), get("/odd")), StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(ask(server->port(), get("/nothing")), StartsWith("HTTP/1.1 500"));
  SocketClient client(server->port());
  client.send(get("/cut"));
  EXPECT_THAT(client.read_all(), Not(HasSubstr("\r\n0\r\n")));  // the peer can see that it is not whole
  EXPECT_EQ(server->stats().handler_exceptions, 4u);  // to say nothing is a fault, too
}

TEST(HttpServer, AHeaderValueCannotEndItsLine) {
  const auto server = serve([](const HttpRequest&, HttpResponder& responder) {
    responder.send(200, {{"X-A", "b\r\nInjected: yes"}}, "");
  });
  EXPECT_THAT(ask(server->port(), get("/")), Not(HasSubstr("\r\nInjected")));
}

TEST(HttpServer, RefusesWhatTwoReadersCouldReadDifferently) {
  const auto server = serve(echo);
  const auto status = [&](std::string_view request) { return ask(server->port(), request).substr(0, 12); };
  const std::string post = "POST / HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status(post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), "HTTP/1.1 400");
  EXPECT_EQ(status(post + "Content-Length: 5x\r\n\r\nhello"), "HTTP/1.1 400");
  EXPECT_EQ(status(post + "Content-Length: -5\r\n\r\nhello"), "HTTP/1.1 411");
  EXPECT_EQ(status(post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status(post + "Transfer-Encoding: gzip\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status(post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status(post + "Expect: magic\r\nContent-Length: 1\r\n\r\nx"), "HTTP/1.1 417");
  EXPECT_EQ(status("nonsense\r\n\r\n"), "HTTP/1.1 400");
  EXPECT_EQ(status("GET / HTTP/3.0\r\nHost: localhost\r\n\r\n"), "HTTP/1.1 505");
  EXPECT_EQ(server->stats().handled, 0u);
  EXPECT_EQ(server->stats().refused_malformed, 11u);

  std::string many = "GET / HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 70; ++i) many += "X-" + std::to_string(i) + ": v\r\n";
  EXPECT_EQ(status(many + "\r\n"), "HTTP/1.1 431");
  EXPECT_EQ(server->stats().refused_too_large, 1u);
  EXPECT_EQ(status(get("/?query=" + std::string(65'536, 'x'), "")), "HTTP/1.1 200");
  EXPECT_THAT(ask(server->port(), get("/", "X-Long: " + std::string(90'000, 'x') + "\r\n")),
              testing::AllOf(StartsWith("HTTP/1.1 431"), HasSubstr("longer than 81920 bytes")));
}

TEST(HttpServer, ATooLargeBodyIsAnsweredEvenWhileItIsSent) {
  HttpServerOptions options = on_any_port();
  options.max_body_bytes = 100'000;
  const auto server = serve(echo, options);
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\n";
  const std::string body(200'000, 'x');
  EXPECT_THAT(ask(server->port(), head + "Content-Length: 200000\r\n\r\n" + body), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(ask(server->port(), head + "Transfer-Encoding: chunked\r\n\r\n30d40\r\n" + body + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(ask(server->port(), head + "Content-Length: 99999999999999\r\n\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(ask(server->port(), head + "Content-Length: 99999999999999999999999\r\n\r\n"), StartsWith("HTTP/1.1 4"));
  const std::string exact(100'000, 'x');
  EXPECT_THAT(ask(server->port(), head + "Transfer-Encoding: chunked\r\n\r\n186a0\r\n" + exact + "\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
  EXPECT_GE(server->stats().refused_too_large, 3u);
}

TEST(HttpServer, BodiesTogetherHaveALimit) {
  HttpServerOptions options = on_any_port();
  options.max_bodies_bytes = 50'000;
  const auto server = serve(echo, options);
  const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n";
  const std::string answer = ask(server->port(), head + std::string(60'000, 'x'));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(answer, HasSubstr("Retry-After: 1"));
  EXPECT_THAT(ask(server->port(), get("/")), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(server->stats().refused_busy, 1u);
}

TEST(HttpServer, AnswersExpectContinueBeforeTheBody) {
  const auto server = serve(echo);
  SocketClient client(server->port());
  client.send("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 100 Continue"));
  client.send("abc");
  EXPECT_THAT(client.read_answer(), HasSubstr("POST /\nabc"));
}

TEST(HttpServer, OtherHostsAndOriginsAreRefused) {
  HttpServerOptions options = on_any_port();
  options.allowed_hosts = {"metrics.example.org"};
  const auto server = serve(say_ok, options);
  const auto status = [&](std::string_view headers) {
    return ask(server->port(), "GET / HTTP/1.1\r\n" + std::string(headers) + "\r\n").substr(9, 3);
  };
  EXPECT_EQ(status("Host: localhost\r\n"), "200");
  EXPECT_EQ(status("Host: LOCALHOST:9464\r\n"), "200");
  EXPECT_EQ(status("Host: 127.0.0.1:9464\r\n"), "200");
  EXPECT_EQ(status("Host: [::1]:9464\r\n"), "200");
  EXPECT_EQ(status("Host: metrics.example.org\r\n"), "200");
  EXPECT_EQ(status("Host: evil.example.org\r\n"), "403");
  EXPECT_EQ(status("Host: localhost.evil.example\r\n"), "403");
  EXPECT_EQ(status("Host: localhost:9464\r\nOrigin: http://localhost:9464\r\n"), "200");
  EXPECT_EQ(status("Host: localhost:9464\r\nOrigin: http://evil.example\r\n"), "403");
  EXPECT_EQ(status("Host: localhost:9464\r\nOrigin: http://localhost:3000\r\n"), "403");
  EXPECT_EQ(status("Host: localhost:9464\r\nOrigin: null\r\n"), "403");
  EXPECT_EQ(server->stats().refused_host, 2u);
  EXPECT_EQ(server->stats().refused_origin, 3u);
  EXPECT_THAT(ask(server->port(), "GET / HTTP/1.1\r\nHost: evil.example.org\r\n\r\n"), HasSubstr("allowed_hosts"));

  options.allowed_hosts = {"*"};
  const auto open = serve(say_ok, options);
  EXPECT_THAT(ask(open->port(), "GET / HTTP/1.1\r\nHost: anything\r\n\r\n"), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, AsksForCredentials) {
  HttpServerOptions options = on_any_port();
  // "hashed" is of the password "secret", by SHA-512.
  options.credentials.users = {
      {"plain", "pass:word"},
      {"hashed",
       "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1"}};
  options.credentials.bearer_tokens = {"token-1"};
  const auto server = serve(
      [](const HttpRequest& request, HttpResponder& responder) {
        responder.send_text(200, request.authenticated ? "known\n" : "unknown\n");
      },
      options);
  const auto with = [&](std::string_view authorization) {
    return ask(server->port(), get("/", "Authorization: " + std::string(authorization) + "\r\n"));
  };
  const std::string refused = ask(server->port(), get("/"));
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(refused, HasSubstr("WWW-Authenticate: Basic realm="));
  EXPECT_THAT(with("Basic " + base64("plain:pass:word")), HasSubstr("known"));
  EXPECT_THAT(with("basic " + base64("plain:pass:word")), HasSubstr("known"));
  EXPECT_THAT(with("Basic " + base64("plain:pass:wor")), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(with("Basic " + base64("plain:")), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(with("Basic " + base64("plain")), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(with("Basic ***"), StartsWith("HTTP/1.1 401"));
  for (int twice = 0; twice < 2; ++twice) {  // the second time from memory
    EXPECT_THAT(with("Basic " + base64("hashed:secret")), HasSubstr("known"));
    EXPECT_THAT(with("Basic " + base64("hashed:Secret")), StartsWith("HTTP/1.1 401"));
  }
  EXPECT_THAT(with("Bearer token-1"), HasSubstr("known"));
  EXPECT_THAT(with("Bearer token-2"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(with("Bearer "), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(with("token-1"), StartsWith("HTTP/1.1 401"));
  EXPECT_EQ(server->stats().refused_credentials, 10u);
  // Whoever knows the token was not brought here by a rebound name.
  EXPECT_THAT(ask(server->port(), "GET / HTTP/1.1\r\nHost: other.example\r\nAuthorization: Bearer token-1\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, ABrokenHashMatchesNothing) {
  HttpServerOptions options = on_any_port();
  options.credentials.users = {{"ann", "$5$saltsalt$"}};
  // A hash that is no full one matches nothing, and the crypt library's failure text neither.
  const auto server = serve(say_ok, options);
  EXPECT_THAT(ask(server->port(), get("/", "Authorization: Basic " + base64("ann:secret") + "\r\n")),
              StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(ask(server->port(), get("/", "Authorization: Basic " + base64("ann:*0") + "\r\n")),
              StartsWith("HTTP/1.1 401"));
}

TEST(HttpServer, SaysWhyItCannotListen) {
  const auto first = serve(say_ok);
  HttpServerOptions options = on_any_port();
  options.listen = first->address();
  auto second = HttpServer::start(options, say_ok);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot listen on " + first->address() + ": Address already in use");
  EXPECT_EQ(second.error().fault, Fault::Environment);

  options.listen = "[::1]:0";
  auto ipv6 = HttpServer::start(options, say_ok);
  ASSERT_FALSE(ipv6);
  EXPECT_EQ(ipv6.error().fault, Fault::Unsupported);
  EXPECT_THAT(ipv6.error().message, HasSubstr("no IPv6"));
  for (const char* listen : {"", "9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:80s", "no.such.name:80"}) {
    options.listen = listen;
    auto failed = HttpServer::start(options, say_ok);
    ASSERT_FALSE(failed) << listen;
    EXPECT_EQ(failed.error().fault, Fault::Configuration) << listen;
  }
  options.listen = "203.0.113.1:0";  // not an address of this machine
  auto foreign = HttpServer::start(options, say_ok);
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message, HasSubstr("Cannot assign requested address"));
}

TEST(HttpServer, StopsTwiceAndFreesThePort) {
  const auto server = serve(say_ok);
  const int port = server->port();
  EXPECT_THAT(ask(port, get("/")), StartsWith("HTTP/1.1 200"));
  SocketClient idle(port);
  const auto start = std::chrono::steady_clock::now();
  server->stop();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1500ms);
  EXPECT_TRUE(idle.closed_within(1s));
  HttpServerOptions options = on_any_port();
  options.listen = "127.0.0.1:" + std::to_string(port);
  const auto again = serve(say_ok, options);
  EXPECT_THAT(ask(port, get("/")), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, StopLetsARunningRequestFinish) {
  std::atomic<bool> entered{false};
  std::atomic<bool> go_on{false};
  const auto server = serve([&](const HttpRequest&, HttpResponder& responder) {
    entered = true;
    entered.notify_all();
    go_on.wait(false);
    responder.send_text(200, "finished\n");
  });
  SocketClient client(server->port());
  client.send(get("/"));
  entered.wait(false);
  std::jthread stopper([&] { server->stop(); });
  go_on = true;
  go_on.notify_all();
  EXPECT_THAT(client.read_answer(), HasSubstr("finished"));
}

}  // namespace
}  // namespace tocsin::wire
