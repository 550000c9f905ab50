// SPDX-License-Identifier: Apache-2.0
#include "agent/store/data_lock.h"
#include "agent/store/store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

namespace tocsin::agent {
namespace {

namespace fs = std::filesystem;
using rules::AlertPhase;
using rules::AlertState;
using rules::OutboxRow;
using rules::StateChange;
using rules::ToldRecord;
using rules::promql::Matcher;
using rules::promql::MatchType;

Time at(int second) { return from_unix_ns((1'700'000'000 + std::int64_t{second}) * 1'000'000'000); }

TEST(DataLock, a_data_directory_is_one_agents_alone) {
  std::string folder = (fs::temp_directory_path() / "tocsin-lock-XXXXXX").string();
  folder = std::string(mkdtemp(folder.data())) + "/data";
  {
    const auto first = DataLock::take(folder);
    ASSERT_TRUE(first && *first);
    const auto second = DataLock::take(folder);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("in use by another tocsin (process " + std::to_string(getpid()) + ')'), std::string::npos)
        << second.error().message;
  }
  EXPECT_TRUE(DataLock::take(folder));
  EXPECT_TRUE(DataLock::take(""));
  EXPECT_TRUE(DataLock::take("/proc/no/such/folder")) << "who writes there says so";
  fs::remove_all(fs::path(folder).parent_path());
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::string folder = (fs::temp_directory_path() / "tocsin-store-XXXXXX").string();
    folder_ = mkdtemp(folder.data());
  }
  ~StoreTest() override {
    ::close(log_to_);
    fs::remove_all(folder_);
  }
  std::unique_ptr<Store> open(std::uint64_t max_bytes = 64 << 20) {
    auto store = Store::open({.file = file(), .max_bytes = max_bytes}, log_, clock_);
    EXPECT_TRUE(store) << (store ? "" : store.error().message);
    return store ? *std::move(store) : nullptr;
  }
  std::string file() const { return (folder_ / "data" / "state.db").string(); }

  fs::path folder_;
  const int log_to_ = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ManualClock clock_;
  Log log_{LogOptions{.descriptor = log_to_}};
};

AlertState alert(const std::string& rule, const std::string& instance) {
  AlertState state;
  state.rule = rule;
  state.labels = {{"alertname", "Down"}, {"instance", instance}};
  state.annotations = {{"summary", std::string("bytes \0 and é", 14)}};
  state.phase = AlertPhase::Firing;
  state.value = -0.5;
  state.active_at = at(0), state.fired_at = at(60), state.last_sent_at = at(60);
  return state;
}

OutboxRow row(const AlertState& state) { return outbox_row(state, "http://h/graph?x=1", at(60), std::chrono::minutes{4}); }

TEST_F(StoreTest, WhatIsCommittedIsThereAfterAReopen) {
  const AlertState one = alert("r1", "a"), two = alert("r1", "b"), three = alert("r2", "a");
  ToldRecord told{.key = row(one).key, .receiver = "am", .firing_at = at(61)};
  {
    const auto store = open();
    ASSERT_TRUE(store->commit({.alerts = {one, two, three}, .outbox = {row(one), row(two)}, .told = {told}}));
    ASSERT_TRUE(store->put_fact("alive", "now"));
  }
  const auto store = open();
  auto alerts = *store->alerts();
  std::sort(alerts.begin(), alerts.end(), [](const auto& a, const auto& b) { return std::tie(a.rule, a.labels) < std::tie(b.rule, b.labels); });
  EXPECT_EQ(alerts, (std::vector<AlertState>{one, two, three}));
  EXPECT_EQ(store->outbox()->size(), 2U);
  EXPECT_EQ(*store->told(), std::vector<ToldRecord>{told});
  EXPECT_EQ(*store->fact("alive"), "now");
  EXPECT_EQ(*store->fact("none"), "");

  ASSERT_TRUE(store->commit({.over = {{"r2", three.labels}}, .done = {row(one).key}, .rules_gone = {"r1"}}));
  EXPECT_TRUE(store->alerts()->empty());
  EXPECT_EQ(*store->outbox(), std::vector<OutboxRow>{row(two)});
  EXPECT_TRUE(store->told()->empty());
}

TEST_F(StoreTest, NotANumberIsAValue) {
  AlertState state = alert("r", "a");
  state.value = std::numeric_limits<double>::quiet_NaN();
  const auto store = open();
  ASSERT_TRUE(store->commit({.alerts = {state}}));
  EXPECT_TRUE(std::isnan(store->alerts()->at(0).value));
}

TEST_F(StoreTest, SilencesAreKept) {
  const auto silence = rules::Silence::make({*Matcher::make("job", MatchType::Regex, "a|b"), *Matcher::make("dc", MatchType::NotEqual, "x")},
                                            {.id = "s1", .starts_at = at(0), .ends_at = at(9), .created_at = at(0), .author = "ann", .comment = "move"});
  ASSERT_TRUE(silence);
  ASSERT_TRUE(open()->put_silence(*silence));
  const auto store = open();
  const auto kept = *store->silences();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].facts(), silence->facts());
  EXPECT_TRUE(kept[0].takes({{"job", "b"}}));
  ASSERT_TRUE(store->forget_silence("s1"));
  EXPECT_TRUE(store->silences()->empty());
}

