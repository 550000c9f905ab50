// SPDX-License-Identifier: Apache-2.0
// Groups side by side: a slow one holds up no other, order is kept where one reads what another writes, and all comes out as if
// they were evaluated one after the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "rules/promql/evaluate.h"
#include "rules/promql/parse.h"
#include "tests/agent/rule_engine_fixture.h"

namespace tocsin::agent {
namespace {

using namespace rules_test;
using testing::ElementsAre;

// Holds whoever writes a series of one name, until it is let go.
class GatedStorage final : public rules::RuleStorage {
 public:
  GatedStorage(rules::RuleStorage& under, std::string name) : under_(under), name_(std::move(name)) {}

  std::shared_ptr<const rules::promql::SeriesReader> view() override { return under_.view(); }
  std::uint64_t append(const rules::Batch& batch) override {
    for (const rules::SampleFamily& family : batch.families) {
      if (family.name != name_) continue;
      std::unique_lock lock(mutex_);
      ++held_;
      came_.notify_all();
      came_.wait(lock, [&] { return open_; });
    }
    return under_.append(batch);
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    came_.notify_all();
  }
  void wait_for_one() {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return held_ > 0; });
  }

 private:
  rules::RuleStorage& under_;
  const std::string name_;
  std::mutex mutex_;
  std::condition_variable came_;
  bool open_ = false;
  int held_ = 0;
};

class RuleGroupsTest : public RuleEngineTest {
 protected:
  // With its own thread and pool.
  void start_threads(rules::RuleStorage& storage) {
    engine_ = std::make_unique<RuleEngine>(RuleEngine::Parts{
        window_, storage, store_, log_, clock_,
        [this](std::vector<rules::OutboxRow> rows) { told_.insert(told_.end(), rows.begin(), rows.end()); },
        [this](const std::vector<std::string>& known, const std::string&) { known_ = known; }});
    engine_->start(options_);
  }
  Time evaluated(std::size_t group) const { return engine_->state().groups.at(group)->last_evaluation; }
  static std::vector<std::string> query(rules::Window& window, const std::string& text, Time at) {
    std::vector<std::string> out;
    const auto expr = rules::promql::parse(text);
    const auto view = window.view();
    const auto answer = rules::promql::evaluate(**expr, *view, {.time = rules::promql::instant(to_unix_ns(at) / 1'000'000)});
    if (!answer) return {answer.error().message};
    for (const auto& sample : std::get<rules::promql::Vector>(answer->value)) {
      out.push_back(rules::promql::to_string(sample.labels) + " " + std::to_string(sample.point.value));
    }
    std::ranges::sort(out);
    return out;
  }
};

TEST_F(RuleGroupsTest, ASlowGroupHoldsUpNoOther) {
  write("a.yml",
        "groups:\n- {name: slow, rules: [{record: slow_result, expr: x}]}\n- {name: fast, rules: [{alert: A, expr: x > 3}]}\n");
  GatedStorage gate(storage_, "slow_result");
  start_threads(gate);
  Time last{};
  for (int i = 0; i < 4; ++i) {
    sample(5);
    last = clock_.now();
    engine_->tick(last);
    if (i == 0) gate.wait_for_one();
    ASSERT_TRUE(comes_true([&] { return evaluated(1) == last; })) << "the fast group at tick " << i;
    clock_.advance(10s);
  }
  EXPECT_EQ(evaluated(0), Time{}) << "still under way";
  EXPECT_EQ(store_.alerts()->size(), 1u) << "what the fast one found is on record";
  gate.open();
  ASSERT_TRUE(comes_true([&] { return evaluated(0) != Time{}; }));
  sample(5);
  engine_->tick(clock_.now());
  ASSERT_TRUE(comes_true([&] { return evaluated(0) == clock_.now(); }));
  engine_->stop();
  EXPECT_EQ(engine_->state().missed_evaluations, 3u) << "three turns that the slow one missed";
  ASSERT_FALSE(told_.empty());
}

TEST_F(RuleGroupsTest, WhoReadsWhatASlowGroupWritesWaitsUntilItsNextTurnOnly) {
  write("a.yml", "groups:\n- {name: slow, rules: [{record: slow_result, expr: x}]}\n- {name: reader, rules: [{record: r, expr: slow_result}]}\n");
  GatedStorage gate(storage_, "slow_result");
  start_threads(gate);
  sample(5);
  engine_->tick(clock_.now());
  gate.wait_for_one();
  EXPECT_EQ(evaluated(1), Time{}) << "it waits for what it reads";
  clock_.advance(10s);
  engine_->tick(clock_.now());
  ASSERT_TRUE(comes_true([&] { return evaluated(1) == clock_.now(); }));
  gate.open();
  engine_->stop();
}

