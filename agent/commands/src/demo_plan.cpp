// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/demo_plan.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace tocsin::agent {

using namespace std::chrono_literals;
using meters::Status;

namespace {

struct Failure {
  double up_to;  // of the failures, added up
  Status status;
  std::string_view ret;
};
constexpr std::array<Failure, 3> kFailures{{{0.45, Status::ServerError, "500"},
                                            {0.7, Status::ServerError, "503"},
                                            {1.0, Status::Timeout, "504"}}};
constexpr nanoseconds kTimeout = 5'200ms;

// A day of the demo has so many phases; at its height there is so much more traffic than on average.
constexpr double kDayPhases = 15, kDayHeight = 0.15;

struct PhaseText {
  std::string_view word, what;
};
constexpr std::array<PhaseText, kDemoPhases> kPhaseTexts{{
    {"calm", ""},
    {"failing", "30% of checkout's requests fail, a third of them after 5 s"},
    {"calm", "checkout is restarted"},
    {"slow", "20% of catalog's requests take over 5 s"},
    {"dependency", "40% of catalog's calls to stock fail"},
    {"workflow", "40% of the llm nodes of search's workflow answer fail"},
    {"tokens", "search's prompts are ten times as long"},
}};

}  // namespace

std::string_view to_text(DemoPhase phase) noexcept { return kPhaseTexts[static_cast<std::size_t>(phase)].word; }
std::string_view what_happens(DemoPhase phase) noexcept { return kPhaseTexts[static_cast<std::size_t>(phase)].what; }

DemoPhase phase_at(nanoseconds elapsed, nanoseconds phase_length) noexcept {
  return static_cast<DemoPhase>(static_cast<std::uint64_t>(elapsed / phase_length) % kDemoPhases);
}

DemoPlan::DemoPlan(const Options& options)
    : options_(options), service_(fleet_service(options.service)), random_(options.seed * 1'000'003 + options.service) {}

// Each service has its height at another time of the day.
double DemoPlan::requests_per_second() const {
  const double day = std::chrono::duration<double>(at_) / (kDayPhases * std::chrono::duration<double>(options_.phase_length));
  return options_.requests_per_second *
         (1 + kDayHeight * std::sin(2 * std::numbers::pi * (day + static_cast<double>(options_.service) / 8)));
}

DemoRequest DemoPlan::next() {
  // Between half and one and a half of the mean gap, so that every second has about the same number.
  at_ += nanoseconds{static_cast<std::int64_t>((0.5 + uniform()) * 1e9 / requests_per_second())};
  DemoRequest request{.at = at_, .work = {}, .inside = {}, .tokens = {}};
  double share = uniform();
  std::size_t& func = request.work.index;
  for (; func + 1 < kDemoFuncs && share > service_.funcs[func].share; ++func) share -= service_.funcs[func].share;
  // Log-normal around the func's median, up to a limit: the usual long tail.
  const double ms = service_.funcs[func].median_ms * std::exp(std::normal_distribution<double>(0, 0.6)(random_));
  request.work.duration = nanoseconds{static_cast<std::int64_t>(std::min(ms, service_.funcs[func].most_ms) * 1e6)};

  const DemoPhase phase = phase_at(at_, options_.phase_length);
  inside(request, phase);  // before the request is made slow: what it calls is not
  end(request.work, phase);
  return request;
}

void DemoPlan::end(DemoWork& work, DemoPhase phase) {
  const double luck = uniform(), which = uniform(), more = uniform();
  if (options_.service == kFailingService && phase == DemoPhase::Failing && luck < 0.3) {
    const auto failure = std::find_if(kFailures.begin(), kFailures.end(), [&](const Failure& f) { return which <= f.up_to; });
    work.status = failure->status;
    work.ret = failure->ret;
    if (work.status == Status::Timeout) work.duration = kTimeout;
  } else if (options_.service == kSlowService && phase == DemoPhase::Slow && luck < 0.2) {
    work.duration = 5'200ms + nanoseconds{static_cast<std::int64_t>(more * 1e9)};
  } else if (luck > 0.998) {
    work.status = Status::ServerError;
    work.ret = "500";
  } else if (luck > 0.98) {
    work.status = Status::ClientError;
    work.ret = "404";
  }
}

void DemoPlan::inside(DemoRequest& request, DemoPhase phase) {
  const auto part = [&](double of_time) {
    const double jitter = 0.8 + 0.4 * uniform();
    return nanoseconds{static_cast<std::int64_t>(static_cast<double>(request.work.duration.count()) * std::min(0.95, of_time * jitter))};
  };
  for (std::size_t i = 0; i < service_.calls.size(); ++i) {
    const FleetCall& call = service_.calls[i];
    if (call.func != request.work.index) continue;
    DemoWork work{.kind = DemoWorkKind::Call, .index = i, .duration = part(call.of_time)};
    const bool bad = phase == DemoPhase::Dependency && options_.service == kSlowService && call.peer == kFailingPeer;
    if (const double luck = uniform(); luck < (bad ? 0.4 : 0.001)) work.status = Status::ServerError, work.ret = "503";
    request.inside.push_back(work);
  }
  for (std::size_t i = 0; i < service_.nodes.size(); ++i) {
    const FleetNode& node = service_.nodes[i];
    if (node.func != request.work.index) continue;
    DemoWork work{.kind = DemoWorkKind::Node, .index = i, .duration = part(node.of_time), .status = Status::Ok, .ret = {}};
    const bool bad = phase == DemoPhase::Workflow && node.type == kFailingNode;
    if (const double luck = uniform(); luck < (bad ? 0.4 : 0.002)) work.status = luck < 0.1 ? Status::Timeout : Status::ServerError;
    request.inside.push_back(work);
  }
  for (std::size_t i = 0; i < service_.models.size(); ++i)
    if (service_.models[i].func == request.work.index) request.tokens = tokens(i, phase);
}

DemoTokens DemoPlan::tokens(std::size_t model, DemoPhase phase) {
  const FleetModel& of = service_.models[model];
  const double longer = phase == DemoPhase::Tokens ? 10 : 1;
  return {model, static_cast<std::uint64_t>(of.prompt * longer * (0.5 + uniform())),
          static_cast<std::uint64_t>(of.completion * (0.5 + uniform()))};
}

}  // namespace tocsin::agent
