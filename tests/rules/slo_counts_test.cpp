// SPDX-License-Identifier: Apache-2.0
#include "rules/slo_counts.h"

#include <gtest/gtest.h>

#include <bit>

#include "meters/flow.h"

namespace tocsin::rules {
namespace {

using namespace std::chrono_literals;
using meters::Kind;
using meters::RowState;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kBegin = 1'700'000'000 * kSecond;

// A table of what one series said before and says now.
TEST(SloCounts, WhatIsNewOfASeries) {
  const CountPoint before{100, 200, 50, 5};
  struct Case {
    const char* what;
    const CountPoint* last;
    CountPoint now;
    std::int64_t since;
    bool sender_known;
    CountIncrease expected;
  };
  const CountPoint unknown_start{0, 200, 50, 5};
  const Case cases[] = {
      {"it goes on", &before, {100, 300, 60, 7}, 0, true, {10, 2}},
      {"nothing happened", &before, {100, 300, 50, 5}, 0, true, {0, 0}},
      {"it fell: it began again", &before, {100, 300, 3, 1}, 0, true, {3, 1}},
      {"only the bad ones fell", &before, {100, 300, 60, 1}, 0, true, {60, 1}},
      {"it began again and is past its old value", &before, {250, 300, 60, 6}, 0, true, {60, 6}},
      {"its start is said to be earlier: the same series", &before, {50, 300, 60, 6}, 0, true, {10, 1}},
      {"its start is not told any more", &before, {0, 300, 60, 6}, 0, true, {10, 1}},
      {"it tells a start now, which was before its last value", &unknown_start, {150, 300, 60, 6}, 0, true, {10, 1}},
      {"it tells a start now, after its last value", &unknown_start, {200, 300, 60, 6}, 0, true, {60, 6}},
      {"new, began after counting did", nullptr, {500, 600, 8, 1}, 400, false, {8, 1}},
      {"new, began as counting did", nullptr, {400, 600, 8, 1}, 400, false, {8, 1}},
      {"new, of a sender that was there without it", nullptr, {100, 600, 8, 1}, 400, true, {8, 1}},
      {"new, older than counting: nobody knows when it happened", nullptr, {100, 600, 8, 1}, 400, false, {0, 0}},
      {"new, without a start: it may have moved here", nullptr, {0, 600, 8, 1}, 400, true, {0, 0}},
  };
  for (const Case& one : cases) EXPECT_EQ(increase_of(one.last, one.now, one.since, one.sender_known), one.expected) << one.what;
}

struct Row {
  std::string server, status;
  double value;
  std::int64_t start_s = 0;  // after kBegin; 0: not known
  RowState state = RowState::Live;
};

std::shared_ptr<const meters::Origin> sender(const std::string& instance) {
  auto resource = std::make_shared<meters::Resource>();
  resource->job = "shop", resource->instance = instance;
  auto origin = std::make_shared<meters::Origin>();
  origin->via = meters::Via::Otlp;
  origin->resource = resource;
  return origin;
}

meters::Family requests(const std::vector<Row>& rows, const std::string& instance = "1", Kind kind = Kind::Counter) {
  meters::LabelSetTable table({{"server_name", "server_name"}, {"status", "status"}});
  meters::Family family;
  meters::Scalars points{meters::NumberType::Double, {}};
  for (const Row& row : rows) {
    const meters::ValueId ids[] = {table.intern(0, row.server, meters::LabelType::String), table.intern(1, row.status, meters::LabelType::String)};
    table.find_or_append(ids);
    points.bits.push_back(std::bit_cast<std::uint64_t>(row.value));
    family.states.push_back(row.state);
    family.start_ns.push_back(row.start_s == 0 ? 0 : kBegin + row.start_s * kSecond);
  }
  family.descriptor = std::make_shared<const meters::Descriptor>(
      meters::Descriptor{"requests_total", "requests_total", "", "Requests.", kind});
  family.origin = sender(instance);
  family.labels = table.view();
  family.points = std::move(points);
  return family;
}

Slo by_events() {
  Slo slo;
  slo.name = "requests";
  slo.total = *selected_meter("requests_total");
  slo.bad = *selected_meter(R"(requests_total{status=~"error|timeout"})");
  slo.by = {"server_name"};
  slo.target = 0.99;
  return slo;
}

// A process of the agent: what it kept is what the next one is given.
class Process {
 public:
  explicit Process(std::vector<KeptCounts>* disk = nullptr, std::int64_t at_s = 0, std::vector<Slo> slos = {by_events()}) : disk_(disk) {
    counts.configure(std::move(slos));
    if (disk != nullptr) {
      EXPECT_EQ(counts.restore(*disk, from_unix_ns(kBegin + at_s * kSecond)), 0U);
    }
  }
  void tick(std::int64_t at_s, std::vector<meters::Family> families) {
    meters::SnapshotBuilder builder(from_unix_ns(kBegin + at_s * kSecond));
    for (meters::Family& family : families) builder.add(std::move(family));
    counts.count(*std::move(builder).finish(1));
    now_s = at_s;
  }
  // Commits, and gives "server good/bad sources" of all groups.
  std::string shown(bool everything = false) {
    last = counts.take(from_unix_ns(kBegin + now_s * kSecond), everything);
    for (const KeptCounts& one : last.kept) keep(one);
    std::string out;
    for (const ObjectiveCounts& objective : last.objectives)
      for (const CountGroup& group : objective.groups) {
        out += out.empty() ? "" : "; ";
        for (const auto& [name, text] : group.labels) out += text + " ";
        out += std::to_string(static_cast<int>(group.good)) + "/" + std::to_string(static_cast<int>(group.bad)) + " of " + std::to_string(group.sources);
        if (group.held) out += " held";
      }
    return out;
  }
  SloCounts counts{{"tocsin", "here"}};
  CountChange last;
  std::int64_t now_s = 0;

