// SPDX-License-Identifier: Apache-2.0
#include "agent/check/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/check/seen_series.h"

namespace tocsin::agent {
namespace {

TEST(FileKind, is_told_by_the_content) {
  const std::pair<const char*, FileKind> cases[] = {
      {"# a comment\n\ntick = \"15s\"\n", FileKind::Configuration},
      {"[http]\nlisten = \"x\"\n", FileKind::Configuration},
      {"title = \"Shop\"\n\n[[meter]]\nname = \"a\"\n", FileKind::Catalogue},
      {"[label.queue]\n", FileKind::Catalogue},
      {"# rules\ngroups:\n  - name: a\n", FileKind::RuleFile},
      {"groups: []\n", FileKind::RuleFile},
      {"rule_files:\n  - a.yml\nevaluation_interval: 1m\ntests: []\n", FileKind::RuleTest},
      {"load 5m\n  a 1 2 3\neval instant at 1m a\n", FileKind::QueryTest},
      {" \n{\"panels\": []}", FileKind::Dashboard},
      {"", FileKind::Empty},
      {"# all as it is\n\n", FileKind::Empty},
      {"hello world\n", FileKind::Unknown},
  };
  for (const auto& [text, kind] : cases) EXPECT_EQ(to_text(kind_of(text)), to_text(kind)) << text;
}

TEST(FileKind, a_file_with_nothing_but_comments_is_a_configuration_by_its_name_only) {
  const auto checked = check_files({{"tocsin.toml", "# as it is\n"}, {"rules.yml", "# none yet\n"}});
  EXPECT_EQ(checked[0].kind, FileKind::Configuration);
  EXPECT_EQ(checked[1].kind, FileKind::Empty);
  EXPECT_TRUE(checked[1].findings.empty());
}

TEST(Check, every_file_is_told_its_findings) {
  const auto checked = check_files({{"tocsin.toml", "tick = \"5\"\n[http]\nlistn = \"x\"\n"},
                                    {"shop.toml", "[[meter]]\nname = \"a\"\nkind = \"gauge\"\n"},
                                    {"good.toml", "[[meter]]\nname = \"a\"\nkind = \"gauge\"\nhelp = \"A.\"\n"},
                                    {"what", "hello"}});
  ASSERT_EQ(checked.size(), 4U);
  ASSERT_EQ(checked[0].findings.size(), 2U);
  EXPECT_TRUE(checked[0].findings[1].text().starts_with("tocsin.toml:3:9: unknown key \"listn\"")) << checked[0].findings[1].text();
  ASSERT_EQ(checked[1].findings.size(), 1U);
  EXPECT_EQ(checked[1].findings[0].text(), "shop.toml:1:1: \"help\" is missing");
  EXPECT_TRUE(checked[2].findings.empty());
  ASSERT_EQ(checked[3].findings.size(), 1U);
  EXPECT_TRUE(checked[3].findings[0].text().starts_with("what: is none of what can be checked"));
}

std::vector<std::string> texts(const std::vector<CheckedFile>& checked) {
  std::vector<std::string> all;
  for (const CheckedFile& file : checked)
    for (const Finding& finding : file.findings) all.push_back(finding.text());
  return all;
}

TEST(Check, a_dashboard_is_checked_panel_by_panel) {
  const std::string dashboard = R"J({
  "title": "Shop",
  "templating": {"list": [
    {"type": "query", "name": "service", "query": {"query": "label_values(server_request_total, service)"}}
  ]},
  "panels": [
    {"type": "row", "panels": [
      {"title": "Failures", "type": "timeseries",
       "targets": [{"refId": "A", "expr": "sum by (status) (rate(server_request_total{dc=~\"$dc\",stat=\"x\"}[$__rate_interval]))",
                    "legendFormat": "{{status}} {{ret}}"}],
       "fieldConfig": {"defaults": {"unit": "reqps"}}}
    ]},
    {"title": "Latency", "type": "timeseries",
     "targets": [
       {"refId": "A", "expr": "histogram_quantile(0.95, sum by (le) (rate(server_request_time_microseconds_bucket[$__rate_interval])))"},
       {"refId": "B", "expr": "sum(("}],
     "fieldConfig": {"defaults": {"unit": "s"}}},
    {"title": "Other", "type": "stat", "datasource": {"type": "loki"}, "targets": [{"expr": "nonsense("}]}
  ]
})J";
  EXPECT_EQ(texts(check_files({{"shop.json", dashboard}})),
            (std::vector<std::string>{
                "shop.json:9:99: panel \"Failures\" A: server_request_total has no label stat (there is app_id, dc, func, ret, server_host, "
                "server_name, status)",
                "shop.json:10:49: panel \"Failures\" A: the legend shows label ret, which the result does not have (there is status)",
                "shop.json:15:31: panel \"Latency\" A: shows microseconds in unit \"s\", which is for seconds",
                "shop.json:16:31: panel \"Latency\" B: not PromQL: unclosed left parenthesis",
                "shop.json:4:97: variable service: the meter has no label service (there is app_id, dc, func, ret, server_host, server_name, "
                "status)"}));
  EXPECT_EQ(texts(check_files({{"a.json", "{\"a\": [1,]}"}, {"b.json", "{\"a\": 1}"}})),
            (std::vector<std::string>{"a.json:1:10: JSON: is no value of JSON", "b.json:1:1: is JSON, but no dashboard: it has no list of panels"}));
}

