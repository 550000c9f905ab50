// SPDX-License-Identifier: Apache-2.0
#include "wire/media_type.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::wire {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::vector<std::pair<std::string, double>> types(std::string_view header) {
  std::vector<std::pair<std::string, double>> list;
  for (const Preference& one : parse_accept(header)) list.emplace_back(one.media.type, one.weight);
  return list;
}

TEST(MediaTypes, TypeAndParameters) {
  const auto type = parse_media_type(" Application/JSON ; Charset=\"ut\\\"f;8\" ;v=1; broken; =x ");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->type, "application/json");
  EXPECT_EQ(type->parameter("charset"), "ut\"f;8");
  EXPECT_EQ(type->parameter("v"), "1");
  EXPECT_EQ(type->parameter("absent"), "");
  EXPECT_EQ(type->parameters.size(), 2u);
  for (const char* wrong : {"", "json", "/", "a/", "/b", "a/b/c", "a b/c", ";charset=x", "\"a/b\""}) {
    EXPECT_FALSE(parse_media_type(wrong)) << wrong;
  }
}

// What Prometheus 2.42 and 3 send.
TEST(MediaTypes, AcceptIsOrderedByWeight) {
  EXPECT_THAT(types("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
              ElementsAre(Pair("application/openmetrics-text", 1.0), Pair("application/openmetrics-text", 0.75),
                          Pair("text/plain", 0.5), Pair("*/*", 0.1)));
  EXPECT_THAT(types("text/plain;q=0.2, application/json;q=0.6 ,text/html;q=0.6"),
              ElementsAre(Pair("application/json", 0.6), Pair("text/html", 0.6), Pair("text/plain", 0.2)));
  const auto escaping = parse_accept("text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4");
  ASSERT_EQ(escaping.size(), 1u);
  EXPECT_EQ(escaping[0].media.parameter("escaping"), "allow-utf-8");
  EXPECT_EQ(escaping[0].media.parameter("q"), "");
}

TEST(MediaTypes, WhatCannotBeReadIsLeftOut) {
  EXPECT_THAT(types(" ,,i, a//b, j/k;q=0"), ElementsAre(Pair("j/k", 0.0)));
  EXPECT_THAT(types("a/b;q=-1, c/d;q=2, e/f;q=x, g/h;q=, i/j;q=nan, k/l;q=0.5x"),
              ElementsAre(Pair("c/d", 1.0), Pair("e/f", 1.0), Pair("g/h", 1.0), Pair("i/j", 1.0), Pair("k/l", 1.0),
                          Pair("a/b", 0.0)));
  EXPECT_TRUE(types("").empty());
  EXPECT_THAT(types("a/b;x=\"1,2\",c/d"), ElementsAre(Pair("a/b", 1.0), Pair("c/d", 1.0)));
  EXPECT_THAT(types("a/b;x=\"never closed,c/d"), ElementsAre(Pair("a/b", 1.0)));
  std::string endless;
  for (int i = 0; i < 10'000; ++i) endless += "a/b,";
  EXPECT_EQ(types(endless).size(), 64u);
}

TEST(MediaTypes, EncodingIsChosenByWeightThenByOurOrder) {
  const auto choose = [](std::string_view header) { return choose_encoding(header, {Encoding::Zstd, Encoding::Gzip}); };
  EXPECT_EQ(choose(""), Encoding::Identity);
  EXPECT_EQ(choose("gzip"), Encoding::Gzip);
  EXPECT_EQ(choose("x-gzip"), Encoding::Gzip);
  EXPECT_EQ(choose("gzip, zstd"), Encoding::Zstd);
  EXPECT_EQ(choose("gzip, zstd;q=0.5"), Encoding::Gzip);
  EXPECT_EQ(choose("br, GZIP;q=0.1"), Encoding::Gzip);
  EXPECT_EQ(choose("br"), Encoding::Identity);
  EXPECT_EQ(choose("*"), Encoding::Zstd);
  EXPECT_EQ(choose("*, zstd;q=0"), Encoding::Gzip);
  EXPECT_EQ(choose("gzip;q=0"), Encoding::Identity);
  EXPECT_EQ(choose("identity, gzip;q=0.5"), Encoding::Identity);
  EXPECT_EQ(choose("identity;q=0.5, gzip"), Encoding::Gzip);
}

}  // namespace
}  // namespace tocsin::wire
