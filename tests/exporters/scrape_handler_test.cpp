// SPDX-License-Identifier: Apache-2.0
#include "exporters/scrape_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/patterns.h"
#include "tests/exporters/sample_snapshot.h"

namespace tocsin::exporters {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using ::testing::HasSubstr;

// Takes an answer as a peer would that goes away after `patience` writes.
class Answer final : public wire::HttpResponder {
 public:
  int status = 0;
  wire::HttpHeaders headers;
  std::string body;
  bool ended = false, head = false;
  int writes = 0, patience = 1'000'000;

  void send(int code, const wire::HttpHeaders& fields, std::string_view text) override {
    status = code;
    headers = fields;
    body = text;
    ended = true;
  }
  bool begin(int code, const wire::HttpHeaders& fields) override {
    status = code;
    headers = fields;
    return !head;
  }
  bool write(std::string_view block) override {
    EXPECT_FALSE(ended);
    body += block;
    return ++writes < patience;
  }
  void end() override { ended = true; }
};

wire::HttpRequest get(std::string_view query = "", wire::HttpHeaders headers = {}) {
  wire::HttpRequest request;
  request.method = "GET";
  request.path = "/metrics";
  request.query = wire::parse_query(query);
  request.headers = std::move(headers);
  return request;
}

ScrapeOptions with_patterns() {
  ScrapeOptions options;
  options.compile_pattern = compile_pattern;
  return options;
}

TEST(ScrapeHandler, text_by_default) {
  ScrapeHandler handler(everything);
  Answer answer;
  handler.handle(get(), answer);
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.headers.value("content-type"), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
  EXPECT_EQ(answer.headers.value("vary"), "Accept, Accept-Encoding");
  EXPECT_EQ(answer.body, golden("everything.txt", answer.body));
  EXPECT_EQ(handler.totals().scrapes, 1U);
  EXPECT_EQ(handler.totals().by_format[0], 1U);
  EXPECT_EQ(handler.totals().bytes, answer.body.size());
}

TEST(ScrapeHandler, other_options_hold_from_the_next_scrape_on) {
  ScrapeHandler handler(everything);
  Answer with, without;
  handler.handle(get(), with);
  ScrapeOptions options;
  options.exposition.target_info = false;
  handler.configure(options);
  handler.handle(get(), without);
  EXPECT_THAT(with.body, HasSubstr("target_info{"));
  EXPECT_THAT(without.body, Not(HasSubstr("target_info{")));
  EXPECT_EQ(handler.totals().scrapes, 2U) << "and the count goes on";
}

TEST(ScrapeHandler, format_and_compression_by_headers) {
  ScrapeHandler handler(everything);
  for (const auto& [name, encoding] : {std::pair{"gzip", wire::Encoding::Gzip}, {"zstd", wire::Encoding::Zstd}}) {
    Answer answer;
    handler.handle(get("", {{"Accept", "application/openmetrics-text;version=1.0.0"}, {"Accept-Encoding", name}}),
                   answer);
    EXPECT_EQ(answer.headers.value("content-encoding"), name);
    const auto body = wire::decompress(encoding, answer.body, 1 << 20);
    ASSERT_TRUE(body.ok()) << body.error().message;
    EXPECT_EQ(*body, golden("everything.openmetrics", *body));
  }
  EXPECT_EQ(handler.totals().by_format[1], 2U);
}

TEST(ScrapeHandler, filters) {
  ScrapeHandler handler(everything, with_patterns());
  Answer answer;
  handler.handle(get("name[]=server_conc&match[]=%7Bwhich%3D~%22n.*%22%7D"), answer);
  EXPECT_EQ(
      answer.body,
      "# HELP odd_values Odd.\n# TYPE odd_values gauge\nodd_values{which=\"nan\"} NaN\n"
      "# HELP server_conc In flight.\n# TYPE server_conc gauge\nserver_conc{func=\"GET /items\"} -2\nserver_conc 3\n");
}

TEST(ScrapeHandler, a_bad_selector_is_400_with_its_position) {
  ScrapeHandler handler(everything, with_patterns());
  Answer answer;
  handler.handle(get("match[]=up%7Ba"), answer);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("selector \"up{a\", character 5: one of"));
  EXPECT_EQ(handler.totals().refused, 1U);
}

TEST(ScrapeHandler, head_has_headers_and_no_body) {
  ScrapeHandler handler(everything);
  Answer answer;
  answer.head = true;
  auto request = get();
  request.method = "HEAD";
  handler.handle(request, answer);
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.headers.contains("content-type"));
  EXPECT_EQ(answer.writes, 0);
}

TEST(ScrapeHandler, other_methods_and_no_snapshot) {
  ScrapeHandler handler([] { return std::shared_ptr<const meters::Snapshot>(); });
  Answer posted, early;
  auto request = get();
  request.method = "POST";
  handler.handle(request, posted);
  EXPECT_EQ(posted.status, 405);
  EXPECT_EQ(posted.headers.value("allow"), "GET, HEAD");
  handler.handle(get(), early);
  EXPECT_EQ(early.status, 503);
  EXPECT_EQ(handler.totals().unavailable, 1U);
}

TEST(ScrapeHandler, a_peer_that_goes_away_is_counted) {
  std::vector<Labels> rows;
  for (int i = 0; i < 50'000; ++i) rows.push_back({std::to_string(i)});
  const auto big = snapshot(integers(family("m", Kind::Gauge, {"a"}, rows), std::vector<std::int64_t>(50'000, 1)));
  ScrapeHandler handler([&] { return big; });
  for (const char* encoding : {"identity", "gzip"}) {
    Answer answer;
    answer.patience = 2;
    handler.handle(get("", {{"Accept-Encoding", encoding}}), answer);
    EXPECT_FALSE(answer.ended) << "a cut answer must not look whole";
    EXPECT_EQ(answer.writes, 2);
  }
  EXPECT_EQ(handler.totals().cut_off, 2U);
  EXPECT_EQ(handler.totals().scrapes, 0U);
}

}  // namespace
}  // namespace tocsin::exporters
