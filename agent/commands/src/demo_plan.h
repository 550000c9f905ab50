// SPDX-License-Identifier: Apache-2.0
// What the demo's services do, request by request: the same for the same seed, whatever the machine does.
// Threads: a plan belongs to one. Costs nothing worth counting.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "agent/commands/src/demo_fleet.h"
#include "meters/request_convention.h"

namespace tocsin::agent {

using std::chrono::nanoseconds;

// The schedule turns through phases of one length. In each of them one thing goes wrong, and only there:
enum class DemoPhase : std::uint8_t {
  Calm,
  Failing,     // the first service's requests fail
  CalmAgain,   // begins with its restart
  Slow,        // the second one's requests are slow
  Dependency,  // what the second one calls fails; it answers all the same
  Workflow,    // a node of the fourth one's workflow fails; it answers all the same
  Tokens,      // the fourth one's prompts are ten times as long
};
inline constexpr std::size_t kDemoPhases = 7;
// In a word, and what it does in a sentence (empty where it is calm).
std::string_view to_text(DemoPhase phase) noexcept;
std::string_view what_happens(DemoPhase phase) noexcept;
DemoPhase phase_at(nanoseconds elapsed, nanoseconds phase_length) noexcept;

// Requests begin this long after the start: a service's meters stand at zero and are seen before they move.
inline constexpr nanoseconds kDemoLeadIn = std::chrono::seconds{3};

enum class DemoWorkKind : std::uint8_t { Request, Call, Node };

struct DemoWork {
  DemoWorkKind kind = DemoWorkKind::Request;
  std::size_t index = 0;  // of the service's funcs, calls or nodes
  nanoseconds duration{0};
  meters::Status status = meters::Status::Ok;
  std::string_view ret = meters::kRetSuccess;
};

struct DemoTokens {
  std::size_t model = 0;  // of the service's
  std::uint64_t prompt = 0, completion = 0;
};

struct DemoRequest {
  nanoseconds at{0};  // since the start
  DemoWork work;
  std::vector<DemoWork> inside;  // calls and nodes: they begin with the request
  std::optional<DemoTokens> tokens;
};

class DemoPlan {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::size_t service = 0;
    double requests_per_second = 10;
    nanoseconds phase_length = std::chrono::seconds{20};
  };
  explicit DemoPlan(const Options& options);

  // The next one, later than the one before.
  DemoRequest next();

 private:
  double uniform() { return std::uniform_real_distribution<double>()(random_); }
  double requests_per_second() const;
  void end(DemoWork& work, DemoPhase phase);
  void inside(DemoRequest& request, DemoPhase phase);
  DemoTokens tokens(std::size_t model, DemoPhase phase);

  const Options options_;
  const FleetService& service_;
  std::mt19937_64 random_;
  nanoseconds at_ = kDemoLeadIn;
};

}  // namespace tocsin::agent