std::string board_of(const std::string& query, const std::string& uid = "") {
  return "{\"uid\": \"" + uid + "\", \"panels\": [{\"title\": \"P\", \"targets\": [{\"expr\": \"" + query + "\"}]}]}";
}

TEST(Check, a_dashboard_of_before_grafana_8_is_read_row_by_row) {
  const std::string older = R"J({"title": "Old", "rows": [{"title": "R", "panels": [
  {"title": "Load", "type": "graph", "targets": [{"refId": "A", "expr": "rate(server_request_time_microseconds_sum[5m])"}],
   "yaxes": [{"format": "Bps"}, {"format": "short"}]},
  {"title": "One", "type": "singlestat", "targets": [{"refId": "A", "expr": "server_conc{pear=\"x\"}"}]}]}]})J";
  for (const std::string& text : {older, "{\"dashboard\":" + older + ",\"meta\":{}}"})
    EXPECT_THAT(texts(check_files({{"old.json", text}})),
                testing::ElementsAre(testing::HasSubstr("panel \"Load\" A: shows a ratio"), testing::HasSubstr("panel \"One\" A: server_conc has no label pear")));
}

// What nobody declared may be another program's, unless it looks like one of ours.
TEST(Check, an_unknown_meter_of_a_dashboard_is_a_fault_where_all_are_declared) {
  const GivenFile catalogue{"shop.toml", "[[meter]]\nname = \"shop.jobs\"\nkind = \"counter\"\nunit = \"{job}\"\nhelp = \"Jobs.\"\n"};
  const GivenFile scraping{"tocsin.toml", "[[scrape]]\nname = \"mysql\"\ntargets = [\"127.0.0.1:1\"]\n"};
  const auto verdict = [&](const std::string& query, std::vector<GivenFile> files) {
    files.push_back({"d.json", board_of(query)});
    const auto checked = check_files(files);
    const auto& findings = checked.back().findings;
    return findings.empty() ? "none" : findings[0].warning ? "warning" : "fault";
  };
  const char* const foreign = "mysql_global_status_queries";
  EXPECT_STREQ(verdict(foreign, {catalogue}), "fault");
  EXPECT_STREQ(verdict(foreign, {}), "warning");
  EXPECT_STREQ(verdict(foreign, {catalogue, scraping}), "warning");
  EXPECT_STREQ(verdict("rate(node_network_carrier_changes_total[5m])", {scraping}), "warning");
  for (const char* ours : {"tocsin_nonsense", "server_requests", "rate(shop_job_total[5m])", "shop_other", "node_memory_free_byte", "upp{a='b'}"})
    EXPECT_STREQ(verdict(ours, {catalogue, scraping}), std::string_view(ours).starts_with("upp") ? "warning" : "fault") << ours;
  EXPECT_STREQ(verdict("server_conc{pear='x'}", {scraping}), "fault");
  EXPECT_STREQ(verdict("server_request_total", {}), "warning");
}