TEST_F(RuleGroupsTest, AReloadWaitsForThoseUnderWay) {
  write("a.yml", "groups:\n- {name: slow, rules: [{record: slow_result, expr: x}]}\n");
  GatedStorage gate(storage_, "slow_result");
  start_threads(gate);
  sample(5);
  engine_->tick(clock_.now());
  gate.wait_for_one();
  write("a.yml", "groups:\n- {name: other, rules: [{record: s, expr: '1'}]}\n");
  engine_->apply(options_);
  EXPECT_EQ(engine_->state().groups.at(0)->group->name, "slow");
  gate.open();
  EXPECT_TRUE(comes_true([&] { return engine_->state().groups.at(0)->group->name == "other"; }));
  engine_->stop();
}

TEST_F(RuleGroupsTest, StoppedWhileOneIsUnderWayWhatItFoundIsOnRecord) {
  write("a.yml", "groups:\n- {name: slow, rules: [{alert: A, expr: x > 3}, {record: slow_result, expr: x}]}\n");
  GatedStorage gate(storage_, "slow_result");
  start_threads(gate);
  sample(5);
  engine_->tick(clock_.now());
  gate.wait_for_one();
  std::jthread opener([&] { gate.open(); });
  engine_->stop();
  opener.join();
  EXPECT_EQ(store_.alerts()->size(), 1u);
}

// Groups that read each other's results in every direction, alerts among them.
constexpr const char* kTangle =
    "groups:\n"
    "- {name: g0, rules: [{record: a, expr: x * 2}, {record: a2, expr: a + 1}]}\n"
    "- {name: g1, rules: [{alert: High, expr: a2 > 9, for: 10s, labels: {from: g1}}, {record: late, expr: back + a}]}\n"
    "- {name: g2, interval: 20s, rules: [{alert: Slow, expr: x > 3}, {record: b, expr: count(ALERTS)}]}\n"
    "- {name: g3, rules: [{record: back, expr: x + 100}]}\n"
    "- {name: g4, rules: [{alert: Many, expr: 'b > 1 or late > 105', annotations: {v: '{{ $value }}'}}]}\n"
    "- {name: g5, rules: [{record: free, expr: x * x}]}\n"
    "- {name: g6, rules: [{record: total, expr: 'count({job=\"j\"})'}]}\n";

struct Outcome {
  std::vector<std::string> values;
  std::multiset<std::string> told;
  std::set<std::string> alerts;
  bool operator==(const Outcome&) const = default;
};

class TangleTest : public RuleGroupsTest {
 protected:
  Outcome outcome_of(bool threads) {
    rules::Window window{rules::WindowOptions{}};
    rules::WindowStorage storage{window};
    rules::MemoryStore store;
    Outcome out;
    RuleEngine engine({window, storage, store, log_, clock_,
                       [&](const std::vector<rules::OutboxRow>& rows) {
                         for (const auto& row : rows) out.told.insert(row.rule + (row.ended() ? " ended " : " fires ") + std::to_string(row.value));
                       },
                       [](const std::vector<std::string>&, const std::string&) {}});
    engine.start(options_);
    if (!threads) engine.stop();  // then it evaluates here, one after the other
    for (int i = 0; i < 12; ++i) {
      builder_.add(builder_.place("x", {{"job", "j"}}), to_unix_ns(clock_.now()) / 1'000'000, i % 5 + 2);
      window.append(builder_.batch());
      builder_.clear();
      if (threads) engine.tick(clock_.now());
      else engine.evaluate_due(clock_.now(), clock_.monotonic());
      EXPECT_TRUE(comes_true([&] { return engine.state().cycles == static_cast<std::uint64_t>(i + 1); }));
      for (const std::string& line : query(window, "{__name__!~\"ALERTS_FOR_STATE|\"}", clock_.now())) out.values.push_back(std::to_string(i) + " " + line);
      clock_.advance(10s);
    }
    engine.stop();
    const auto alerts = store.alerts();
    for (const auto& state : *alerts) {
      out.alerts.insert(state.rule + " " + std::string(rules::to_text(state.phase)) + " " + std::to_string(state.value));
    }
    return out;
  }
};

TEST_F(TangleTest, ComesOutAsOneAfterTheOther) {
  write("a.yml", kTangle);
  const Outcome serial = outcome_of(false);
  EXPECT_GT(serial.values.size(), 60u);
  EXPECT_GT(serial.told.size(), 3u);
  for (int round = 0; round < 5; ++round) {
    const Outcome parallel = outcome_of(true);
    ASSERT_EQ(parallel.values, serial.values) << "round " << round;
    ASSERT_EQ(parallel.told, serial.told);
    ASSERT_EQ(parallel.alerts, serial.alerts);
  }
}

}  // namespace
}  // namespace tocsin::agent
