// SPDX-License-Identifier: Apache-2.0
// Every test script beside this file, and Prometheus' own of version 3.0 where they are beside the checkout.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "rules/promql/functions.h"
#include "rules/promql/parse.h"
#include "rules/promql/script.h"
#include "rules/promql/walk.h"
#include "tests/source_dir.h"

namespace tocsin::rules::promql {
namespace {

namespace fs = std::filesystem;

fs::path own_folder() { return fs::path(source_dir()) / "tests" / "promql"; }
fs::path conformance_folder() { return fs::path(source_dir()) / ".." / "shared" / "conformance" / "promql-3.0"; }

std::vector<std::string> scripts_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(folder, absent))
    if (entry.path().extension() == ".test") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

Result<Script> script_at(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return Script::parse(text.str());
}

// Evals of Prometheus 3.0 that Prometheus 3.15 answers in another way, as we do; docs/promql.md says why.
std::set<std::size_t> answered_otherwise(const std::string& script) {
  if (script == "functions") return {335};
  if (script == "histograms") return {97, 102};
  if (script == "limit") return {109, 112};
  return {};
}

class OwnScript : public testing::TestWithParam<std::string> {};
class PrometheusScript : public testing::TestWithParam<std::string> {};

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

TEST_P(OwnScript, Passes) {
  const auto script = script_at(own_folder() / (GetParam() + ".test"));
  ASSERT_TRUE(script.ok()) << script.error().message;
  const ScriptReport report = script->run();
  EXPECT_GT(report.passed, 0u);
  for (const ScriptFault& fault : report.faults)
    ADD_FAILURE() << GetParam() << ".test:" << fault.line << ": " << fault.expression << ": " << fault.message;
}

TEST_P(PrometheusScript, Passes) {
  const fs::path path = conformance_folder() / (GetParam() + ".test");
  const auto script = script_at(path);
  ASSERT_TRUE(script.ok()) << script.error().message;
  std::set<std::size_t> expected = answered_otherwise(GetParam());
  for (const ScriptFault& fault : script->run().faults)
    if (expected.erase(fault.line) == 0)
      ADD_FAILURE() << GetParam() << ".test:" << fault.line << ": " << fault.expression << ": " << fault.message;
  EXPECT_TRUE(expected.empty()) << "line " << *expected.begin() << " passes: take it off the list";
}

INSTANTIATE_TEST_SUITE_P(Scripts, OwnScript, testing::ValuesIn(scripts_in(own_folder())), name_of);
INSTANTIATE_TEST_SUITE_P(Scripts, PrometheusScript, testing::ValuesIn(scripts_in(conformance_folder())), name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PrometheusScript);

TEST(Scripts, ThoseOfPrometheusAreThere) {
  if (scripts_in(conformance_folder()).empty()) GTEST_SKIP() << "no conformance data at " << conformance_folder();
  EXPECT_EQ(scripts_in(conformance_folder()).size(), 15u);
}

TEST(Scripts, EveryFunctionHasOne) {
  std::set<std::string_view> called;
  for (const std::string& name : scripts_in(own_folder())) {
    const auto script = script_at(own_folder() / (name + ".test"));
    ASSERT_TRUE(script.ok()) << name << ": " << script.error().message;
    for (const std::string& expression : script->expressions()) {
      const auto expr = parse(expression, {.experimental = true});
      if (!expr) continue;
      walk(**expr, [&](const Expr& each, std::span<const Expr* const>) {
        if (const auto* call = std::get_if<Call>(&each.node)) called.insert(call->function->name);
      });
    }
  }
  for (const Signature& function : functions())
    EXPECT_TRUE(called.contains(function.name)) << function.name << " has no eval in tests/promql/*.test";
}

}  // namespace
}  // namespace tocsin::rules::promql
