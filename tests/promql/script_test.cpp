// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/script.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "rules/promql/parse.h"
#include "tests/source_dir.h"

namespace tocsin::rules::promql {
namespace {

std::string fault_of(std::string_view text) {
  const auto script = Script::parse(text);
  return script ? "" : script.error().message;
}

TEST(Script, SaysWhereAScriptIsWrong) {
  EXPECT_EQ(fault_of("load 5m\n  a 1\n\nbad 1"), "line 4: invalid command \"bad 1\"");
  EXPECT_EQ(fault_of("load\n a 1"), "line 1: invalid load command. (load[_with_nhcb] <step:duration>)");
  EXPECT_EQ(fault_of("# c\nload 5m\n  a{b=1} 1"), "line 3: column 5: unexpected \"1} 1\" in label set, expected string");
  EXPECT_NE(fault_of("eval instant at 5x a\n").find("line 1: invalid definition of \"at\""), std::string::npos);
  EXPECT_NE(fault_of("eval instant at 5m a\n a 1 2").find("line 2: expecting multiple values"), std::string::npos);
  EXPECT_NE(fault_of("eval instant at 5m a\n expect warn\n expect no_warn").find("line 3:"), std::string::npos);
  EXPECT_NE(fault_of("eval instant at 5m a\n expect maybe").find("line 2: invalid expect"), std::string::npos);
  EXPECT_NE(fault_of("eval instant at 5m a\n expect fail regex:(").find("line 2: "), std::string::npos);
  EXPECT_NE(fault_of("eval range from 5m to 1m step 1m a").find("before start"), std::string::npos);
  EXPECT_NE(fault_of("eval_ordered range").find("line 1"), std::string::npos);
  std::string many = "load 1m\n";
  for (int i = 0; i < 11; ++i) many += " a" + std::to_string(i) + " _x999999\n";
  EXPECT_EQ(fault_of(many), "line 12: more than 10000000 values in all");
  EXPECT_NE(fault_of("load 1m\n a@st 1m").find("line 2: start times"), std::string::npos);
}

TEST(Script, ReadsTheOldAndTheNewForm) {
  const auto script = Script::parse(R"(
    # a comment
    load_with_nhcb 5m
      a{le="1"} 1 2

    eval_fail instant at 5m  ceil({__name__=~"a|b"})
      expected_fail_message vector cannot contain metrics with the same labelset
    eval range from 0 to 10m step 5m a
      expect no_warn
      expect info regex: x.*y
      {le="1"} 1 2

    eval_ordered instant at 1h sort(a)

    eval instant at 10m a[5m]
      expect range vector from 5m to 10m step 5m
      a{le="1"} 2 _

    eval instant at 1m "x\ny"
      expect string "x\ny"

    eval instant at 1m pi()
      3.14

    clear)");
  ASSERT_TRUE(script.ok()) << script.error().message;
  EXPECT_EQ(script->evals(), 6u);
  EXPECT_EQ(script->expressions()[0], "ceil({__name__=~\"a|b\"})");
}

TEST(Script, ReadsPrometheusScripts) {
  const auto folder = std::filesystem::path(source_dir()) / ".." / "shared" / "conformance" / "promql-3.0";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no conformance data at " << folder;
  std::size_t evals = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    const auto script = Script::parse(text.str());
    ASSERT_TRUE(script.ok()) << entry.path() << ": " << script.error().message;
    evals += script->evals();
    for (const std::string& expression : script->expressions()) {
      const auto expr = parse(expression, {.experimental = true});
      EXPECT_TRUE(expr.ok()) << entry.path() << ": " << expression << ": " << (expr ? "" : expr.error().message);
    }
  }
  EXPECT_EQ(evals, 1049u);
}

}  // namespace
}  // namespace tocsin::rules::promql
