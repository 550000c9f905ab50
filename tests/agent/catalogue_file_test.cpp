// SPDX-License-Identifier: Apache-2.0
#include "agent/catalogue/catalogue_file.h"

#include <gtest/gtest.h>

namespace tocsin::agent {
namespace {

std::vector<std::string> faults_of(std::string_view text) {
  TomlFaults faults;
  (void)CatalogueFile::read(text, "c.toml", faults);
  std::vector<std::string> texts;
  for (const TomlFault& fault : faults) texts.push_back(fault.text());
  return texts;
}

constexpr std::string_view kGood = R"(
title = "Shop"
[label.queue]
meaning = "which queue"
values = ["mail", "print"]
[label.tenant]
meaning = "whose"
optional = true
[ladder.sizes]
bounds = [1e3, 1e6]
[[meter]]
name = "shop.jobs"
kind = "counter"
unit = "{job}"
help = "Jobs done."
labels = ["queue", "tenant"]
declared = [{queue = "mail"}, {queue = "print", tenant = "t1"}]
[[meter]]
name = "shop_reply_size"
kind = "histogram"
unit = "By"
help = "Size of replies."
ladder = "sizes"
[[meter]]
name = "shop_open"
kind = "gauge"
help = "Open or not."
labels = ["queue"]
declare_all = true
)";

TEST(CatalogueFile, reads_what_is_declared) {
  TomlFaults faults;
  const CatalogueFile catalogue = CatalogueFile::read(kGood, "shop.toml", faults);
  ASSERT_TRUE(faults.empty()) << faults[0].text();
  ASSERT_EQ(catalogue.meters().size(), 3U);
  const meters::DeclaredMeter& jobs = catalogue.meters()[0];
  EXPECT_EQ(jobs.name, "shop.jobs");
  EXPECT_EQ(jobs.unit, "{job}");
  EXPECT_EQ(jobs.labels[0].values[1], "print");
  EXPECT_TRUE(jobs.labels[1].optional);
  EXPECT_EQ((std::vector<std::string_view>{jobs.sets.begin(), jobs.sets.end()}),
            (std::vector<std::string_view>{"mail", "", "print", "t1"}));
  EXPECT_EQ(catalogue.meters()[1].bounds.size(), 2U);
  EXPECT_EQ(catalogue.meters()[2].sets.size(), 2U);
  EXPECT_EQ(catalogue.meters()[2].number, meters::DeclaredNumber::Double);
  EXPECT_EQ(catalogue.places()[1].line, 19U);
}

TEST(CatalogueFile, every_fault_is_told_at_once) {
  EXPECT_EQ(faults_of("[label.queue]\n"
                      "meaning = \"which\"\n"
                      "values = [\"a-b\", \"a_b\"]\n"
                      "[label.never]\n"
                      "meaning = \"unused\"\n"
                      "[[meter]]\n"
                      "name = \"jobs total\"\n"
                      "kind = \"cuonter\"\n"
                      "help = \"Jobs.\"\n"
                      "labels = [\"queu\"]\n"
                      "[[meter]]\n"
                      "name = \"size\"\n"
                      "kind = \"histogram\"\n"
                      "labels = [\"queue\"]\n"
                      "[[meter]]\n"
                      "name = \"size\"\n"
                      "kind = \"gauge\"\n"
                      "help = \"x\"\n"
                      "buckets = [1]\n"
                      "declared = [{queue = \"mail\"}]\n"),
            (std::vector<std::string>{
                "c.toml:3:10: \"values\" in [label.queue]: \"a_b\" and \"a-b\" would both be called AB in code",
                "c.toml:4:1: [label.never] is used by no meter",
                "c.toml:7:8: meter name \"jobs total\": character 5 is not one of a-z A-Z 0-9 _ : . / -",
                "c.toml:8:8: \"kind\" in [meter]: must be one of \"counter\" \"up-down counter\" \"gauge\" \"histogram\", but is "
                "\"cuonter\"; did you mean \"counter\"?",
                "c.toml:10:10: \"labels\" in [meter]: label \"queu\" is not declared; did you mean \"queue\"? (declare it: "
                "[label.queu])",
                "c.toml:11:1: \"help\" is missing",
                "c.toml:11:1: a histogram needs \"buckets\", a \"ladder\" or \"native = true\"",
                "c.toml:16:8: meter \"size\" stands already at line 12",
                "c.toml:19:11: \"buckets\" in [meter]: only a histogram has it",
                "c.toml:20:12: \"declared\" in [meter]: a meter without labels stands at zero by itself",
                "c.toml:20:22: unknown key \"queue\" in [meter.declared]"}));
}

TEST(CatalogueFile, names_follow_the_rules_of_the_registry) {
  const std::string label = "[label.le]\nmeaning = \"m\"\n";
  const auto histogram = faults_of(label + "[[meter]]\nname = \"a\"\nkind = \"histogram\"\nhelp = \"h\"\nlabels = [\"le\"]\nbuckets = [1, 1]\n");
  ASSERT_EQ(histogram.size(), 1U);
  EXPECT_NE(histogram[0].find("label name \"le\" is reserved"), std::string::npos) << histogram[0];
  const auto clash = faults_of("[[meter]]\nname = \"a_total\"\nkind = \"counter\"\nhelp = \"h\"\n"
                               "[[meter]]\nname = \"a\"\nkind = \"counter\"\nhelp = \"h\"\n");
  ASSERT_EQ(clash.size(), 1U);
  EXPECT_NE(clash[0].find("would both be written as"), std::string::npos) << clash[0];
}

TEST(CatalogueFile, a_former_name_has_a_day_on_which_it_ends) {
  const auto with = [](std::string_view formerly) {
    return "[[meter]]\nname = \"jobs_total\"\nkind = \"counter\"\nhelp = \"h\"\nformerly = " + std::string(formerly) + '\n';
  };
  TomlFaults faults;
  const std::string text = with("{ name = \"tasks_total\", until = 2027-03-01 }");
  const CatalogueFile catalogue = CatalogueFile::read(text, "c.toml", faults);
  ASSERT_TRUE(faults.empty()) << faults[0].text();
  EXPECT_EQ(catalogue.meters()[0].formerly, "tasks_total");
  EXPECT_EQ(meters::to_text(catalogue.meters()[0].formerly_until), "2027-03-01");
  EXPECT_EQ(faults_of(with("{ name = \"tasks_total\" }")),
            (std::vector<std::string>{"c.toml:5:12: \"until\" is missing: the day on which the former name ends"}));
  EXPECT_EQ(faults_of(with("{ name = \"tasks_total\", until = \"soon\" }")),
            (std::vector<std::string>{"c.toml:5:44: \"until\" in [meter.formerly]: must be a date, like 2027-03-01, but is a text"}));
  EXPECT_EQ(faults_of(with("{ name = \"jobs_total\", until = 2027-03-01 }")),
            (std::vector<std::string>{"c.toml:2:8: meter \"jobs_total\": formerly \"jobs_total\": is its name now, too"}));
  EXPECT_EQ(faults_of(with("{ name = \"tasks total\", until = 2027-03-01 }")).size(), 1U);
  const auto clash = faults_of("[[meter]]\nname = \"tasks_total\"\nkind = \"counter\"\nhelp = \"h\"\n" +
                               with("{ name = \"tasks_total\", until = 2027-03-01 }"));
  ASSERT_EQ(clash.size(), 1U);
  EXPECT_NE(clash[0].find("would both be written as"), std::string::npos) << clash[0];
}

TEST(CatalogueFile, values_of_declared_sets_are_checked) {
  const std::string head = "[label.queue]\nmeaning = \"m\"\nvalues = [\"mail\", \"print\"]\n[label.other]\nmeaning = \"m\"\n"
                           "[[meter]]\nname = \"a\"\nkind = \"counter\"\nhelp = \"h\"\nlabels = [\"queue\", \"other\"]\n";
  EXPECT_EQ(faults_of(head + "declared = [{queue = \"mial\", other = \"x\"}]\n"),
            (std::vector<std::string>{"c.toml:11:22: \"queue\" in [meter.declared]: \"mial\" is none of its values; did you mean "
                                      "\"mail\"?"}));
  EXPECT_EQ(faults_of(head + "declared = [{queue = \"mail\", wrong = \"x\"}]\n").size(), 2U);
  EXPECT_EQ(faults_of(head + "declare_all = true\n"),
            (std::vector<std::string>{"c.toml:11:15: \"declare_all\" in [meter]: label \"other\" is not closed: it has no values"}));
}

TEST(CatalogueFile, what_is_no_catalogue_is_told) {
  EXPECT_EQ(faults_of("").size(), 1U);
  EXPECT_EQ(faults_of("[[meter]\n").size(), 1U);
  EXPECT_EQ(faults_of("meter = 3\nlabel = []\n").size(), 2U);
  EXPECT_EQ(faults_of("[[meter]]\n").size(), 3U);  // name, kind, help
}

TEST(CodeNames, are_identifiers) {
  EXPECT_EQ(type_name("server_request_total"), "ServerRequestTotal");
  EXPECT_EQ(type_name("http.server/x-y"), "HttpServerXY");
  EXPECT_EQ(type_name("5xx"), "V5xx");
  EXPECT_EQ(type_name("?"), "V");
  EXPECT_EQ(member_name("class"), "class_");
  EXPECT_EQ(member_name("http.route"), "http_route");
}

}  // namespace
}  // namespace tocsin::agent
