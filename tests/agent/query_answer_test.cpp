// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/query_answer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tocsin::agent {
namespace {

QueryAnswer parsed(std::string_view json) {
  auto answer = parse_answer(json);
  EXPECT_TRUE(answer) << answer.error().message;
  return answer ? *std::move(answer) : QueryAnswer();
}

constexpr std::string_view kVector =
    R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"a,b","__name__":"up"},"value":[1.5,"1"]},)"
    R"({"metric":{"__name__":"up","zone":"x"},"value":[1.5,"12.25"]}]},"infos":["PromQL info: x"]})";

TEST(QueryAnswer, AnInstantAsATable) {
  EXPECT_EQ(print_table(parsed(kVector)),
            "name  job  zone  value\n"
            "up    a,b            1\n"
            "up         x     12.25\n");
  EXPECT_EQ(parsed(kVector).notes, std::vector<std::string>{"PromQL info: x"});
}

TEST(QueryAnswer, AsCsv) {
  EXPECT_EQ(print_csv(parsed(kVector)),
            "time,__name__,job,zone,value\n"
            "1970-01-01T00:00:01.5Z,up,\"a,b\",,1\n"
            "1970-01-01T00:00:01.5Z,up,,x,12.25\n");
}

TEST(QueryAnswer, ARangeAsSparklines) {
  const QueryAnswer answer = parsed(
      R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"a"},"values":[[0,"0"],[10,"7"],[20,"3.5"]]}]}})");
  const std::string table = print_table(answer);
  EXPECT_NE(table.find("{job=\"a\"}"), std::string::npos) << table;
  EXPECT_NE(table.find("▁"), std::string::npos);
  EXPECT_NE(table.find("█"), std::string::npos);
  EXPECT_EQ(sparkline(answer.series[0].samples, 0, 20, 3), "▁█▅");
  EXPECT_EQ(sparkline({{0, "1"}, {20, "NaN"}}, 0, 20, 2), "█ ");
}

TEST(QueryAnswer, ANarrowTerminalGetsWhatAllShareAboveAndShorterSparklines) {
  QueryAnswer answer;
  answer.type = "matrix";
  for (const char* name : {"checkout", "payment"}) {
    QueryAnswer::Series series{{{"dc", "north"}, {"instance", "10.0.0.1:8080"}, {"server_name", name}}, {}};
    for (int i = 0; i < 60; ++i) series.samples.push_back({i * 1.0, "12.3456789"});
    answer.series.push_back(series);
  }
  const auto widest = [](const std::string& text) {
    std::size_t most = 0, now = 0;
    for (const char c : text) {
      now = c == '\n' ? 0 : now + ((static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0);
      most = std::max(most, now);
    }
    return most;
  };
  EXPECT_GT(widest(print_table(answer)), 120U);
  const std::string narrow = print_table(answer, 80);
  EXPECT_LE(widest(narrow), 80U) << narrow;
  EXPECT_TRUE(narrow.starts_with("all: {dc=\"north\", instance=\"10.0.0.1:8080\"}\nseries ")) << narrow;
  EXPECT_NE(narrow.find("{server_name=\"payment\"}"), std::string::npos);
  for (auto& series : answer.series) series.labels.emplace_back("func", "GET /a/very/long/route/that/fills/the/line/" + series.labels[2].second);
  const std::string two_lines = print_table(answer, 80);
  EXPECT_NE(two_lines.find("checkout\"}\n"), std::string::npos) << two_lines;
  answer.type = "vector";
  EXPECT_TRUE(print_table(answer, 60).starts_with("all: {dc=")) << print_table(answer, 60);
}

TEST(QueryAnswer, ScalarsHistogramsAndNothing) {
  EXPECT_EQ(print_table(parsed(R"({"status":"success","data":{"resultType":"scalar","result":[1,"2"]}})")), "2\n");
  EXPECT_EQ(print_table(parsed(R"({"status":"success","data":{"resultType":"vector","result":[]}})")), "");
  EXPECT_EQ(print_table(parsed(R"({"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"3","sum":"4.5"}]}]}})")),
            "             value\n{count:3, sum:4.5}\n");
}

TEST(QueryAnswer, WhatIsNoAnswer) {
  EXPECT_EQ(parse_answer(R"({"status":"error","errorType":"bad_data","error":"parse error"})").error().message, "parse error");
  EXPECT_FALSE(parse_answer("<html>"));
  EXPECT_FALSE(parse_answer("{}"));
}

}  // namespace
}  // namespace tocsin::agent
