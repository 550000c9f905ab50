// SPDX-License-Identifier: Apache-2.0
// Destinations: everything that the agent pushes to, by name.
//
//   Destinations destinations(pipeline, log, clock);
//   destinations.apply(config.exports, 10s);     // also on a reload: one that did not change keeps its queue
//   bool taken = destinations.forward(resource_spans, 17);
//   destinations.stop(10s);                      // all at once, each within the deadline
//
// Threads: apply and stop from one owner; the others thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "agent/config.h"
#include "agent/log.h"
#include "agent/pipeline.h"
#include "exporters/destination.h"

namespace tocsin::agent {

struct DestinationState {
  std::string name;
  std::string protocol, endpoint;
  std::string fault;  // why it could not be made; empty where it works
  exporters::DestinationStats stats;
};

class Destinations {
 public:
  Destinations(Pipeline& pipeline, Log& log, const Clock& clock);
  ~Destinations();  // stops at once

  // What is new is made. What is gone is flushed within `deadline`, which nobody waits for here. What changed is made anew:
  // it takes in at once, and sends when the one before has flushed; their account is one.
  void apply(const std::vector<ExportConfig>& exports, std::chrono::nanoseconds deadline);

  // What the OTEL_EXPORTER_OTLP_* variables name, kept over every reload, as "environment". An endpoint that is one of
  // `own` (our listeners' addresses) is refused, and said: the agent would feed itself.
  void apply_environment(const std::vector<std::string>& own);

  // One ResourceSpans message to every destination that takes spans; whether there is one.
  bool forward(std::string_view resource_spans, std::uint64_t spans);

  void stop(std::chrono::nanoseconds deadline);

  std::vector<DestinationState> states() const;
  // The shortest interval at which a destination wants metrics; `otherwise` where none does.
  std::chrono::nanoseconds shortest_interval(std::chrono::nanoseconds otherwise) const;

 private:
  using Sender = std::shared_ptr<exporters::Destination>;
  class Past;  // what the senders of a name did before the present one
  struct Entry {
    ExportConfig config;           // of one from the environment only what states() shows
    bool of_environment = false;
    std::string fault;
    Sender sender;  // null where it could not be made
    std::shared_ptr<Past> past;
  };
  struct Flush {
    std::shared_ptr<std::atomic<bool>> done;
    std::jthread thread;
  };
  using All = std::map<std::string, Entry>;

  Entry make(const ExportConfig& config, const Entry* before);
  void flush(const Entry& gone, const Entry* next, std::chrono::nanoseconds deadline);
  void open(Entry& destination, exporters::DestinationOptions options);
  std::shared_ptr<const All> all() const;
  void stop_all(std::vector<std::shared_ptr<exporters::Destination>> senders, std::chrono::nanoseconds deadline);

  // Fixed after construction.
  Pipeline& pipeline_;
  Log& log_;
  const Clock& clock_;

  mutable std::mutex mutex_;
  std::shared_ptr<const All> all_;  // guarded by mutex_; swapped, never edited

  std::vector<Flush> flushes_;  // of the owner
};

}  // namespace tocsin::agent
