// SPDX-License-Identifier: Apache-2.0
// SelfReport: what the agent says of itself, as meters tocsin_* on its own registry, read when it is collected.
//
//   SelfReport report;
//   auto started = report.start(registry, {.receivers = ..., .destinations = ..., ...});
//
// Each source is asked once a collection, so that meters of one source agree. Errors: Configuration, when a meter cannot be declared: our own mistake.
// Threads: start from one owner; the functions given are called on the collecting thread and must be thread-safe.
#pragma once

#include <functional>
#include <vector>

#include "agent/api/status.h"
#include "agent/destinations.h"
#include "agent/history.h"
#include "agent/rules/thresholds.h"
#include "exporters/scrape_handler.h"
#include "meters/observable.h"
#include "meters/registry.h"

namespace tocsin::agent {

class SelfReport {
 public:
  struct Sources {
    std::function<ReceiversStatus()> receivers;
    std::function<std::vector<DestinationState>()> destinations;
    std::function<RuntimeStatus()> runtime;
    std::function<exporters::ScrapeTotals()> scrapes;
    std::function<std::uint64_t()> log_lines_held_back;
    std::function<HistoryStats()> history;
    std::function<std::vector<Threshold>()> thresholds;
  };

  // What the sources said, of one moment.
  struct Facts {
    explicit Facts(const Sources& sources);
    ReceiversStatus receivers;
    std::vector<DestinationState> destinations;
    RuntimeStatus runtime;
    exporters::ScrapeTotals scrapes;
    std::uint64_t log_lines_held_back;
    HistoryStats history;
    std::vector<Threshold> thresholds;
  };

  Result<void> start(meters::Registry& registry, Sources sources);
  // After this none of the functions is called.
  void stop() { observations_.clear(); }

 private:
  Sources sources_;
  meters::OncePerCollection<Facts> facts_;
  std::vector<meters::Observation> observations_;
};

}  // namespace tocsin::agent