 private:
  void keep(const KeptCounts& one) {
    if (disk_ == nullptr) return;
    std::erase_if(*disk_, [&](const KeptCounts& kept) { return kept.objective == one.objective && kept.labels == one.labels; });
    if (!one.state.empty()) disk_->push_back(one);
  }
  std::vector<KeptCounts>* disk_;
};

TEST(SloCounts, CountsWhatIsSelected) {
  Process agent;
  agent.tick(10, {requests({{"shop", "ok", 100, 1}, {"shop", "error", 5, 1}, {"pay", "ok", 7, 1}})});
  EXPECT_EQ(agent.shown(), "pay 0/0 of 1; shop 0/0 of 2") << "older than the counting";
  agent.tick(20, {requests({{"shop", "ok", 190, 1}, {"shop", "error", 8, 1}, {"pay", "ok", 7, 1}})});
  EXPECT_EQ(agent.shown(), "pay 0/0 of 1; shop 90/3 of 2");
  agent.tick(30, {requests({{"shop", "ok", 190, 1}, {"shop", "error", 8, 1}, {"pay", "ok", 7, 1}, {"pay", "timeout", 2, 1}})});
  EXPECT_EQ(agent.shown(), "pay 0/2 of 2; shop 90/3 of 2") << "a first increment is no first value";
}

TEST(SloCounts, KilledAndBackItGoesOnExactly) {
  std::vector<KeptCounts> disk;
  {
    Process agent(&disk);
    agent.tick(10, {requests({{"shop", "ok", 100, 1}, {"shop", "error", 0, 1}})});
    agent.tick(20, {requests({{"shop", "ok", 150, 1}, {"shop", "error", 1, 1}})});
    EXPECT_EQ(agent.shown(), "shop 50/1 of 2");
    agent.tick(30, {requests({{"shop", "ok", 180, 1}, {"shop", "error", 2, 1}})});  // counted, not kept: killed here
  }
  Process agent(&disk, 40);
  agent.tick(41, {});
  EXPECT_EQ(agent.shown(), "shop 50/1 of 2") << "its sender is not there yet";
  agent.tick(50, {requests({{"shop", "ok", 200, 1}, {"shop", "error", 4, 1}, {"shop", "timeout", 3, 1}})});
  EXPECT_EQ(agent.shown(), "shop 100/7 of 3") << "the timeouts began while nobody looked, of a sender that was known";
}

TEST(SloCounts, ASenderThatBeganAgainCountsFromZero) {
  std::vector<KeptCounts> disk;
  {
    Process agent(&disk);
    agent.tick(10, {requests({{"shop", "ok", 100, 1}})});
    agent.tick(20, {requests({{"shop", "ok", 110, 1}})});
    agent.tick(30, {requests({{"shop", "ok", 25, 25}})});
    EXPECT_EQ(agent.shown(), "shop 35/0 of 1");
    agent.tick(40, {requests({{"shop", "ok", 300, 35}})});
    EXPECT_EQ(agent.shown(), "shop 335/0 of 1") << "a new start, though it is past its old value";
  }
  Process agent(&disk, 45);
  agent.tick(50, {requests({{"shop", "ok", 9, 47}})});
  EXPECT_EQ(agent.shown(), "shop 344/0 of 1") << "both began again";
}

TEST(SloCounts, ASenderThatGoesAndComesBackIsNotCountedTwice) {
  Process agent;
  agent.tick(10, {requests({{"shop", "ok", 100, 1}})});
  agent.tick(20, {requests({{"shop", "ok", 150, 1}})});
  agent.tick(30, {requests({{"shop", "ok", 155, 1, RowState::Ended}})});
  EXPECT_EQ(agent.shown(), "shop 55/0 of 0") << "its last word counts, and then it is absent";
  agent.tick(40, {});
  EXPECT_EQ(agent.shown(), "shop 55/0 of 0");
  agent.tick(50, {requests({{"shop", "ok", 160, 1}})});
  EXPECT_EQ(agent.shown(), "shop 60/0 of 1");
}

TEST(SloCounts, ASeriesThatLivesLessThanATickCounts) {
  Process agent;
  agent.tick(10, {});
  agent.tick(20, {requests({{"shop", "error", 3, 15, RowState::Ended}})});
  EXPECT_EQ(agent.shown(), "shop 0/3 of 0");
}

TEST(SloCounts, InstancesOfOneServiceAddUp) {
  Process agent;
  agent.tick(10, {requests({{"shop", "ok", 0, 1}}, "1"), requests({{"shop", "ok", 0, 1}}, "2")});
  agent.tick(20, {requests({{"shop", "ok", 4, 1}}, "1"), requests({{"shop", "ok", 6, 1}}, "2")});
  EXPECT_EQ(agent.shown(), "shop 10/0 of 2");
}

TEST(SloCounts, AReloadThatChangesTheTargetKeepsCountsAndAnotherSelectorDoesNot) {
  Process agent;
  agent.tick(10, {requests({{"shop", "ok", 0, 1}})});
  agent.tick(20, {requests({{"shop", "ok", 10, 1}})});
  Slo slo = by_events();
  slo.target = 0.5, slo.period = 24h;
  EXPECT_TRUE(agent.counts.configure({slo}).empty());
  agent.tick(30, {requests({{"shop", "ok", 15, 1}})});
  EXPECT_EQ(agent.shown(), "shop 15/0 of 1");
  slo.bad = *selected_meter("requests_total{status=\"ok\"}");
  EXPECT_EQ(agent.counts.configure({slo}), std::vector<std::string>{"requests"});
  agent.tick(40, {requests({{"shop", "ok", 17, 1}})});
  agent.tick(50, {requests({{"shop", "ok", 20, 1}})});
  EXPECT_EQ(agent.shown(), "shop 0/3 of 1");
  EXPECT_TRUE(agent.counts.configure({by_events()}).empty());
  agent.tick(60, {requests({{"shop", "ok", 20, 1}})});
  EXPECT_EQ(agent.shown(), "shop 20/0 of 1") << "the counts of before come back";
}

TEST(SloCounts, AfterALongPauseNothingIsShownUntilItsSeriesAreThere) {
  std::vector<KeptCounts> disk;
  {
    Process agent(&disk);
    agent.tick(10, {requests({{"shop", "ok", 0, 1}}, "1"), requests({{"shop", "ok", 0, 1}}, "2")});
    EXPECT_EQ(agent.shown(), "shop 0/0 of 2");
  }
  Process agent(&disk, 1000);
  agent.tick(1001, {requests({{"shop", "ok", 70, 1}}, "1")});
  EXPECT_EQ(agent.shown(), "shop 70/0 of 2 held");
  agent.tick(1010, {requests({{"shop", "ok", 70, 1}}, "1"), requests({{"shop", "ok", 5, 1}}, "2")});
  EXPECT_EQ(agent.shown(), "shop 75/0 of 2");
  Process other(&disk, 5000);
  other.tick(5119, {});
  EXPECT_EQ(other.shown(), "shop 75/0 of 2 held");
  other.tick(5120, {});
  EXPECT_EQ(other.shown(), "shop 75/0 of 2") << "not for ever";
  other.tick(5301, {});
  EXPECT_EQ(other.shown(), "shop 75/0 of 0") << "absent";
}

TEST(SloCounts, WhatWasShownNeverFalls) {
  Process agent;
  agent.tick(10, {requests({{"shop", "ok", 0, 1}})});
  agent.tick(20, {requests({{"shop", "ok", 10, 1}})});
  agent.counts.raise("requests", {{"server_name", "shop"}}, 12, 3);
  EXPECT_EQ(agent.shown(), "shop 12/3 of 1");
  agent.tick(30, {requests({{"shop", "ok", 11, 1}})});
  EXPECT_EQ(agent.shown(), "shop 12/3 of 1");
  agent.tick(40, {requests({{"shop", "ok", 15, 1}})});
  EXPECT_EQ(agent.shown(), "shop 15/3 of 1");
}

TEST(SloCounts, OnlyWhatChangedIsKept) {
  Process agent;
  agent.tick(10, {requests({{"shop", "ok", 0, 1}, {"pay", "ok", 0, 1}})});
  (void)agent.shown();
  agent.tick(20, {requests({{"shop", "ok", 1, 1}, {"pay", "ok", 0, 1}})});
  (void)agent.shown();
  EXPECT_EQ(agent.last.kept.size(), 2U) << "one group, and the objective's own row";
  agent.tick(30, {requests({{"shop", "ok", 1, 1}, {"pay", "ok", 0, 1}})});
  (void)agent.shown();
  EXPECT_TRUE(agent.last.kept.empty());
  (void)agent.shown(true);
  EXPECT_EQ(agent.last.kept.size(), 3U);
}

TEST(SloCounts, AGaugeIsNotCounted) {
  Process agent;
  meters::Family gauge = requests({{"shop", "ok", 3, 1}}, "1", Kind::Gauge);
  gauge.descriptor = std::make_shared<const meters::Descriptor>(meters::Descriptor{"requests", "requests", "", "", Kind::Gauge});
  Slo slo = by_events();
  slo.total = slo.bad = *selected_meter("requests");
  agent.counts.configure({slo});
  agent.tick(10, {std::move(gauge)});
  (void)agent.shown();
  EXPECT_EQ(agent.last.objectives[0].unusable, "requests is no counter");
  EXPECT_EQ(agent.last.objectives[0].unusable_series, 1U);
}

meters::Family latency(std::vector<std::uint64_t> counts) {
  meters::Family family = requests({{"shop", "ok", 0, 1}});
  family.descriptor = std::make_shared<const meters::Descriptor>(meters::Descriptor{"time", "time_seconds", "s", "", Kind::Histogram});
  meters::Histograms points;
  points.bounds = std::make_shared<const std::vector<double>>(std::vector<double>{0.1, 0.5, 1});
  points.counts = std::move(counts);
  points.sums = {1};
  family.points = std::move(points);
  return family;
}

TEST(SloCounts, ByLatencyWhatIsAboveABoundIsBad) {
  Slo slo = by_events();
  slo.latency = true;
  slo.total = *selected_meter("time_seconds"), slo.bad = {};
  slo.threshold = 0.5;
  Process agent(nullptr, 0, {slo});
  agent.tick(10, {latency({0, 0, 0, 0})});
  agent.tick(20, {latency({5, 2, 3, 1})});
  EXPECT_EQ(agent.shown(), "shop 7/4 of 1");
  slo.threshold = 0.4;
  agent.counts.configure({slo});
  agent.tick(30, {latency({5, 2, 3, 1})});
  (void)agent.shown();
  EXPECT_EQ(agent.last.objectives[0].unusable, "time_seconds has no bucket bound 0.4; the nearest is 0.5");
}

TEST(SloCounts, RowsThatCannotBeReadAreTold) {
  std::vector<KeptCounts> disk;
  Process agent(&disk);
  agent.tick(10, {requests({{"shop", "ok", 0, 1}})});
  (void)agent.shown();
  ASSERT_EQ(disk.size(), 2U);
  for (KeptCounts& row : disk) row.state.pop_back();
  SloCounts counts({});
  counts.configure({by_events()});
  EXPECT_EQ(counts.restore(disk, from_unix_ns(kBegin)), 2U);
}

}  // namespace
}  // namespace tocsin::rules
