// SPDX-License-Identifier: Apache-2.0
// A rule engine over files in a folder of the test's own, with time that goes by hand.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/api/rules_api.h"
#include "agent/rules/rule_engine.h"
#include "tests/agent/answer.h"
#include "tests/agent/losing_store.h"

namespace tocsin::agent::rules_test {

using namespace std::chrono_literals;

class RuleEngineTest : public testing::Test {
 protected:
  RuleEngineTest() : folder_(testing::TempDir() + "/rules_" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    options_.rules.files = {"*.yml"};
    options_.folder = folder_;
    options_.tick = 10s;
  }
  ~RuleEngineTest() override {
    if (engine_) engine_->stop();
    std::filesystem::remove_all(folder_);
  }

  void write(const std::string& name, const std::string& rules) {
    // Each writing has another size or time; the clock of the file system may be coarse.
    std::ofstream(folder_ + "/" + name) << rules << std::string(++writes_, '\n');
  }
  void make() {
    engine_ = std::make_unique<RuleEngine>(RuleEngine::Parts{
        window_, storage_, store_, log_, clock_, [this](std::vector<rules::OutboxRow> rows) { told_.insert(told_.end(), rows.begin(), rows.end()); },
        [this](const std::vector<std::string>& known, const std::string&) { known_ = known; }});
  }
  void start() {
    make();
    engine_->start(options_);
    engine_->stop();  // its thread is not wanted here: time goes by hand
  }
  // What /api/v1/<path> answers of the engine as it is now.
  Answer api(std::string_view path, std::string_view query = {}) {
    AlertingState state;
    state.rules = engine_->state();
    Router router;
    add_rules_routes(router, [&] { return state; });
    return answer_of(router, request_of("GET", "/api/v1/" + std::string(path), query));
  }
  void sample(double value) {
    builder_.add(builder_.place("x", {{"job", "j"}}), to_unix_ns(clock_.now()) / 1'000'000, value);
    window_.append(builder_.batch());
    builder_.clear();
  }
  void tick() {
    engine_->evaluate_due(clock_.now(), clock_.monotonic());
    clock_.advance(10s);
  }

  template <class Wish>
  static bool comes_true(Wish wish) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!wish()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::string folder_;
  std::size_t writes_ = 0;
  ManualClock clock_;
  Log log_{LogOptions{.descriptor = -1}};
  rules::Window window_{rules::WindowOptions{}};
  rules::WindowStorage storage_{window_};
  LosingStore store_;
  rules::BatchBuilder builder_;
  std::vector<rules::OutboxRow> told_;
  std::vector<std::string> known_;
  RuleEngineOptions options_;
  std::unique_ptr<RuleEngine> engine_;
};

}  // namespace tocsin::agent::rules_test
