// SPDX-License-Identifier: Apache-2.0
#include "agent/relabel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/src/md5.h"

namespace tocsin::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// Nothing: dropped.
std::optional<RelabelSet> apply(RelabelConfig config, RelabelSet labels) {
  auto rule = RelabelRule::make(std::move(config));
  EXPECT_TRUE(rule) << rule.error().message;
  const std::vector<RelabelRule> rules{*rule};
  if (!relabel(rules, labels)) return std::nullopt;
  return labels;
}

// From prometheus/model/relabel/relabel_test.go.
TEST(Relabel, Replace) {
  const RelabelSet labels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};
  EXPECT_THAT(*apply({.source_labels = {"a"}, .regex = "f(.*)", .target_label = "d", .replacement = "ch${1}-ch${1}"}, labels),
              ElementsAre(Pair("a", "foo"), Pair("b", "bar"), Pair("c", "baz"), Pair("d", "choo-choo")));
  EXPECT_THAT(*apply({.source_labels = {"a", "b"}, .regex = "f(.*);(.*)r", .target_label = "a", .replacement = "b${1}${2}m"}, labels),
              ElementsAre(Pair("a", "boobam"), Pair("b", "bar"), Pair("c", "baz")));
  EXPECT_EQ(*apply({.source_labels = {"a"}, .regex = "nothing", .target_label = "a", .replacement = "x"}, labels), labels);
  // An empty text takes the label away.
  EXPECT_THAT(*apply({.source_labels = {"a"}, .regex = "(f).*", .target_label = "a", .replacement = "$2"}, labels),
              ElementsAre(Pair("b", "bar"), Pair("c", "baz")));
  // The target's name may come from the text.
  EXPECT_THAT(*apply({.source_labels = {"a"}, .regex = "(.*)", .target_label = "x_$1", .replacement = "y"}, {{"a", "foo"}}),
              ElementsAre(Pair("a", "foo"), Pair("x_foo", "y")));
}

TEST(Relabel, KeepAndDrop) {
  const RelabelSet labels{{"a", "foo"}, {"b", "foo"}, {"c", "x"}};
  EXPECT_TRUE(apply({.source_labels = {"a"}, .regex = "f.*", .action = RelabelAction::Keep}, labels));
  EXPECT_FALSE(apply({.source_labels = {"a"}, .regex = "o", .action = RelabelAction::Keep}, labels));  // the whole text
  EXPECT_FALSE(apply({.source_labels = {"a"}, .regex = "foo", .action = RelabelAction::Drop}, labels));
  EXPECT_TRUE(apply({.source_labels = {"a"}, .target_label = "b", .action = RelabelAction::KeepEqual}, labels));
  EXPECT_FALSE(apply({.source_labels = {"a"}, .target_label = "c", .action = RelabelAction::KeepEqual}, labels));
  EXPECT_FALSE(apply({.source_labels = {"a"}, .target_label = "b", .action = RelabelAction::DropEqual}, labels));
}

TEST(Relabel, NamesAndCase) {
  EXPECT_THAT(*apply({.regex = "__meta_(my.*)", .action = RelabelAction::LabelMap},
                     {{"__meta_my_baz", "3"}, {"__meta_x", "4"}}),
              ElementsAre(Pair("__meta_my_baz", "3"), Pair("__meta_x", "4"), Pair("my_baz", "3")));
  EXPECT_THAT(*apply({.regex = "(a.*)", .action = RelabelAction::LabelDrop}, {{"a1", "3"}, {"b", "4"}}), ElementsAre(Pair("b", "4")));
  EXPECT_THAT(*apply({.regex = "(a.*)", .action = RelabelAction::LabelKeep}, {{"a1", "3"}, {"b", "4"}}), ElementsAre(Pair("a1", "3")));
  EXPECT_THAT(*apply({.source_labels = {"a"}, .target_label = "l", .action = RelabelAction::Lowercase}, {{"a", "BaR"}}),
              ElementsAre(Pair("a", "BaR"), Pair("l", "bar")));
  EXPECT_THAT(*apply({.source_labels = {"a"}, .target_label = "l", .action = RelabelAction::Uppercase}, {{"a", "BaR"}}),
              ElementsAre(Pair("a", "BaR"), Pair("l", "BAR")));
}

TEST(Relabel, HashModAsPrometheus) {
  EXPECT_THAT(*apply({.source_labels = {"c"}, .separator = ";", .modulus = 1000, .target_label = "d",
                      .action = RelabelAction::HashMod}, {{"c", "baz"}}),
              ElementsAre(Pair("c", "baz"), Pair("d", "976")));
  EXPECT_THAT(*apply({.source_labels = {"a"}, .modulus = 1000, .target_label = "d", .action = RelabelAction::HashMod},
                     {{"a", "foo\nbar"}}),
              ElementsAre(Pair("a", "foo\nbar"), Pair("d", "734")));
  EXPECT_EQ(md5_low64(""), 0xe9800998ecf8427eU);
  EXPECT_EQ(md5_low64(std::string(64, 'a')), md5_low64(std::string(64, 'a')));
}

TEST(Relabel, WhatCannotBe) {
  const auto fault = [](RelabelConfig config) {
    const auto rule = RelabelRule::make(std::move(config));
    return rule ? std::string() : rule.error().message;
  };
  EXPECT_THAT(fault({.source_labels = {"a"}}), HasSubstr("needs a target_label"));
  EXPECT_THAT(fault({.target_label = "x", .action = RelabelAction::HashMod}), HasSubstr("modulus"));
  EXPECT_THAT(fault({.regex = "(", .action = RelabelAction::LabelDrop}), HasSubstr("regex \"(\""));
  EXPECT_THAT(fault({.source_labels = {"a"}, .regex = "x", .action = RelabelAction::LabelKeep}), HasSubstr("nothing else"));
}

}  // namespace
}  // namespace tocsin::agent
