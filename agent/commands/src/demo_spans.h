// SPDX-License-Identifier: Apache-2.0
// Spans of a demo service that has no meters of its own, sent once a second as OTLP over HTTP. Threads: thread-safe; the
// HttpClient's thread sends.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <random>
#include <string>
#include <string_view>

#include "agent/commands/src/demo_plan.h"
#include "meters/base/clock.h"
#include "wire/http_client.h"

namespace tocsin::agent {

class DemoSpans {
 public:
  DemoSpans(const FleetService& of, std::string service, std::string traces_url, std::uint64_t seed);

  // A request is a SERVER span, a call a CLIENT span, by the HTTP conventions.
  void add(const DemoWork& work, Time start, Time end);

  // Sends what was added; a request that fails is kept for the next call, up to 10,000 spans.
  void flush(std::stop_token stop);
  std::uint64_t sent() const;
  std::uint64_t dropped() const;

 private:
  std::string request_body(std::string_view spans) const;

  const FleetService& of_;
  const std::string service_, url_, instance_;
  wire::HttpClient client_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::mt19937_64 ids_;
  std::string spans_;  // Span messages, each with its tag
  std::uint64_t waiting_ = 0, sent_ = 0, dropped_ = 0;
};

}  // namespace tocsin::agent
