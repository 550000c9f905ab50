// SPDX-License-Identifier: Apache-2.0
#include "agent/api/router.h"

#include <gtest/gtest.h>

#include "tests/agent/answer.h"
#include "wire/compression.h"

namespace tocsin::agent {
namespace {

Answer ask(const Router& router, std::string method, std::string path, bool loopback = true, bool authenticated = false) {
  wire::HttpRequest request = request_of(std::move(method), std::move(path));
  request.peer_is_loopback = loopback;
  request.authenticated = authenticated;
  return answer_of(router, request);
}

Router example() {
  Router router;
  router.get("/a", [](const auto&, auto& responder) { responder.send_text(200, "a"); });
  router.get("/docs/*", [](const auto& request, auto& responder) { responder.send_text(200, request.path); });
  router.change("/-/reload", [](const auto&, auto& responder) { responder.send_text(200, "done"); });
  return router;
}

TEST(Router, answers_by_path_and_method) {
  const Router router = example();
  EXPECT_EQ(ask(router, "GET", "/a").body, "a");
  EXPECT_EQ(ask(router, "HEAD", "/a").status, 200);
  EXPECT_EQ(ask(router, "GET", "/docs/x/y").body, "/docs/x/y");
  EXPECT_EQ(ask(router, "GET", "/b").status, 404);
  EXPECT_EQ(ask(router, "GET", "/a/").status, 404);
  const Answer wrong = ask(router, "DELETE", "/a");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.value("allow"), "GET, HEAD");
}

TEST(Router, changes_need_loopback_or_credentials) {
  const Router router = example();
  EXPECT_EQ(ask(router, "POST", "/-/reload").status, 200);
  EXPECT_EQ(ask(router, "GET", "/-/reload").status, 405);
  EXPECT_EQ(ask(router, "POST", "/-/reload", false).status, 403);
  EXPECT_EQ(ask(router, "POST", "/-/reload", false, true).status, 200);
}

TEST(Router, json_answers_are_compressed_as_the_client_asks) {
  const std::string json = "{\"data\":\"" + std::string(5'000, 'x') + "\"}";
  Router router;
  router.get("/json", [&](const auto&, auto& responder) { responder.send(200, {{"Content-Type", "application/json"}}, json); });
  router.get("/small", [](const auto&, auto& responder) { responder.send(200, {{"Content-Type", "application/json"}}, "{}"); });
  router.get("/text", [&](const auto&, auto& responder) { responder.send_text(200, json); });
  const auto asked = [&](std::string path, std::string accept) {
    wire::HttpRequest request = request_of("GET", std::move(path));
    if (!accept.empty()) request.headers.add("Accept-Encoding", std::move(accept));
    return answer_of(router, request);
  };
  const Answer gzip = asked("/json", "gzip");
  EXPECT_EQ(gzip.headers.value("Content-Encoding"), "gzip");
  EXPECT_EQ(gzip.headers.value("Vary"), "Accept-Encoding");
  EXPECT_EQ(*wire::gunzip(gzip.body, 1 << 20), json);
  EXPECT_EQ(*wire::unzstd(asked("/json", "zstd, gzip;q=0.5").body, 1 << 20), json);
  EXPECT_EQ(asked("/json", "").body, json);
  EXPECT_EQ(asked("/json", "gzip;q=0").body, json);
  EXPECT_EQ(asked("/json", "").headers.value("Vary"), "Accept-Encoding") << "a cache must not mix them up";
  EXPECT_EQ(asked("/small", "gzip").body, "{}");
  EXPECT_EQ(asked("/text", "gzip").body, json);
}

}  // namespace
}  // namespace tocsin::agent
