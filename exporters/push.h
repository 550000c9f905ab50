// SPDX-License-Identifier: Apache-2.0
// Push: a service sends its own meters by OTLP/HTTP, without an agent and without protobuf, gRPC or Abseil.
//
//   auto push = Push::start(Registry::global());        // as the OTEL_* variables say: http://localhost:4318, every 60 s
//   if (!push) std::cerr << push.error().message;
//   ...                                                 // leaving the scope sends what there is, and stops
//
// Idle series of a registry expire by it, at each collection. Where nothing listens the program is unharmed: recording does not notice,
// memory is bounded, exit is delayed by at most `stop_timeout`. A source that throws is told in stats().last_error. It may be a
// static object. In a forked child it does nothing, and is not enabled(): start another one there.
// Threads: thread-safe; three of its own (timer, sender, HTTP client). Costs: one collection an interval.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporters/destination.h"
#include "exporters/otlp_environment.h"
#include "meters/flow.h"

namespace tocsin::exporters {

struct PushOptions {
  std::optional<DestinationOptions> destination{};  // in place of what the environment says
  meters::Attributes resource{};             // over what the environment says: service.name, ...
  std::chrono::nanoseconds stop_timeout = std::chrono::seconds{2};
  EnvironmentReader environment{};           // empty: std::getenv
};

class Push {
 public:
  // The source must outlive it. A variable that cannot be read is ignored and told in warnings(); with OTEL_SDK_DISABLED
  // or another exporter named it stands there and does nothing. Errors: Configuration, in `destination`.
  static Result<std::unique_ptr<Push>> start(meters::Source& source, PushOptions options = {});

  ~Push();  // stops
  Push(const Push&) = delete;
  Push& operator=(const Push&) = delete;

  // Collects and sends now; true when all arrived, or was refused, before the deadline, and where there is nowhere to send to. False
  // in a forked child.
  bool flush(std::chrono::nanoseconds deadline);

  // A last collection, sent within stop_timeout. Safe twice.
  void stop();

  bool enabled() const noexcept;
  DestinationStats stats() const;
  const std::vector<std::string>& warnings() const noexcept;

 private:
  class Loop;
  explicit Push(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace tocsin::exporters
