// SPDX-License-Identifier: Apache-2.0
// The demo's own account of what it did, to be compared with what arrives elsewhere. Threads: thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/commands/src/demo_plan.h"
#include "meters/base/clock.h"

namespace tocsin::agent {

class DemoLedger {
 public:
  DemoLedger(Time start, std::chrono::nanoseconds phase_length) : start_(start), phase_length_(phase_length) {}

  void finished(const FleetService& of, std::string_view service, const DemoWork& work, std::chrono::nanoseconds took);
  void used(const FleetService& of, std::string_view service, const DemoTokens& tokens);
  void restarted(std::string_view service, Time at);

  // {"start","time","phaseSeconds","phases":[{"word","what"}],"bounds":[..us],
  //  "requests":[{"service","func","status","ret", "count","seconds","slowerThan5s","atMost":[a count for each bound]}],
  //  "calls":[..., and "peer"], "nodes":[{"service","workflow","nodeType","status", ...}],
  //  "tokens":[{"service","model","prompt","completion"}], "restarts":[{"service","time"}]}
  std::string json(Time now) const;
  // Tables for people.
  std::string table() const;

 private:
  static constexpr std::size_t kBounds = meters::kRequestTimeBounds.size();
  struct Totals {
    std::uint64_t count = 0, slower_than_5s = 0;
    std::chrono::nanoseconds took{0};
    std::array<std::uint64_t, kBounds> in_bucket{};  // not added up
  };
  // The values of the labels of its kind, in their order.
  using Key = std::pair<DemoWorkKind, std::vector<std::string>>;
  struct Tokens {
    std::uint64_t prompt = 0, completion = 0;
  };

  const Time start_;
  const std::chrono::nanoseconds phase_length_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<Key, Totals> totals_;
  std::map<std::pair<std::string, std::string>, Tokens> tokens_;  // by service and model
  std::vector<std::pair<std::string, Time>> restarts_;
};

}  // namespace tocsin::agent
