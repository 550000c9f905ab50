// SPDX-License-Identifier: Apache-2.0
// What is exported is in the catalogue, alike, and everything in the catalogue is exported.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "agent/alerting_report.h"
#include "agent/host/host_meters.h"
#include "agent/self_report.h"
#include "meters/generated/host.h"
#include "meters/generated/process.h"
#include "meters/generated/request.h"
#include "meters/generated/tocsin.h"
#include "meters/process.h"
#include "meters/request_meters.h"
#include "traces/span_meters.h"

namespace tocsin::agent {
namespace {

namespace fs = std::filesystem;
using meters::DeclaredMeter;

std::vector<DeclaredMeter> whole_catalogue() {
  std::vector<DeclaredMeter> all;
  for (const std::span<const DeclaredMeter> part : {std::span<const DeclaredMeter>(meters::kRequestCatalogue),
                                                    std::span<const DeclaredMeter>(meters::kProcessCatalogue),
                                                    std::span<const DeclaredMeter>(meters::kHostCatalogue),
                                                    std::span<const DeclaredMeter>(meters::kTocsinCatalogue)})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

// Of each thing one.
SelfReport::Sources one_of_each() {
  return {.receivers =
              [] {
                ReceiversStatus status;
                status.listeners = {{"http", "127.0.0.1:9464", "", {{"malformed", 1}}}};
                Ledger::Totals totals;
                totals.rejected["late"] = 1;
                totals.failed_requests["malformed"] = 1;
                status.ledgers = {{"otlp", totals}};
                status.conflicts.resize(1);
                return status;
              },
          .destinations =
              [] {
                DestinationState state;
                state.name = "collector";
                state.stats.last_success_time = Time{};
                return std::vector{state};
              },
          .runtime = [] { return RuntimeStatus{}; },
          .scrapes = [] { return exporters::ScrapeTotals{}; },
          .log_lines_held_back = [] { return std::uint64_t{0}; },
          .history =
              [] {
                HistoryStats history;
                history.last_checkpoint = Time{};
                return history;
              },
          .thresholds = [] { return std::vector<Threshold>{{"HighErrorRate", "shop", "h1", 0.1}}; }};
}

AlertingState alerting_of_each() {
  ReceiverState one;
  one.name = "am", one.kind = "alertmanager";
  one.dropped = {{"refused", 1}, {"queue_full", 1}, {"retry_timeout", 1}, {"silenced", 1}, {"other", 1}};
  one.oldest_owed = one.last_success = from_unix_ns(1);
  AlertingState state;
  state.receivers = {{one}, 1, 1};
  auto group = std::make_shared<rules::RuleGroup>();
  group->name = "shop";
  group->rules.resize(1);
  auto status = std::make_shared<rules::GroupStatus>();
  status->group = group;
  status->rules.resize(1);
  status->rules[0].coverage.selectors.resize(1);  // that found nothing
  state.rules.groups = {status};
  return state;
}

// A machine that has everything.
class EveryMeter : public testing::Test {
 protected:
  void SetUp() override {
    proc_ = testing::TempDir() + "every-meter-" + std::to_string(getpid());
    for (const char* folder : {"/net", "/pressure", "/self"}) fs::create_directories(proc_ + folder);
    file("stat", "cpu0 1 2 3 4 5 6 7 8\n");
    file("loadavg", "1 2 3 1/1 1\n");
    file("meminfo", "MemTotal: 1 kB\nMemAvailable: 1 kB\nMemFree: 1 kB\nSwapTotal: 1 kB\nSwapFree: 1 kB\n");
    file("diskstats", " 254 0 vda 1 2 3 4 5 6 7 8 9 10 11\n");
    file("net/dev", "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    for (const char* what : {"cpu", "io", "memory"})
      file(std::string("pressure/") + what, "some avg10=0 total=1\nfull avg10=0 total=1\n");
    file("self/mounts", "/dev/vda / ext4 rw 0 0\n");
    getrlimit(RLIMIT_AS, &limit_);
    const rlimit finite{std::min<rlim_t>(rlim_t{1} << 47U, limit_.rlim_max), limit_.rlim_max};
    setrlimit(RLIMIT_AS, &finite);
  }
  void TearDown() override {
    setrlimit(RLIMIT_AS, &limit_);
    fs::remove_all(proc_);
  }
  void file(const std::string& name, const std::string& text) { std::ofstream(proc_ + '/' + name) << text; }

  std::string proc_;
  rlimit limit_{};
};

TEST_F(EveryMeter, exported_is_what_the_catalogue_says) {
  meters::Registry registry;
  SelfReport report;
  HostMeters host;
  ASSERT_TRUE(report.start(registry, one_of_each()).ok());
  ASSERT_TRUE(host.start(registry, proc_).ok());
  AlertingReport alerting;
  ASSERT_TRUE(alerting.start(registry, alerting_of_each).ok());
  const auto requests = meters::RequestMeters::make(registry, {.server_name = "shop"}).value();
  const auto func = requests.func("f"), rely = requests.rely("bank", "g"), node = requests.workflow_node("w", "llm");
  const auto tokens = requests.llm_tokens("m");
  meters::ProcessMeters process;
  meters::SnapshotBuilder builder(SystemClock::instance().now());
  registry.collect(builder);
  process.collect(builder);
  const auto snapshot = std::move(builder).finish(1);

  const std::vector<DeclaredMeter> catalogue = whole_catalogue();
  std::set<std::string> seen;
  for (const auto& family : snapshot->families) {
    const meters::Descriptor& exported = *family->descriptor;
    seen.insert(exported.name);
    const auto declared = std::find_if(catalogue.begin(), catalogue.end(), [&](const auto& m) { return m.name == exported.name; });
    ASSERT_NE(declared, catalogue.end()) << exported.name << " is not in meters/catalogue/*.toml";
    EXPECT_EQ(exported, meters::descriptor_of(*declared)) << exported.name;
    ASSERT_EQ(family->labels->columns(), declared->labels.size()) << exported.name;
    EXPECT_GT(family->rows(), 0U) << exported.name;
    for (std::size_t i = 0; i < declared->labels.size(); ++i) {
      const meters::DeclaredLabel& label = declared->labels[i];
      EXPECT_EQ(family->labels->column(i).name, label.name) << exported.name;
      for (meters::Row row = 0; row < family->rows() && label.closed(); ++row) {
        const std::string_view value = family->labels->text(i, family->labels->id(row, i));
        EXPECT_NE(std::find(label.values.begin(), label.values.end(), value), label.values.end())
            << exported.name << ": " << label.name << "=\"" << value << "\" is none of its closed values";
      }
    }
  }
  for (const DeclaredMeter& declared : catalogue)
    EXPECT_TRUE(seen.contains(std::string(declared.name))) << declared.name << " is declared, but not exported";
}

}  // namespace
}  // namespace tocsin::agent
