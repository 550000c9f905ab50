// SPDX-License-Identifier: Apache-2.0
#include "agent/history.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "agent/store/replaced_file.h"
#include "rules/batch.h"

namespace tocsin::agent {
namespace {

namespace fs = std::filesystem;

class HistoryTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("history_" + std::to_string(getpid()) + "_" +
                                              testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    config_.data_dir = (folder_ / "data").string();
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<History> started() {
    auto history = std::make_unique<History>(config_, log_, clock_);
    history->start();
    return history;
  }
  void append(History& history, double value) {
    rules::BatchBuilder builder;
    builder.add(builder.place("up", {{"job", "shop"}}), to_unix_ns(clock_.now()) / 1'000'000, value);
    history.window()->append(builder.batch());
  }
  std::string file() const { return config_.data_dir + "/window.checkpoint"; }

  fs::path folder_;
  Config config_;
  ManualClock clock_;
  Log log_{{.descriptor = -1}};
};

TEST_F(HistoryTest, what_was_there_at_stop_is_there_at_start) {
  auto first = started();
  append(*first, 1);
  EXPECT_EQ(first->stats().last_failure, "");
  EXPECT_TRUE(fs::is_empty(config_.data_dir)) << "the probe leaves nothing";
  first->stop();
  EXPECT_EQ(first->stats().checkpoints, 1U);
  EXPECT_EQ(started()->stats().window.series, 1U);
}

TEST_F(HistoryTest, a_damaged_checkpoint_is_put_aside_and_the_agent_starts) {
  auto first = started();
  append(*first, 1);
  first->stop();
  std::ofstream(file(), std::ios::app) << "x";
  auto next = started();
  EXPECT_EQ(next->stats().window.series, 0U);
  EXPECT_TRUE(fs::exists(file() + ".damaged"));
  append(*next, 1);
  next->stop();
  EXPECT_EQ(started()->stats().window.series, 1U);
}

TEST_F(HistoryTest, a_folder_that_cannot_be_written_is_counted) {
  std::ofstream(config_.data_dir = folder_.string());  // a file stands where the folder should be
  auto history = started();
  EXPECT_FALSE(history->stats().last_failure.empty()) << "told at the start, not at the first checkpoint";
  EXPECT_EQ(history->stats().failed_checkpoints, 0U);
  history->stop();
  EXPECT_EQ(history->stats().failed_checkpoints, 1U);
  EXPECT_FALSE(history->stats().last_failure.empty());
}

TEST_F(HistoryTest, without_a_data_directory_nothing_is_saved) {
  config_.data_dir.clear();
  auto history = started();
  history->stop();
  EXPECT_EQ(history->stats().checkpoints + history->stats().failed_checkpoints, 0U);
}

TEST_F(HistoryTest, a_file_that_is_not_committed_changes_nothing) {
  const std::string path = (folder_ / "a" / "file").string();
  {
    auto file = ReplacedFile::open(path);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write("one"));
    ASSERT_TRUE((*file)->commit());
  }
  {
    auto file = ReplacedFile::open(path);
    ASSERT_TRUE((*file)->write("two"));
  }
  EXPECT_EQ(**read_whole_file(path), "one");
  EXPECT_FALSE(fs::exists(path + ".new"));
  EXPECT_FALSE(*read_whole_file((folder_ / "nothing").string()));
}

}  // namespace
}  // namespace tocsin::agent
