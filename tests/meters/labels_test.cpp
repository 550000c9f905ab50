// SPDX-License-Identifier: Apache-2.0
#include "meters/labels.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tocsin::meters {
namespace {

TEST(LabelSetTable, a_set_has_one_row) {
  LabelSetTable table({{"func", "func"}, {"http.route", "http_route"}});
  const std::array first{table.intern(0, "a", LabelType::String), table.intern(1, "/x", LabelType::String)};
  const std::array second{table.intern(0, "b", LabelType::String), kNoValue};
  EXPECT_EQ(table.find_or_append(first), 0U);
  EXPECT_EQ(table.find_or_append(second), 1U);
  EXPECT_EQ(table.find_or_append(first), 0U);
  EXPECT_EQ(table.find(second), Row{1});
  EXPECT_EQ(table.rows(), 2U);
}

TEST(LabelSetTable, a_view_does_not_see_later_rows_and_columns) {
  LabelSetTable table(std::vector<LabelColumn>{{"a", "a"}});
  table.find_or_append(std::array{table.intern(0, "1", LabelType::Int)});
  const auto before = table.view();
  EXPECT_EQ(before, table.view());
  table.add_column({"b", "b"});
  const std::array both{table.intern(0, "1", LabelType::Int), table.intern(1, "q\"", LabelType::String)};
  EXPECT_EQ(table.find_or_append(both), 1U);
  const auto after = table.view();
  EXPECT_EQ(before->rows(), 1U);
  EXPECT_EQ(before->columns(), 1U);
  EXPECT_EQ(after->rows(), 2U);
  EXPECT_EQ(after->id(0, 1), kNoValue);
  std::array<ValueId, 2> ids{};
  after->read_ids(1, 0, ids);
  EXPECT_EQ(ids[0], kNoValue) << "the column came later";
  EXPECT_EQ(after->label_text(1, ids[0]).text, "");
  EXPECT_EQ(after->label_text(1, ids[1]).text, "q\"");
  EXPECT_TRUE(after->label_text(1, ids[1]).needs_escape);
  EXPECT_EQ(after->text(1, after->id(1, 1)), "q\"");
  EXPECT_TRUE(after->needs_escape(1, after->id(1, 1)));
  EXPECT_EQ(after->type(0, after->id(0, 0)), LabelType::Int);
  EXPECT_EQ(table.find(std::array{table.lookup(0, "1")}), Row{0}) << "a set keeps its row when a column comes";
}

TEST(LabelSetTable, many_rows_stay_apart) {
  LabelSetTable table({{"n", "n"}, {"m", "m"}});
  for (int i = 0; i < 5000; ++i) {
    const std::array ids{table.intern(0, std::to_string(i), LabelType::String),
                         table.intern(1, std::to_string(i % 7), LabelType::String)};
    ASSERT_EQ(table.find_or_append(ids), static_cast<Row>(i));
  }
  const auto sets = table.view();
  for (Row row = 0; row < 5000; ++row) ASSERT_EQ(sets->text(0, sets->id(row, 0)), std::to_string(row));
  std::array<ValueId, 100> ids{};
  sets->read_ids(1, 4000, ids);
  for (Row i = 0; i < 100; ++i) ASSERT_EQ(sets->label_text(1, ids[i]).text, std::to_string((4000 + i) % 7));
  EXPECT_EQ(sets->ids(1), 8U);
}

TEST(LabelSetTable, colliding_prometheus_names_are_told) {
  LabelSetTable table(std::vector<LabelColumn>{{"a.b", "a_b"}});
  EXPECT_FALSE(table.view()->names_collide());
  table.add_column({"a_b", "a_b"});
  EXPECT_TRUE(table.view()->names_collide());
}

}  // namespace
}  // namespace tocsin::meters