TEST(Check, what_a_configuration_names_is_checked_as_if_it_were_given) {
  const std::string folder = testing::TempDir() + "check_reached/";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder + "folder.yml");
  std::filesystem::create_symlink("nowhere", folder + "link.yml");
  const std::string rules = "groups:\n- name: g\n  rules:\n  - record: a:b:c\n    expr: sum(shop_unknown)\n"
                            "  - alert: A\n    expr: up\n";
  std::ofstream(folder + "rules.yml") << rules;
  std::ofstream(folder + "one.json") << board_of("a:b:c", "same");
  std::ofstream(folder + "two.json") << board_of("a:b:c", "same");
  const GivenFile config{folder + "tocsin.toml", "[rules]\nfiles = [\"*.yml\"]\n[dashboards]\nfiles = [\"*.json\"]\n"};
  const auto found = texts(check_files({config}));
  EXPECT_THAT(found, testing::ElementsAre(folder + "folder.yml: cannot be read: is a folder", folder + "link.yml: cannot be read: No such file or directory",
                                          testing::HasSubstr("rules.yml:5:15: warning: record a:b:c: no meter is called shop_unknown"),
                                          testing::HasSubstr("rules.yml:7:11: warning: alert A: no comparison"),
                                          folder + "two.json:1:9: its uid \"same\" is that of " + folder + "one.json: give each its own"));
  const auto both = check_files({config, {folder + "rules.yml", rules}});
  EXPECT_EQ(both[0].findings.size(), 3U);
  EXPECT_EQ(both[1].findings.size(), 2U) << "once, where it was named";
}

TEST(Check, templates_that_ask_for_a_field_that_there_is_not_are_warned_of) {
  const std::string rules = "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0\n    annotations:\n"
                            "      bad: '{{ .Bad }}'\n      good: '{{ (query \"up\" | first).Value }} {{ $labels.job }} {{ .Value }}'\n";
  EXPECT_THAT(texts(check_files({{"r.yml", rules}})),
              testing::ElementsAre(testing::AllOf(testing::HasSubstr("r.yml:4:"), testing::HasSubstr("warning: alert A: annotation bad: "),
                                                  testing::HasSubstr("can't evaluate field Bad"))));
  EXPECT_THAT(texts(check_files({{"t.toml", "[[webhook]]\nurl = \"http://h\"\ntext = \"{{ .Nope }}\"\n"}})),
              testing::ElementsAre(testing::StartsWith("t.toml:3:8: warning: \"text\" in [webhook]: ")));
}

TEST(Check, rules_are_checked_with_their_templates) {
  const std::string rules = R"Y(groups:
  - name: shop
    rules:
      - record: service:requests:rate5m
        expr: sum by (server_name) (rate(server_request_total[5m]))
      - alert: Slow
        expr: histogram_quantile(0.95, sum by (server_name, le) (rate(server_request_time_microseconds_bucket[5m]))) > 5e6
        labels:
          severity: warning
        annotations:
          summary: '{{ $labels.service }} is slow: {{ $value | humanizeDuration }} ({{ $labels.severity }})'
      - alert: Busy
        expr: 60 * service:requests:rate5m{func="x"} > 10
        annotations:
          summary: '{{ $labels.server_name }}: {{ $value | printf "%.1f" }} requests a second'
)Y";
  EXPECT_EQ(texts(check_files({{"shop.yml", rules}})),
            (std::vector<std::string>{
                "shop.yml:11:24: warning: alert Slow: annotation summary shows label service, which the result does not have (there is "
                "server_name)",
                "shop.yml:11:88: warning: alert Slow: annotation summary shows label severity, which the rule sets itself: templates do not see it",
                "shop.yml:11:11: warning: alert Slow: annotation summary shows the value as seconds, but it is microseconds",
                "shop.yml:13:44: warning: alert Busy: service:requests:rate5m has no label func (there is server_name)",
                "shop.yml:15:11: warning: alert Busy: annotation summary shows the value as a count a second, but it is {request} a minute"}));
}

