// SPDX-License-Identifier: Apache-2.0
#include "wire/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(PercentCoding, DecodesAndLeavesBrokenEscapesAlone) {
  EXPECT_EQ(percent_decode("a%20b%41%7a"), "a bAz");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%zz%41"), "%zzA");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a+b", Plus::IsSpace), "a b");
}

TEST(PercentCoding, EncodeIsUndoneByDecode) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
  EXPECT_EQ(percent_encode("a b/c", "/"), "a%20b/c");
  EXPECT_EQ(percent_encode("a b/c"), "a%20b%2Fc");
}

TEST(Query, RepeatedNamesKeepTheirOrder) {
  const QueryParameters query = parse_query("match[]=up&time=5&match%5B%5D=x%7Ba%3D%22b%22%7D&&flag&empty=");
  EXPECT_THAT(query.all("match[]"), ElementsAre("up", "x{a=\"b\"}"));
  EXPECT_EQ(query.value("time"), "5");
  EXPECT_EQ(query.value("absent", "none"), "none");
  EXPECT_TRUE(query.contains("flag"));
  EXPECT_EQ(query.value("empty", "none"), "");
  EXPECT_EQ(query.size(), 5u);
  EXPECT_TRUE(parse_query("").empty());
  EXPECT_EQ(parse_query("a=b=c").value("a"), "b=c");
}

TEST(ParseUrl, Parts) {
  const auto url = parse_url("HTTP://Example.org:4318/v1/metrics?a=b#frag");
  ASSERT_TRUE(url);
  EXPECT_EQ(*url, (Url{"http", "example.org", 4318, "/v1/metrics?a=b"}));
  EXPECT_EQ(*parse_url("https://h"), (Url{"https", "h", 443, "/"}));
  EXPECT_EQ(*parse_url("http://[::1]:80?x"), (Url{"http", "::1", 80, "/?x"}));
}

TEST(ParseUrl, SaysWhatIsWrong) {
  const auto why = [](std::string_view text) { return parse_url(text).error().message; };
  EXPECT_THAT(why("localhost:4318"), HasSubstr("no scheme"));
  EXPECT_THAT(why("ftp://x"), HasSubstr("neither http nor https"));
  EXPECT_THAT(why("http://"), HasSubstr("no host"));
  EXPECT_THAT(why("http://:80/"), HasSubstr("no host"));
  EXPECT_THAT(why("http://h:0/"), HasSubstr("port"));
  EXPECT_THAT(why("http://h:65536/"), HasSubstr("port"));
  EXPECT_THAT(why("http://h:8x/"), HasSubstr("port"));
  EXPECT_THAT(why("http://u:p@h/"), HasSubstr("user name"));
  EXPECT_THAT(why("http://h/a b"), HasSubstr("space"));
  EXPECT_THAT(why("http://h/\r\nX: y"), HasSubstr("control"));
  EXPECT_THAT(why("http://[::1"), HasSubstr("no host"));
}

TEST(ParseGrpcTarget, HasAHostAPortAndNoPath) {
  EXPECT_EQ(*parse_grpc_target("collector:4317"), (Url{"", "collector", 4317, "/"}));
  EXPECT_EQ(*parse_grpc_target("[::1]:4317"), (Url{"", "::1", 4317, "/"}));
  EXPECT_EQ(*parse_grpc_target("https://collector"), (Url{"https", "collector", 443, "/"}));
  for (const char* text : {"collector", "::1", "[::1]", "collector:", "http:/x", "http://c:4317/v1/metrics", "ftp://c:1", "c:99999", ""})
    EXPECT_FALSE(parse_grpc_target(text).ok()) << text;
}

TEST(Addresses, LoopbackAndLiterals) {
  EXPECT_TRUE(is_loopback_address("127.0.0.1"));
  EXPECT_TRUE(is_loopback_address("127.9.8.7"));
  EXPECT_TRUE(is_loopback_address("::1"));
  EXPECT_FALSE(is_loopback_address("127.evil.example"));
  EXPECT_FALSE(is_loopback_address("10.0.0.1"));
  EXPECT_TRUE(is_ip_address("10.0.0.1"));
  EXPECT_TRUE(is_ip_address("fe80::1"));
  EXPECT_FALSE(is_ip_address("10.0.0"));
  EXPECT_FALSE(is_ip_address("localhost"));
}

TEST(Addresses, SplitHostPort) {
  using Parts = std::pair<std::string_view, std::string_view>;
  EXPECT_EQ(split_host_port("h:80"), (Parts{"h", "80"}));
  EXPECT_EQ(split_host_port("h"), (Parts{"h", ""}));
  EXPECT_EQ(split_host_port("[::1]:80"), (Parts{"::1", "80"}));
  EXPECT_EQ(split_host_port("[::1]"), (Parts{"::1", ""}));
}

}  // namespace
}  // namespace tocsin::wire
