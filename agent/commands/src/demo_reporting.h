// SPDX-License-Identifier: Apache-2.0
// What a service of the demo measures, and how it gets to the agent: meters of its own, or spans.
// Threads: begin(), finished() and used() belong to the service's worker, send() and stop() to its sender; fault() to all.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "agent/commands/src/demo_plan.h"
#include "meters/base/clock.h"
#include "meters/base/result.h"
#include "meters/request_meters.h"

namespace tocsin::agent {

// One piece of work that was begun, as meters measure it; neither where spans do.
struct DemoMeasured {
  std::shared_ptr<meters::Request> request;
  std::shared_ptr<meters::NodeExecution> node;
};

class DemoReporting {
 public:
  virtual ~DemoReporting() = default;
  virtual DemoMeasured begin(const DemoWork& work) = 0;
  // Returns what was reported as its duration: meters measure it themselves, so it may differ from `took`.
  virtual std::chrono::nanoseconds finished(const DemoWork& work, DemoMeasured& measured, Time start, std::chrono::nanoseconds took) = 0;
  virtual void used(const DemoTokens& tokens) = 0;
  virtual void send(std::stop_token stop) = 0;
  virtual void stop(std::chrono::nanoseconds deadline) = 0;
  virtual std::string fault() const = 0;
};

Result<std::unique_ptr<DemoReporting>> demo_meters(const FleetService& of, const std::string& name, const std::string& endpoint);
std::unique_ptr<DemoReporting> demo_spans(const FleetService& of, const std::string& name, const std::string& endpoint, std::uint64_t seed);

inline constexpr std::chrono::seconds kDemoSendEvery{1};
inline constexpr std::string_view kRetCancelled = "499";

}  // namespace tocsin::agent
