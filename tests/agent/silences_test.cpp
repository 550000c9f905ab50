// SPDX-License-Identifier: Apache-2.0
#include "agent/notify/silences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/api/notify_api.h"
#include "agent/api/router.h"
#include "tests/agent/losing_store.h"

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;
using rules::promql::Matcher;
using rules::promql::MatchType;
using testing::HasSubstr;

class Answer final : public wire::HttpResponder {
 public:
  void send(int code, const wire::HttpHeaders&, std::string_view text) override { status = code, body = text; }
  bool begin(int, const wire::HttpHeaders&) override { return false; }
  bool write(std::string_view) override { return false; }
  void end() override {}
  int status = 0;
  std::string body;
};

class SilencesTest : public testing::Test {
 protected:
  Result<std::string> put(const std::string& job, std::chrono::nanoseconds lasts, std::string id = {}) {
    return silences_.put({*Matcher::make("job", MatchType::Equal, job)},
                         {.id = std::move(id), .starts_at = clock_.now(), .ends_at = clock_.now() + lasts, .author = "ann", .comment = "c"});
  }
  Answer post(const std::string& body) {
    Answer answer;
    wire::HttpRequest request;
    request.method = "POST";
    request.body = body;
    take_silence(silences_, request, clock_.now(), answer);
    return answer;
  }
  Answer list(const std::string& filter = {}) {
    Answer answer;
    wire::HttpRequest request;
    request.method = "GET";
    if (!filter.empty()) request.query.add("filter", filter);
    send_silences(silences_.all(), request, clock_.now(), answer);
    return answer;
  }

  ManualClock clock_;
  LosingStore store_;
  std::vector<rules::Silence> given_;
  Silences silences_{store_, clock_, [this](auto active) { given_ = std::move(active); }};
};

TEST(SilenceMatcher, IsReadAsAmtoolReadsIt) {
  const std::pair<const char*, const char*> good[] = {{"queue=mail", "mail"}, {"queue=\"mail\"", "mail"}, {"queue = \"a \\\"b\\\" \\\\\"", "a \"b\" \\"},
                                                      {"queue=", ""}, {"queue=\"\"", ""}, {"queue=~a\\.b", "a\\.b"}};
  for (const auto& [text, value] : good) {
    const auto matcher = parse_matcher(text);
    ASSERT_TRUE(matcher.ok()) << text << ": " << matcher.error().message;
    EXPECT_EQ(matcher->text(), value) << text;
  }
  for (const char* bad : {"queue=\"mail", "queue=mail\"", "queue=\"", "queue=\"ma\"il\"", "queue=\"mail\\\"", "queue", "=x"})
    EXPECT_FALSE(parse_matcher(bad).ok()) << bad;
}

TEST_F(SilencesTest, AreStoredAnewWhereTheDatabaseWasPutAside) {
  ASSERT_TRUE(put("shop", 1h));
  store_.lose();
  EXPECT_TRUE(store_.silences()->empty());
  store_.fail(true);
  silences_.keep();
  EXPECT_TRUE(store_.silences()->empty());
  store_.fail(false);
  silences_.keep();
  ASSERT_EQ(store_.silences()->size(), 1U);
}

TEST_F(SilencesTest, AreStoredGivenOnAndEnd) {
  const auto id = put("shop", 1h);
  ASSERT_TRUE(id);
  EXPECT_EQ(given_.size(), 1U);
  EXPECT_EQ(store_.silences()->size(), 1U);
  ASSERT_TRUE(put("web", 2h, *id));  // the same with other words
  EXPECT_EQ(silences_.all().size(), 1U);
  EXPECT_TRUE(given_[0].takes({{"job", "web"}}));
  EXPECT_TRUE(*silences_.expire(*id));
  EXPECT_FALSE(*silences_.expire(*id));
  EXPECT_TRUE(given_.empty());
  EXPECT_EQ(silences_.all().size(), 1U);  // shown for five days
  clock_.advance(121h);
  Silences later(store_, clock_, [](auto) {});
  ASSERT_TRUE(later.load());
  EXPECT_TRUE(later.all().empty());
  EXPECT_TRUE(store_.silences()->empty());
}

TEST_F(SilencesTest, RefuseWhatMakesNoSense) {
  EXPECT_FALSE(put("shop", -1s));
  EXPECT_FALSE(put("shop", 1h, "no such id"));
  EXPECT_FALSE(silences_.put({}, {.ends_at = clock_.now() + 1h, .author = "ann"}));
  EXPECT_TRUE(given_.empty());
}

TEST_F(SilencesTest, SpeakAlertmanagersApi) {
  const Answer made = post(R"({"matchers":[{"name":"job","value":"a|b","isRegex":true,"isEqual":true}],"startsAt":"2023-11-14T22:13:20Z",)"
                           R"("endsAt":"2023-11-15T22:13:20Z","createdBy":"ann","comment":"moving"})");
  EXPECT_EQ(made.status, 200);
  ASSERT_THAT(made.body, testing::StartsWith("{\"silenceID\":\""));
  const std::string id = made.body.substr(14, 36);
  const Answer all = list();
  EXPECT_EQ(all.body, R"([{"id":")" + id + R"(","status":{"state":"active"},"updatedAt":"2023-11-14T22:13:20Z","comment":"moving","createdBy":"ann",)"
                      R"("endsAt":"2023-11-15T22:13:20Z","matchers":[{"isEqual":true,"isRegex":true,"name":"job","value":"a|b"}],)"
                      R"("startsAt":"2023-11-14T22:13:20Z"}])");
  EXPECT_EQ(list("job=\"x\"").body, "[]");
  EXPECT_EQ(list("job=~\"a.*\"").body, all.body);
  EXPECT_EQ(list("job").status, 400);
  Answer ended, again, one;
  expire_silence(silences_, id, ended);
  expire_silence(silences_, id, again);
  EXPECT_EQ(ended.status, 200);
  EXPECT_EQ(again.status, 404);
  send_silence(silences_.find(id), clock_.now(), one);
  EXPECT_THAT(one.body, HasSubstr("\"state\":\"expired\""));
}

TEST_F(SilencesTest, BadRequestsAreAnswered) {
  for (const char* body : {"", "{", "[]", "{}", R"({"matchers":[{"name":"a","value":"("  ,"isRegex":true}],"endsAt":"2030-01-01T00:00:00Z","createdBy":"x"})",
                           R"({"matchers":[{"name":"a","value":"b"}],"endsAt":"never","createdBy":"x"})",
                           R"({"matchers":[{"name":"a","value":"b"}],"endsAt":"2030-01-01T00:00:00Z"})"}) {
    const Answer answer = post(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_GT(answer.body.size(), 4U) << body;
  }
  EXPECT_EQ(post(std::string(2 << 20, ' ')).status, 413);
}

}  // namespace
}  // namespace tocsin::agent
