// SPDX-License-Identifier: Apache-2.0
// What the server refuses by itself, put in the words of the protocol that is spoken there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "meters/base/text.h"
#include "tests/wire/socket_client.h"
#include "wire/http_server.h"

namespace tocsin::wire {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Whatever is refused, and wherever: the protocol that is spoken here has its own form for it.
TEST(HttpServerRefusal, EachRefusalIsPutInTheWordsOfItsProtocol) {
  using Cause = HttpRefusal::Cause;
  HttpServerOptions options;
  options.listen = "127.0.0.1:0";
  options.workers = 4;
  options.max_body_bytes = 100'000;
  options.max_bodies_bytes = 70'000;
  options.min_bytes_per_second = 1'000'000;
  options.pace_grace = 50ms;
  options.credentials.bearer_tokens = {"right"};
  options.on_refusal = [](const HttpRequest& request, HttpRefusal& refusal) {
    if (refusal.cause == Cause::Busy) refusal.status = 429;
    refusal.headers = {{"Content-Type", "x/refused"}, {"X-Path", request.path}};
    refusal.body = "<" + std::to_string(static_cast<int>(refusal.cause)) + " " + std::string(trim(refusal.body)) + ">";
  };
  auto server = HttpServer::start(options, [](const HttpRequest& request, HttpResponder&) {
    if (request.path == "/throw") throw std::runtime_error("broken inside");
  });
  ASSERT_TRUE(server) << server.error().message;
  const std::string post = "POST /v1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer right\r\n";
  std::string many = post;
  for (int i = 0; i < 70; ++i) many += "X-" + std::to_string(i) + ": v\r\n";
  struct Case {
    const char* name;
    std::string request;
    int status;
    Cause cause;
    const char* words;
  };
  const Case cases[] = {
      {"two hosts", "GET /v1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, Cause::Malformed, "exactly one Host"},
      {"no credentials", get("/v1"), 401, Cause::Credentials, "credentials"},
      {"origin", post + "Origin: http://evil.example\r\n\r\n", 403, Cause::Origin, "evil.example"},
      {"too large", post + "Content-Length: 100001\r\n\r\n", 413, Cause::TooLarge, "100000 bytes"},
      {"expectation", post + "Expect: cake\r\n\r\n", 417, Cause::Malformed, "100-continue"},
      {"busy", post + "Content-Length: 90000\r\n\r\n" + std::string(90'000, 'x'), 429, Cause::Busy, "too many"},
      {"slow", post + "Content-Length: 40000\r\n\r\nxxx", 408, Cause::Slow, "too slowly"},
      {"chunks", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, Cause::Malformed, "chunks"},
      {"exception", "GET /throw HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer right\r\n\r\n", 500, Cause::Failed,
       "broken inside"},
      {"silence", post + "\r\n", 500, Cause::Failed, "not answered"},
      {"many fields", many + "\r\n", 431, Cause::TooLarge, "header fields"},
      {"long field", post + "X-Long: " + std::string(90'000, 'x') + "\r\n\r\n", 431, Cause::TooLarge, "longer than"},
      {"no HTTP", "nonsense\r\n\r\n", 400, Cause::Malformed, "Bad request"},
  };
  for (const Case& one : cases) {
    SocketClient client((*server)->port());
    client.send(one.request);
    const std::string answer = client.read_answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(one.status))) << one.name;
    EXPECT_THAT(answer, HasSubstr("Content-Type: x/refused\r\n")) << one.name;
    EXPECT_THAT(answer, HasSubstr("\r\n\r\n<" + std::to_string(static_cast<int>(one.cause)) + " ")) << one.name;
    EXPECT_THAT(answer, HasSubstr(one.words)) << one.name;
    EXPECT_THAT(answer, Not(HasSubstr("text/plain"))) << one.name;
  }
}

}  // namespace
}  // namespace tocsin::wire
