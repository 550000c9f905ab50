// SPDX-License-Identifier: Apache-2.0
// One service of the demo: requests begin and end when its plan says so, in real time, measured by what we ship.
// Threads: two of its own; start and stop from one owner.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/commands/src/demo_ledger.h"
#include "agent/commands/src/demo_plan.h"
#include "meters/base/result.h"

namespace tocsin::agent {

struct DemoServiceOptions {
  DemoPlan::Options plan;
  Monotonic began;       // when the plan began: what it has had before now is left out
  std::string endpoint;  // "http://127.0.0.1:4318"
  bool spans_only = false;  // sends spans; the agent makes its request meters
};

class DemoService {
 public:
  virtual ~DemoService() = default;
  static Result<std::unique_ptr<DemoService>> start(DemoServiceOptions options, DemoLedger& ledger);

  virtual const std::string& name() const = 0;
  // Requests in flight end as cancelled; then sends what is left, until the deadline.
  virtual void stop(std::chrono::nanoseconds deadline) = 0;
  // What went wrong with sending, or empty.
  virtual std::string fault() const = 0;
};

}  // namespace tocsin::agent
