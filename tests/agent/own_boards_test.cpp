// SPDX-License-Identifier: Apache-2.0
#include "agent/api/own_boards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tocsin::agent {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

class OwnBoardsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    boards_.set({"*.json"}, folder_);
  }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ + '/' + name) << text; }
  std::vector<OwnBoard> look() { return boards_.look().boards; }

  const std::string folder_ = testing::TempDir() + "own_boards";
  OwnBoards boards_;
};

TEST_F(OwnBoardsTest, SaysWhatAFileSaysOfItself) {
  write("shop.json", R"({"uid": "s-1", "title": "Shop", "description": "all of it", "panels": []})");
  write("wrapped.json", R"({"meta": {}, "dashboard": {"uid": "s-2", "title": "Wrapped", "panels": []}})");
  const auto found = look();
  EXPECT_THAT(found, ElementsAre(Field(&OwnBoard::uid, "s-1"), Field(&OwnBoard::uid, "s-2")));
  EXPECT_EQ(found[0].title, "Shop");
  EXPECT_EQ(found[0].description, "all of it");
  EXPECT_THAT(found[0].path, EndsWith("/shop.json"));
  EXPECT_THAT(found[0].fault, IsEmpty());
  EXPECT_EQ(found[1].title, "Wrapped");
}

TEST_F(OwnBoardsTest, WhatHasNoUidIsKnownByItsFile) {
  write("my shop.json", R"({"panels": []})");
  EXPECT_EQ(look()[0].uid, "my-shop");
  EXPECT_EQ(look()[0].title, "my shop.json");
  EXPECT_TRUE(boards_.text("my-shop").ok());
}

TEST_F(OwnBoardsTest, TheSecondOfOneUidIsToldAndStillItsOwn) {
  write("a.json", R"({"uid": "x", "title": "A", "panels": []})");
  write("b.json", R"({"uid": "x", "title": "B", "panels": []})");
  const auto found = look();
  EXPECT_THAT(found[0].fault, IsEmpty());
  EXPECT_THAT(found[1].fault, HasSubstr("a.json"));
  EXPECT_EQ(found[1].uid, "x-2");
  EXPECT_THAT(*boards_.text("x-2"), HasSubstr("\"B\""));
}

TEST_F(OwnBoardsTest, WhatCannotBeReadIsToldWithItsPlace) {
  write("torn.json", "{\"uid\": \"t\",\n \"panels\": [");
  write("large.json", std::string((std::size_t{8} << 20) + 1, ' '));
  const auto found = look();
  EXPECT_THAT(found[0].fault, HasSubstr("larger than 8 MiB"));
  EXPECT_THAT(found[1].fault, HasSubstr("torn.json:2:"));
}

TEST_F(OwnBoardsTest, WhatIsNoDashboardIsTold) {
  write("list.json", "[1,2]");
  write("older.json", R"({"title": "Old", "rows": [{"panels": []}]})");
  write("title.json", R"({"title":"x"})");
  const auto found = look();
  EXPECT_THAT(found[0].fault, HasSubstr("list.json:1:1: is JSON, but no dashboard"));
  EXPECT_THAT(found[1].fault, IsEmpty());
  EXPECT_THAT(found[2].fault, HasSubstr("title.json:1:1: is JSON, but no dashboard"));
}

TEST_F(OwnBoardsTest, FollowsItsFiles) {
  EXPECT_THAT(boards_.look().unmatched, ElementsAre("*.json"));
  write("shop.json", R"({"uid": "s", "title": "Before", "panels": []})");
  EXPECT_EQ(look()[0].title, "Before");
  write("shop.json", R"({"uid": "s", "title": "Afterwards", "panels": []})");
  EXPECT_EQ(look()[0].title, "Afterwards");
  std::filesystem::remove(folder_ + "/shop.json");
  EXPECT_THAT(look(), IsEmpty());
  EXPECT_FALSE(boards_.text("s").ok());
}

TEST_F(OwnBoardsTest, OnlyWhatThePatternsNameIsServed) {
  write("shop.json", R"({"uid": "s"})");
  write("secret.txt", "no");
  for (const char* uid : {"secret", "secret.txt", "../own_boards/shop", "", "/etc/passwd"}) EXPECT_FALSE(boards_.text(uid).ok()) << uid;
}

}  // namespace
}  // namespace tocsin::agent
