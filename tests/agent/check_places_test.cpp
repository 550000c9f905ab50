// SPDX-License-Identifier: Apache-2.0
// Every class of finding, in a panel and in a rule: the file, the panel or rule, the place of the word, and the nearest that exists.
#include <gtest/gtest.h>

#include "agent/check/check.h"

namespace tocsin::agent {
namespace {

struct Case {
  std::string query, word, message;
  bool doubtful = false;  // a warning in dashboards, too
};

const std::vector<Case> kCases{
    {"sum(rate(server_requests_total[5m]))", "server_requests_total", "no meter is called server_requests_total; did you mean server_request_total?"},
    {"sum(rate(server_request_total{statu='ok'}[5m]))", "statu", "server_request_total has no label statu; did you mean \"status\"?"},
    {"sum(rate(server_request_total{status='okay'}[5m]))", "okay",
     "server_request_total{status=\"okay\"}: \"okay\" is none of the values of status (there is cancelled, client_error, ok, server_error, timeout, unmarked)"},
    {"sum by (server_nam) (rate(server_request_total[5m]))", "server_nam",
     "sum by: what it aggregates has no label server_nam; did you mean \"server_name\"?"},
    {"sum(rate(server_conc[5m]))", "server_conc", "rate of server_conc, which is a gauge: take deriv"},
    {"sum(delta(server_request_total[5m]))", "server_request_total", "delta of server_request_total, which is a counter: take increase or rate"},
    {"sum(server_request_total)", "server_request_total",
     "server_request_total is a counter: without rate or increase it tells only what was since the start", true},
    {"histogram_quantile(0.9, sum by (func) (rate(server_request_time_microseconds_bucket[5m])))", "",
     "histogram_quantile without le: an aggregation below it must keep the label le"},
    {"sum(rate(server_request_time_microseconds_bucket{le='4e+06'}[5m]))", "4e+06",
     "server_request_time_microseconds_bucket{le=\"4e+06\"}: no bucket has this bound"},
};

// "file:line:column", of the word in the text behind `from`; of no word, where the query begins.
std::string place(const std::string& file, const std::string& text, const std::string& query, const std::string& word) {
  const std::size_t begin = text.find(query), at = word.empty() ? begin : text.find(word, begin);
  const std::string before = text.substr(0, at);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  return file + ':' + std::to_string(line) + ':' + std::to_string(at - (before.rfind('\n') == std::string::npos ? 0 : before.rfind('\n') + 1) + 1);
}

std::vector<std::string> findings(const std::string& file, const std::string& text) {
  std::vector<std::string> all;
  for (const CheckedFile& checked : check_files({{file, text}}))
    for (const Finding& finding : checked.findings) all.push_back(finding.text());
  return all;
}

TEST(Check, EveryFindingOfAPanelHasItsPlace) {
  for (const auto& [query, word, message, doubtful] : kCases) {
    const std::string text = "{\n \"panels\": [\n  {\"title\": \"The panel\", \"targets\": [\n   {\"refId\": \"B\",\n    \"expr\": \"" + query + "\"}]}]}\n";
    const auto found = findings("shop.json", text);
    // Where there is no word, the query's text is the place, its quotation mark included.
    const std::string at = word.empty() ? place("shop.json", text, '"' + query, "") : place("shop.json", text, query, word);
    EXPECT_NE(std::find(found.begin(), found.end(), at + (doubtful ? ": warning: " : ": ") + "panel \"The panel\" B: " + message), found.end()) << query << ": " << at << ' ' << message;
  }
}

TEST(Check, EveryFindingOfARuleHasItsPlace) {
  for (const auto& [query, word, message, doubtful] : kCases) {
    const std::string text = "groups:\n  - name: shop\n    rules:\n      - alert: TheAlert\n        expr: |\n          " + query + "\n            > 5\n";
    const auto found = findings("shop.yml", text);
    ASSERT_EQ(found.size(), 1U) << query;
    EXPECT_EQ(found[0].substr(found[0].find(": ") + 2), "warning: alert TheAlert: " + message);
    if (!word.empty()) {
      EXPECT_EQ(found[0].substr(0, found[0].find(": ")), place("shop.yml", text, query, word));
    }
  }
}

}  // namespace
}  // namespace tocsin::agent
