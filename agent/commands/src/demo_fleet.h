// SPDX-License-Identifier: Apache-2.0
// The services of the demo: what each is asked, whom it calls, which workflows it runs, which models it uses.
// Threads: constants. Costs nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tocsin::agent {

inline constexpr std::size_t kDemoFuncs = 3;

struct FleetFunc {
  std::string_view name;
  double median_ms;
  double most_ms;
  double share;  // of the service's requests
};

// A call to another service that requests of `func` make.
struct FleetCall {
  std::size_t func;
  std::string_view peer, name;
  double of_time;  // of the request's
};

struct FleetNode {
  std::size_t func;
  std::string_view workflow, type;
  double of_time;
};

struct FleetModel {
  std::size_t func;
  std::string_view name;
  double prompt, completion;  // tokens a request, on average
};

struct FleetService {
  std::string_view name;
  std::array<FleetFunc, kDemoFuncs> funcs;
  std::span<const FleetCall> calls = {};
  std::span<const FleetNode> nodes = {};
  std::span<const FleetModel> models = {};
};

// The first eight have names of their own; those beyond are alike and have an empty one.
const FleetService& fleet_service(std::size_t service) noexcept;

// What a phase of the demo happens to.
inline constexpr std::size_t kFailingService = 0, kSlowService = 1, kSpanService = 2, kWorkflowService = 3;
inline constexpr std::string_view kFailingPeer = "stock", kFailingNode = "llm";

}  // namespace tocsin::agent
