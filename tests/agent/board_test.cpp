// SPDX-License-Identifier: Apache-2.0
#include "agent/catalogue/board.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>

#include "agent/check/dashboard.h"

namespace tocsin::agent {
namespace {

constexpr std::string_view kHead = "uid = \"u\"\ntitle = \"t\"\ndescription = \"d\"\n";

Board board_of(const std::string& text) {
  TomlFaults faults;
  Board board = read_board(text, "b.toml", faults);
  for (const TomlFault& fault : faults) ADD_FAILURE() << fault.text();
  return board;
}

TEST(Board, words_and_quantiles_become_queries) {
  const Board board = board_of(std::string(kHead) + R"T(
[words]
here = 'a="<which>"'
which = "x"
[[panel]]
title = "P"
description = "d"
unit = "s"
queries = [
  { query = "sum(m{<here>}) < 5" },
  { quantile = 0.9, of = "h", where = "<here>", by = "f" },
  { mean_of = "h", where = "<here>", range = "5m" },
]
)T");
  ASSERT_EQ(board.panels.size(), 1U);
  const auto& queries = board.panels[0].queries;
  EXPECT_EQ(queries[0].expression, "sum(m{a=\"x\"}) < 5");
  EXPECT_EQ(queries[1].expression,
            "histogram_quantile(0.9, sum by (f, le) (rate(h_bucket{a=\"x\"}[$__rate_interval])))\n  or\n"
            "histogram_quantile(0.9, sum by (f) (rate(h{a=\"x\"}[$__rate_interval])))");
  EXPECT_EQ(queries[2].expression,
            "sum(rate(h_sum{a=\"x\"}[5m])) / (sum(rate(h_count{a=\"x\"}[5m])) > 0)\n  or\n"
            "histogram_sum(sum(rate(h{a=\"x\"}[5m]))) / (histogram_count(sum(rate(h{a=\"x\"}[5m]))) > 0)");
}

TEST(Board, shares_above_a_bound_and_spreads_have_a_form_for_native_histograms) {
  const Board board = board_of(std::string(kHead) + R"T(
[[panel]]
title = "P"
description = "d"
unit = "s"
queries = [
  { slower_than = 5e6, of = "h", where = 'a="x"', by = "f", range = "5m" },
  { spread_of = "h", where = 'a="x"', range = "5m" },
]
)T");
  ASSERT_EQ(board.panels.size(), 1U);
  const auto& queries = board.panels[0].queries;
  EXPECT_EQ(queries[0].expression,
            "1 - sum by (f) (rate(h_bucket{a=\"x\",le=~\"5e[+]06|5000000([.]0)?\"}[5m])) / (sum by (f) (rate(h_count{a=\"x\"}[5m])) > 0)\n  or\n"
            "1 - histogram_fraction(0, 5e+06, sum by (f) (rate(h{a=\"x\"}[5m])))");
  EXPECT_EQ(queries[1].expression,
            "sum by (le) (rate(h_bucket{a=\"x\"}[5m]))\n  or\nsum(rate(h{a=\"x\"}[5m])) unless on () sum(rate(h_bucket{a=\"x\"}[5m]))");
}

TEST(Board, panels_flow_and_rows_fold) {
  std::string text(kHead);
  const auto panel = [&](const std::string& more) {
    text += "[[panel]]\ntitle = \"P\"\ndescription = \"d\"\nunit = \"s\"\nquery = \"m\"\n" + more;
  };
  panel("width = 16\nheight = 4\n");
  panel("width = 8\nheight = 6\n");
  panel("");
  text += "[[panel]]\nkind = \"row\"\ntitle = \"R\"\ncollapsed = true\n";
  panel("kind = \"stat\"\n");
  panel("kind = \"table\"\ncolumns = [\"job\"]\n");
  text += "[[panel]]\nkind = \"row\"\ntitle = \"S\"\n";
  panel("kind = \"heatmap\"\n");
  const auto tree = JsonTree::parse(board_json(board_of(text)));
  ASSERT_TRUE(tree.ok()) << tree.error().message;
  const auto& panels = tree->root().find("panels")->items;
  ASSERT_EQ(panels.size(), 6U);
  const auto at = [](const JsonValue& of, const char* which) { return of.find("gridPos")->find(which)->number; };
  EXPECT_EQ(at(panels[1], "x"), 16);
  EXPECT_EQ(at(panels[2], "y"), 6) << "below the highest of the line above";
  EXPECT_EQ(at(panels[3], "y"), 14);
  EXPECT_EQ(panels[3].find("panels")->items.size(), 2U) << "folded into their row";
  EXPECT_EQ(panels[4].text_at("title"), "S");
  EXPECT_EQ(panels[4].find("panels")->items.size(), 0U);
  EXPECT_EQ(read_dashboard(*tree).queries.size(), 6U + 3U) << "every panel, and three annotations";
}

TEST(Board, a_panel_put_in_between_moves_no_others_id) {
  const auto panel = [](const std::string& title, const std::string& more = "") {
    return "[[panel]]\ntitle = \"" + title + "\"\ndescription = \"d\"\nunit = \"s\"\nquery = \"m\"\n" + more;
  };
  const auto ids = [](const std::string& text) {
    std::map<std::string, std::int64_t> found;
    for (const BoardPanel& each : board_of(text).panels) found[each.title] = each.id;
    return found;
  };
  const std::string head(kHead);
  EXPECT_EQ(ids(head + panel("A") + panel("B")), (std::map<std::string, std::int64_t>{{"A", 1}, {"B", 2}}));
  EXPECT_EQ(ids(head + panel("A") + panel("new", "id = 3\n") + panel("B")), (std::map<std::string, std::int64_t>{{"A", 1}, {"new", 3}, {"B", 2}}));
  EXPECT_EQ(ids(head + panel("A", "id = 2\n") + panel("B") + panel("C")), (std::map<std::string, std::int64_t>{{"A", 2}, {"B", 1}, {"C", 3}}));
  TomlFaults faults;
  (void)read_board(head + panel("A", "id = 7\n") + panel("B", "id = 7\n"), "b.toml", faults);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_NE(faults[0].text().find("another panel has it"), std::string::npos) << faults[0].text();
}

TEST(Board, faults_have_their_place) {
  TomlFaults faults;
  (void)read_board("uid = \"u\"\ntitle = \"t\"\n[[panel]]\ntitle = \"P\"\nkind = \"lins\"\nsteps = [\"green\", \"red\"]\nunit = \"s\"\nquery = \"m\"\n"
                   "mean_of = \"h\"\nwdith = 3\n", "b.toml", faults);
  std::vector<std::string> texts;
  for (const TomlFault& fault : faults) texts.push_back(fault.text());
  ASSERT_EQ(texts.size(), 6U);
  EXPECT_NE(texts[0].find("\"description\" is missing"), std::string::npos) << texts[0];
  EXPECT_NE(texts[1].find("\"description\" is missing"), std::string::npos) << texts[1];
  EXPECT_NE(texts[2].find("needs one of"), std::string::npos) << texts[2];
  EXPECT_NE(texts[3].find("did you mean \"lines\""), std::string::npos) << texts[3];
  EXPECT_NE(texts[4].find("b.toml:6:"), std::string::npos) << texts[4];
  EXPECT_NE(texts[5].find("did you mean \"width\""), std::string::npos) << texts[5];
}

}  // namespace
}  // namespace tocsin::agent
