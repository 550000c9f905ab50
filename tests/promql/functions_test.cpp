// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/functions.h"

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/source_dir.h"

namespace tocsin::rules::promql {
namespace {

TEST(Functions, AreFoundByName) {
  const Signature* rate = find_function("rate");
  ASSERT_NE(rate, nullptr);
  EXPECT_EQ(rate->arity(), 1);
  EXPECT_EQ(rate->types[0], ValueType::Matrix);
  EXPECT_FALSE(rate->experimental);
  EXPECT_EQ(find_function("Rate"), nullptr);
  EXPECT_EQ(find_function(""), nullptr);
}

TEST(Functions, EveryOneHasWordsAndATypeForEachArgument) {
  for (const Signature& function : functions()) {
    EXPECT_EQ(find_function(function.name), &function);
    EXPECT_FALSE(function.doc.empty()) << function.name;
    EXPECT_TRUE(function.variadic == 0 || function.arity() > 0) << function.name;
  }
}

// A whole word, and a bracket behind it.
bool is_called(const std::string& text, const std::string& name) {
  const auto of_a_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const auto behind = text.find_first_not_of(' ', at + name.size());
    if (behind != std::string::npos && text[behind] == '(' && (at == 0 || !of_a_word(text[at - 1]))) return true;
  }
  return false;
}

TEST(Functions, EveryOneIsInAScript) {
  std::ostringstream scripts;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(source_dir()) / "tests" / "promql"))
    if (file.path().extension() == ".test") scripts << std::ifstream(file.path()).rdbuf();
  const std::string text = scripts.str();
  for (const Signature& function : functions())
    EXPECT_TRUE(is_called(text, std::string(function.name))) << function.name;
}

TEST(Functions, TheLastTypeRepeats) {
  const Signature* join = find_function("label_join");
  ASSERT_NE(join, nullptr);
  EXPECT_EQ(join->type_of(0), ValueType::Vector);
  EXPECT_EQ(join->type_of(9), ValueType::String);
}

}  // namespace
}  // namespace tocsin::rules::promql