TEST(Check, alerts_of_odd_form_are_warned_of) {
  const auto found_for = [](const std::string& expression) {
    return texts(check_files({{"r.yml", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: " + expression + "\n"}}));
  };
  const auto says = [&](const std::string& expression, std::string_view words) {
    const auto found = found_for(expression);
    return std::any_of(found.begin(), found.end(), [&](const std::string& one) { return one.find(words) != std::string::npos && one.find("r.yml:5:") == 0; });
  };
  for (const char* bare : {"server_conc", "sum(rate(server_request_total[5m]))", "server_conc > bool 3", "server_conc > 3 or server_conc",
                           "server_conc and on () up"})
    EXPECT_TRUE(says(bare, "no comparison")) << bare;
  for (const char* good : {"server_conc > 3", "absent(server_conc)", "vector(1)", "up == 0 or server_conc > 2", "server_conc unless on () up",
                           "ALERTS{alertstate=\"firing\"}", "sum(server_conc > 3)", "count_over_time((up == 0)[5m:1m])"})
    EXPECT_FALSE(says(good, "no comparison")) << good;
  for (const char* wrong : {"up == 0 or server_conc > 2 and on () server_conc > 1", "server_conc > 1 and on () up == 1 or server_conc > 2"})
    EXPECT_TRUE(says(wrong, "binds more tightly than")) << wrong;
  for (const char* right : {"(up == 0 or server_conc > 2) and on () server_conc > 1", "up == 0 or (server_conc > 2 and on () server_conc > 1)",
                            "server_conc > 2 and on () up == 1 or server_conc > 4 and on () up == 1"})
    EXPECT_FALSE(says(right, "binds more tightly than")) << right;
  EXPECT_TRUE(says("rate(server_request_total[7d]) > 1", "looks back 1w, but the agent's history keeps 2h"));
  EXPECT_FALSE(says("rate(server_request_total[1h]) > 1", "looks back"));
}

TEST(Check, a_configuration_among_the_files_says_how_far_back_history_goes) {
  const GivenFile rules{"r.yml", "groups:\n- name: g\n  rules:\n  - record: a:b\n    expr: sum(server_conc)\n  - alert: A\n    expr: a:b offset 1w > 1\n"
                                 "  - alert: B\n    expr: max_over_time(server_conc[1d]) > 1\n"};
  ASSERT_EQ(texts(check_files({rules})).size(), 1U);
  EXPECT_NE(texts(check_files({rules}))[0].find("r.yml:9:"), std::string::npos) << texts(check_files({rules}))[0];
  EXPECT_TRUE(texts(check_files({rules, {"tocsin.toml", "[history]\nretention = \"2d\"\n"}})).empty());
}

// What promtool lets pass is a warning, what it refuses a fault.
TEST(Check, warnings_and_faults_of_rule_files_are_promtools) {
  const auto checked = check_files({{"r.yml", "groups:\n- name: g\n  rules:\n  - {record: 'a:b', expr: unknown_metric}\n  - {record: 'a:b', expr: up}\n"},
                                    {"bad.yml", "groups:\n- name: g\n  rules:\n  - {record: 'a:b', expr: 'up ('}\n"}});
  ASSERT_FALSE(checked[0].findings.empty() || checked[1].findings.empty());
  for (const Finding& finding : checked[0].findings) EXPECT_TRUE(finding.warning && finding.text().find(": warning: ") != std::string::npos) << finding.text();
  for (const Finding& finding : checked[1].findings) EXPECT_FALSE(finding.warning) << finding.text();
}

TEST(Check, recordings_of_one_file_are_known_to_another) {
  const GivenFile rules{"r.yml", "groups:\n- name: g\n  rules:\n  - record: b:c:d\n    expr: 2 * a:b:c\n"
                                 "  - record: a:b:c\n    expr: sum by (func) (server_conc)\n"};
  const auto dashboard = [](const std::string& query) {
    return GivenFile{"d.json", "{\"panels\": [{\"title\": \"P\", \"targets\": [{\"expr\": \"" + query + "\"}]}]}"};
  };
  EXPECT_TRUE(texts(check_files({dashboard("b:c:d{func=~'$func'}"), rules})).empty());
  EXPECT_EQ(texts(check_files({dashboard("b:c:d{peer='x'}"), rules})).size(), 1U);
  EXPECT_EQ(texts(check_files({dashboard("b:c:d")})).size(), 1U);
}

TEST(Check, who_still_uses_a_former_name_is_told_the_new_one) {
  const auto found = texts(check_files(
      {{"shop.toml", "[[meter]]\nname = \"shop_time\"\nkind = \"histogram\"\nunit = \"s\"\nhelp = \"T.\"\nbuckets = [1]\n"
                     "formerly = { name = \"shop_latency\", until = 2027-03-01 }\n"},
       {"rules.yml", "groups:\n- name: g\n  rules:\n  - record: a:p95\n    expr: histogram_quantile(0.95, rate(shop_latency_seconds_bucket[5m]))\n"}}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_NE(found[0].find("rules.yml:5:"), std::string::npos) << found[0];
  EXPECT_NE(found[0].find("shop_latency_seconds_bucket is called shop_time_seconds_bucket now; the former name ends on 2027-03-01"),
            std::string::npos)
      << found[0];
}

TEST(Check, meters_of_a_catalogue_that_no_panel_shows) {
  const GivenFile catalogue{"shop.toml", "[[meter]]\nname = \"shop.jobs\"\nkind = \"counter\"\nunit = \"{job}\"\nhelp = \"Jobs.\"\n"
                                         "[[meter]]\nname = \"shop_open\"\nkind = \"gauge\"\nhelp = \"Open.\"\n"};
  const GivenFile dashboard{"shop.json", R"J({"panels": [{"title": "Jobs", "targets": [{"expr": "rate(shop_jobs_total[5m])"}]}]})J"};
  EXPECT_TRUE(texts(check_files({catalogue})).empty());
  EXPECT_EQ(texts(check_files({catalogue, dashboard})), (std::vector<std::string>{"shop.toml:7:8: no panel shows shop_open"}));
  CheckOptions unshown;
  unshown.unshown = true;
  const auto all = texts(check_files({dashboard}, unshown));
  EXPECT_GT(all.size(), 30U);
}

TEST(Check, what_an_agent_really_has) {
  const auto seen = series_of_exposition("text/plain; version=0.0.4",
                                         "# TYPE server_request_total counter\nserver_request_total{server_name=\"a\",zone=\"z\"} 1\n"
                                         "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n");
  ASSERT_TRUE(seen.ok()) << seen.error().message;
  CheckOptions options;
  options.seen = *seen;
  const auto findings = [&](const std::string& query) {
    return texts(check_files({{"d.json", "{\"panels\": [{\"title\": \"P\", \"targets\": [{\"expr\": \"" + query + "\"}]}]}"}}, options));
  };
  EXPECT_TRUE(findings("rate(server_request_total{zone='z',dc='x'}[5m])").empty());
  EXPECT_TRUE(findings("histogram_quantile(0.9, rate(h_bucket[5m]))").empty());
  EXPECT_TRUE(findings("up").empty());
  EXPECT_EQ(findings("server_conc"), (std::vector<std::string>{"d.json:1:50: panel \"P\": the agent has no server_conc now"}));
  EXPECT_EQ(findings("rate(h_count{x='1'}[5m])").size(), 1U);
  EXPECT_FALSE(series_of_exposition("text/html", "").ok());
}

}  // namespace
}  // namespace tocsin::agent
