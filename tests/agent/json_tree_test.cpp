// SPDX-License-Identifier: Apache-2.0
#include "agent/check/json_tree.h"

#include <gtest/gtest.h>

namespace tocsin::agent {
namespace {

TEST(JsonTree, values_have_their_places) {
  const auto tree = JsonTree::parse("{\n  \"a\": [1, -2.5e3, true, null],\n  \"b\": {\"c\": \"x\\u00e9\\ud83d\\ude00\\n\"}\n}\n");
  ASSERT_TRUE(tree.ok()) << tree.error().message;
  const JsonValue& root = tree->root();
  EXPECT_EQ(root.find("a")->items[1].number, -2500);
  EXPECT_EQ(root.find("b")->text_at("c"), "x\u00e9\U0001F600\n");
  EXPECT_EQ(root.find("none"), nullptr);
  const JsonPlace place = tree->place(root.find("b")->offset);
  EXPECT_EQ(place.line, 3U);
  EXPECT_EQ(place.column, 8U);
}

TEST(JsonTree, what_is_no_json_is_told_with_its_place) {
  const std::pair<const char*, std::size_t> cases[] = {
      {"", 1},        {"{", 2},       {"{\"a\" 1}", 6},  {"[1,]", 4},     {"[01]", 2},      {"[1 2]", 4},
      {"{} x", 4},    {"[\"a\nb\"]", 4}, {"[\"\\x\"]", 4}, {"[tru]", 2},  {"[1.]", 4},      {"\"abc", 5},
      {"{a: 1}", 2},  {"[NaN]", 2},   {"[\"\\u12g4\"]", 7}};
  for (const auto& [text, column] : cases) {
    JsonPlace place;
    const auto tree = JsonTree::parse(text, &place);
    EXPECT_FALSE(tree.ok()) << text;
    EXPECT_EQ(place.column, column) << text;
  }
  EXPECT_FALSE(JsonTree::parse(std::string(200'000, '[')).ok());
  EXPECT_FALSE(JsonTree::parse("\"\xff\"").ok());
}

}  // namespace
}  // namespace tocsin::agent
