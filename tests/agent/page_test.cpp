// SPDX-License-Identifier: Apache-2.0
#include "agent/api/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/agent/answer.h"
#include "wire/compression.h"

namespace tocsin::agent {
namespace {

using testing::HasSubstr;

OwnBoards none;

Router page(OwnBoards& boards = none) {
  Router router;
  add_page(router, {[] { return 15.0; }}, boards);
  return router;
}

TEST(Page, DashboardsAndRunbooksAreServedCompressedOrNot) {
  const Router router = page();
  wire::HttpRequest request = request_of("GET", "/dashboards/overview.json");
  const Answer plain = answer_of(router, request);
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.headers.value("Content-Type"), "application/json");
  EXPECT_THAT(plain.body, HasSubstr("\"uid\": \"tocsin-overview\""));
  request.headers.add("Accept-Encoding", "br, gzip");
  const Answer small = answer_of(router, request);
  EXPECT_EQ(small.headers.value("Content-Encoding"), "gzip");
  EXPECT_EQ(*wire::gunzip(small.body, 1 << 20), plain.body);
  request.headers.add("If-None-Match", std::string(small.headers.value("ETag")));
  EXPECT_EQ(answer_of(router, request).status, 304);
  EXPECT_THAT(answer_of(router, request_of("GET", "/api/v1/runbooks/HighErrorRate")).body, HasSubstr("HighErrorRate"));
}

TEST(Page, WhatIsNotThereIs404) {
  const Router router = page();
  for (const char* path : {"/dashboards/none.json", "/dashboards/../page.js", "/api/v1/runbooks/none", "/api/v1/runbooks/.."})
    EXPECT_EQ(answer_of(router, request_of("GET", path)).status, 404) << path;
}

TEST(Page, TellsWhatItLists) {
  const Answer facts = answer_of(page(), request_of("GET", "/api/v1/status/page"));
  EXPECT_THAT(facts.body, HasSubstr("\"tickSeconds\":15"));
  EXPECT_THAT(facts.body, HasSubstr("\"tocsin-overview\""));
  EXPECT_THAT(facts.body, HasSubstr("\"HighErrorRate\""));
}

TEST(Page, APersonsOwnDashboardsAreListedAndServed) {
  const std::string folder = testing::TempDir() + "page_own";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/shop.json") << R"({"uid": "shop", "title": "The shop", "panels": []})";
  OwnBoards boards;
  boards.set({"*.json", "none/*.json"}, folder);
  const Router router = page(boards);
  const std::string facts = answer_of(router, request_of("GET", "/api/v1/status/page")).body;
  EXPECT_THAT(facts, HasSubstr(R"("title":"The shop","description":"","file":"own/shop.json")"));
  EXPECT_THAT(facts, HasSubstr(R"("unmatched":["none/*.json"])"));
  EXPECT_THAT(answer_of(router, request_of("GET", "/dashboards/own/shop.json")).body, HasSubstr("The shop"));
  for (const char* path : {"/dashboards/own/other.json", "/dashboards/own/../page.js", "/dashboards/own/"})
    EXPECT_EQ(answer_of(router, request_of("GET", path)).status, 404) << path;
}

}  // namespace
}  // namespace tocsin::agent
