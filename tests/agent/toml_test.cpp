// SPDX-License-Identifier: Apache-2.0
#include "agent/toml.h"

#include <gtest/gtest.h>

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> texts(const TomlFaults& faults) {
  std::vector<std::string> all;
  for (const TomlFault& fault : faults) all.push_back(fault.text());
  return all;
}

TEST(Toml, every_fault_is_told_at_once_with_its_place) {
  TomlFaults faults;
  TomlTable root = parse_toml(
      "tick = 15\n"
      "[http]\n"
      "listn = \"x\"\n"
      "workers = 9999\n"
      "[[export]]\n"
      "timeout = \"5000\"\n",
      "t.toml", faults);
  std::chrono::nanoseconds tick = 15s;
  root.read_duration("tick", tick, 1s, 1h);
  TomlTable http = root.table("http");
  std::string listen = "default";
  http.read("listen", listen);
  std::int64_t workers = 16;
  http.read("workers", workers, 1, 512);
  for (TomlTable& table : root.tables("export")) {
    std::chrono::nanoseconds timeout = 10s;
    table.read_duration("timeout", timeout, 1ms, 1h);
  }
  root.finish();
  EXPECT_EQ(texts(faults),
            (std::vector<std::string>{
                "t.toml:1:8: \"tick\" at the top level: must be a duration with its unit, like \"15s\", but is an integer",
                "t.toml:4:11: \"workers\" in [http]: must be from 1 to 512, but is 9999",
                "t.toml:6:11: \"timeout\" in [export]: not a duration: \"5000\" (write it like \"15s\", \"500ms\" or "
                "\"1h30m\")",
                "t.toml:3:9: unknown key \"listn\" in [http]; did you mean \"listen\"?"}));
  EXPECT_EQ(listen, "default");
}

TEST(Toml, a_syntax_error_has_its_line) {
  TomlFaults faults;
  parse_toml("a = 1\nb = = 2\n", "bad.toml", faults);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].place.line, 2U) << faults[0].text();
  EXPECT_TRUE(faults[0].message.starts_with("syntax: ")) << faults[0].text();
}

TEST(Toml, the_usual_mistakes_are_named) {
  const std::pair<const char*, const char*> cases[] = {
      {"listen = 127.0.0.1:1\n", "stands in quotes"}, {"tick = 15s\n", "stands in quotes"},      {"listen = /run/x\n", "a text stands in quotes"},
      {"listen = \"127\n", "a \" is missing"},        {"[http\nlisten = \"x\"\n", "a ] is missing"}, {"tick =\n", "a value is missing"}};
  for (const auto& [text, said] : cases) {
    TomlFaults faults;
    parse_toml(text, "t.toml", faults);
    ASSERT_EQ(faults.size(), 1U) << text;
    EXPECT_NE(faults[0].text().find(said), std::string::npos) << text << faults[0].text();
  }
}

TEST(Toml, what_stands_below_a_table_belongs_to_it) {
  TomlFaults faults;
  TomlTable root = parse_toml("[http]\nlisten = \"x\"\ntick = \"1s\"\n", "t.toml", faults);
  std::string text;
  root.read("tick", text);
  root.table("http").read("listen", text);
  root.finish();
  EXPECT_EQ(texts(faults), std::vector<std::string>{"t.toml:3:8: unknown key \"tick\" in [http]; it belongs above the first [table]"});
}

TEST(Toml, deep_nesting_is_refused_before_the_parser_sees_it) {
  TomlFaults faults;
  parse_toml("a = " + std::string(200'000, '['), "deep.toml", faults);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].text(), "deep.toml:1:1: nested deeper than 64 levels");
}

TEST(Toml, booleans_are_strict_as_texts_too) {
  TomlFaults faults;
  TomlTable root = parse_toml("a = true\nb = \"off\"\nc = \"YES\"\nd = \"maybe\"\ne = 1\nf = \"\"\n", "t.toml", faults);
  bool a = false, b = true, c = false, d = true, e = true, f = true;
  EXPECT_TRUE(root.read("a", a) && root.read("b", b) && root.read("c", c));
  EXPECT_TRUE(a && !b && c);
  EXPECT_FALSE(root.read("d", d) || root.read("e", e) || root.read("f", f));
  EXPECT_TRUE(d && e && f) << "what is wrong changes nothing";
  root.finish();
  ASSERT_EQ(faults.size(), 3U);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    EXPECT_EQ(faults[i].place.line, 4 + i);
    EXPECT_NE(faults[i].text().find("true or false"), std::string::npos) << faults[i].text();
  }
}

TEST(Toml, a_setting_goes_over_the_file) {
  TomlFaults faults;
  TomlTable root = parse_toml("[http]\nlisten = \"127.0.0.1:1\"\n", "t.toml", faults);
  set_toml(root, "http.listen=0.0.0.0:9464", faults);
  set_toml(root, "http.workers=4", faults);
  set_toml(root, "nonsense", faults);
  TomlTable http = root.table("http");
  std::string listen;
  std::int64_t workers = 0;
  EXPECT_TRUE(http.read("listen", listen));
  EXPECT_TRUE(http.read("workers", workers, 1, 64));
  root.finish();
  EXPECT_EQ(listen, "0.0.0.0:9464");
  EXPECT_EQ(workers, 4);
  EXPECT_EQ(texts(faults), std::vector<std::string>{"--set: \"nonsense\" is not section.key=value"});
}

TEST(Toml, a_setting_that_is_wrong_is_named_and_not_the_file) {
  TomlFaults faults;
  TomlTable root = parse_toml("[http]\nworkers = 4\n", "t.toml", faults);
  set_toml(root, "http.workers=many", faults);
  set_toml(root, "tick=5", faults);
  std::int64_t workers = 0;
  std::chrono::nanoseconds tick{};
  root.table("http").read("workers", workers, 1, 64);
  root.read_duration("tick", tick, std::chrono::seconds(1), std::chrono::hours(1));
  root.finish();
  ASSERT_EQ(faults.size(), 2U);
  EXPECT_EQ(faults[0].text(), "--set http.workers=many: \"workers\" in [http]: must be an integer, but is a text");
  EXPECT_TRUE(faults[1].text().starts_with("--set tick=5: \"tick\" at the top level: must be")) << faults[1].text();
}

TEST(Toml, a_setting_that_is_wrong_is_named_without_its_password) {
  TomlFaults faults;
  TomlTable root = parse_toml("", "t.toml", faults);
  set_toml(root, "external=http://u:s3cret@h", faults);
  root.finish();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].text(), "--set external=http://h: unknown key \"external\" at the top level");
}

}  // namespace
}  // namespace tocsin::agent