// What kill -9 leaves: the files as they are while the store is open.
TEST_F(StoreTest, ACopyOfTheLiveFilesHasEveryCommit) {
  const auto store = open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store->commit({.alerts = {alert("r", std::to_string(i))}}));
  fs::create_directories(folder_ / "copy");
  for (const char* ending : {"", "-wal"}) {
    if (fs::exists(file() + ending)) fs::copy_file(file() + ending, folder_ / "copy" / ("state.db" + std::string(ending)));
  }
  const auto copy = Store::open({.file = (folder_ / "copy" / "state.db").string()}, log_, clock_);
  ASSERT_TRUE(copy);
  EXPECT_EQ((*copy)->alerts()->size(), 20U);
}

TEST_F(StoreTest, ASecondAgentIsRefused) {
  const auto store = open();
  const auto second = Store::open({.file = file()}, log_, clock_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("another process"), std::string::npos) << second.error().message;
}

TEST_F(StoreTest, ACorruptDatabaseIsPutAside) {
  { ASSERT_TRUE(open()->commit({.alerts = {alert("r", "a")}})); }
  { std::ofstream(file(), std::ios::binary) << "this is no database, and was never one, but it is long enough to look at"; }
  const auto store = open();
  EXPECT_TRUE(store->alerts()->empty());
  EXPECT_EQ(store->stats().put_aside, 1U);
  EXPECT_TRUE(fs::exists(store->stats().put_aside_as));
  EXPECT_TRUE(store->commit({.alerts = {alert("r", "a")}}));
}

TEST_F(StoreTest, PagesOverwrittenArePutAsideToo) {
  {
    const auto store = open();
    StateChange many;
    for (int i = 0; i < 2'000; ++i) many.alerts.push_back(alert("r", std::to_string(i)));
    ASSERT_TRUE(store->commit(many));
  }
  {
    std::fstream bytes(file(), std::ios::binary | std::ios::in | std::ios::out);
    bytes.seekp(4096);
    bytes << std::string(16'384, '\xff');
  }
  const auto store = open();
  EXPECT_EQ(store->stats().put_aside, 1U);
  EXPECT_TRUE(store->alerts()->empty());
}

TEST_F(StoreTest, ADatabaseOfANewerVersionIsPutAsideAndKept) {
  { ASSERT_TRUE(open()->commit({.alerts = {alert("r", "a")}})); }
  {
    // The schema version lies at byte 60 of the header.
    std::fstream bytes(file(), std::ios::binary | std::ios::in | std::ios::out);
    bytes.seekp(60);
    bytes.write("\0\0\0\x63", 4);
  }
  const auto store = open();
  EXPECT_EQ(store->stats().put_aside, 1U);
  EXPECT_TRUE(store->alerts()->empty());
}

TEST_F(StoreTest, AFullDiskIsToldAndMadeUpForLater) {
  std::uint64_t written = 0;
  {
    const auto store = open(128 << 10);
    Result<void> last = {};
    for (int i = 0; i < 2'000 && last; ++i, ++written) last = store->commit({.alerts = {alert("r", std::string(200, 'x') + std::to_string(i))}});
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().fault, Fault::Environment);
    EXPECT_GE(store->stats().failed_commits, 1U);
    EXPECT_EQ(store->stats().waiting_rows, 1U);
    // Something goes, and with it what waited is written.
    ASSERT_TRUE(store->commit({.rules_gone = {"r"}}));
    EXPECT_EQ(store->stats().waiting_rows, 0U);
    ASSERT_TRUE(store->commit({.alerts = {alert("q", "a")}}));
  }
  EXPECT_GT(written, 10U);
  const auto kept = *open()->alerts();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].rule, "q");
}

TEST_F(StoreTest, AnImpossiblePlaceIsAnError) {
  std::ofstream(folder_ / "file") << "x";
  const auto store = Store::open({.file = (folder_ / "file" / "state.db").string()}, log_, clock_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().fault, Fault::Environment);
}

}  // namespace
}  // namespace tocsin::agent
