// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/demo_plan.h"

#include <gtest/gtest.h>

#include <map>

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;
using meters::Status;

struct Shares {
  double failed = 0, slow = 0, all = 0, calls = 0, failed_calls = 0, nodes = 0, failed_nodes = 0, prompt = 0, with_tokens = 0;
};

bool failed(Status status) { return status == Status::ServerError || status == Status::Timeout; }

// By phase, over two turns of the schedule.
std::map<DemoPhase, Shares> shares(std::size_t service) {
  DemoPlan plan({.seed = 7, .service = service, .requests_per_second = 50, .phase_length = 20s});
  std::map<DemoPhase, Shares> by_phase;
  for (DemoRequest request = plan.next(); request.at < 2 * kDemoPhases * 20s; request = plan.next()) {
    Shares& phase = by_phase[phase_at(request.at, 20s)];
    phase.all += 1;
    phase.failed += failed(request.work.status) ? 1 : 0;
    phase.slow += request.work.status == Status::Ok && request.work.duration > 5s ? 1 : 0;
    for (const DemoWork& work : request.inside) {
      const bool node = work.kind == DemoWorkKind::Node, bad = failed(work.status);
      (node ? phase.nodes : phase.calls) += 1;
      (node ? phase.failed_nodes : phase.failed_calls) += bad ? 1 : 0;
      if (!bad) {
        EXPECT_LT(work.duration, std::max<nanoseconds>(request.work.duration, 4s));
      }
    }
    if (!request.tokens || request.tokens->model != 1) continue;
    phase.with_tokens += 1;
    phase.prompt += static_cast<double>(request.tokens->prompt);
  }
  return by_phase;
}

TEST(DemoPlan, a_day_has_its_height_and_each_phase_about_as_many_requests) {
  for (const auto& [phase, share] : shares(5)) EXPECT_NEAR(share.all, 2 * 20 * 50, 2 * 20 * 50 * 0.3) << to_text(phase);
}

TEST(DemoPlan, the_first_service_fails_in_its_phase_and_only_then) {
  for (const auto& [phase, share] : shares(kFailingService)) {
    if (phase == DemoPhase::Failing) {
      EXPECT_GT(share.failed / share.all, 0.2);
    } else {
      EXPECT_LT(share.failed / share.all, 0.01) << to_text(phase);
    }
    EXPECT_EQ(share.slow, 0);
    EXPECT_LT(share.failed_calls / share.calls, 0.01);
  }
}

TEST(DemoPlan, the_second_service_is_slow_in_its_phase_and_only_then) {
  for (const auto& [phase, share] : shares(kSlowService)) {
    if (phase == DemoPhase::Slow) {
      EXPECT_GT(share.slow / share.all, 0.15);
    } else {
      EXPECT_EQ(share.slow, 0) << to_text(phase);
    }
    EXPECT_LT(share.failed / share.all, 0.01) << to_text(phase);
  }
}

TEST(DemoPlan, what_the_second_service_calls_fails_in_its_phase_and_only_then) {
  for (const auto& [phase, share] : shares(kSlowService)) {
    const double ratio = share.failed_calls / share.calls;
    if (phase == DemoPhase::Dependency) {
      EXPECT_NEAR(ratio, 0.4, 0.1);
    } else {
      EXPECT_LT(ratio, 0.01) << to_text(phase);
    }
  }
}

TEST(DemoPlan, nodes_fail_and_prompts_are_long_in_their_phases_and_only_then) {
  for (const auto& [phase, share] : shares(kWorkflowService)) {
    const double ratio = share.failed_nodes / share.nodes, prompt = share.prompt / share.with_tokens;
    if (phase == DemoPhase::Workflow) {
      EXPECT_GT(ratio, 0.02);  // of all nodes; of those of one type it is 40%
    } else {
      EXPECT_LT(ratio, 0.01) << to_text(phase);
    }
    EXPECT_NEAR(prompt, phase == DemoPhase::Tokens ? 9000 : 900, phase == DemoPhase::Tokens ? 1000 : 100) << to_text(phase);
    EXPECT_LT(share.failed / share.all, 0.01);
  }
}

TEST(DemoPlan, the_same_seed_is_the_same_plan) {
  DemoPlan first({.seed = 3}), second({.seed = 3}), other({.seed = 4});
  bool differs = false;
  for (int i = 0; i < 1000; ++i) {
    const DemoRequest a = first.next(), b = second.next(), c = other.next();
    EXPECT_EQ(a.at, b.at);
    EXPECT_EQ(a.work.duration, b.work.duration);
    EXPECT_EQ(a.work.ret, b.work.ret);
    EXPECT_EQ(a.inside.size(), b.inside.size());
    differs = differs || a.at != c.at;
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace tocsin::agent
