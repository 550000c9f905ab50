// SPDX-License-Identifier: Apache-2.0
// Intake: the state of everything that was received. Receivers apply points, the pipeline collects families.
//
//   Intake intake({}, clock);
//   Intake::Outcome outcome = intake.apply(points);        // decoded by a receiver; see metric_points.h
//   pipeline.add(intake);                                  // a Source
//   pipeline.start(15s, [&](Time now) { intake.tick(now); },
//                  [&](const Snapshot& seen) { intake.sinks_saw(seen.time); });
//
// A sender (target) is known by job, instance and promoted labels; its resource may be sent in any order of attributes.
// Deltas become totals here; late points are rejected; a sender that starts again gets a new start time. Two that write
// one series are added (gauges: the latest counts) and named by conflicts(). See docs/decisions on identity and limits.
// Threads: thread-safe. A target has a lock of its own; apply() takes it once a resource. State outlives listeners.
// Costs about 130 bytes a scalar series besides its label texts, and 25 to 60 ns a point of a known series.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/metric_points.h"
#include "meters/base/clock.h"
#include "meters/flow.h"

namespace tocsin::agent {

struct IntakeLimits {
  std::uint32_t label_sets = 2'000;       // a sender and meter; then the overflow series
  std::size_t series = 2'000'000;         // in all; then new ones are rejected
  std::size_t bytes = std::size_t{2} << 30;
  std::uint32_t targets = 20'000;
  std::uint32_t labels = 128;             // of one point
  std::uint32_t label_names = 256;        // of one meter
  std::size_t label_bytes = 16 * 1024;    // a label's text
  std::size_t name_bytes = 1'024;         // a meter's or a label's name
  std::chrono::seconds silent_after{300};  // no point from the sender: its rows end
  std::chrono::seconds idle_after{3600};   // no point for the series, while its sender lives: the row ends
  std::chrono::seconds ahead{3600};        // a point further in the future is rejected
};

struct IntakeOptions {
  IntakeLimits limits;
  std::vector<std::string> promoted;  // resource attributes that become labels of every series of the sender
  // How names of OTLP become Prometheus'. Requires: the same in each configure().
  meters::NameStrategy names = meters::NameStrategy::UnderscoreEscapingWithSuffixes;
};

class Intake final : public meters::Source {
 public:
  struct Outcome {
    std::uint64_t accepted = 0;
    std::vector<std::pair<std::string_view, std::uint64_t>> rejected;  // reason and number; reasons are literals
    std::string message;  // names metric and cause; empty when nothing was rejected

    std::uint64_t rejected_sum() const noexcept;
  };

  struct Stats {
    std::uint64_t targets = 0, meters = 0;
    std::uint64_t series = 0;    // rows in memory, ended ones and hidden streams included
    std::uint64_t bytes = 0;     // estimated
    std::uint64_t overflowed = 0;  // points that went to an overflow series, since start
    std::uint64_t conflicts = 0;   // points of a series that two senders write, since start
    std::uint64_t ended = 0;       // rows that ended, since start
  };

  // Two writers of one series, newest last; at most 100 are kept.
  struct Conflict {
    std::string job, instance, meter, labels;
    std::string what;  // "two senders write it: added"
    std::uint64_t points = 0;
    Time first, last;
  };

  // The meters with the most series, and the label that makes them so many.
  struct Cardinality {
    std::string job, instance, meter;
    std::uint32_t series = 0;
    std::uint32_t limit = 0;
    std::uint64_t overflowed = 0;  // points
    std::string label;             // with the most different texts
    std::uint32_t label_texts = 0;
  };

  Intake(IntakeOptions options, const Clock& clock);
  ~Intake() override;

  // Applies every point or says why not. Never fails as a whole.
  Outcome apply(const MetricPoints& points);

  void collect(meters::SnapshotBuilder& builder) override;

  // Ends the rows of silent senders and of idle series, and frees what every sink has seen ended.
  void tick(Time now);
  // Every tick sink took the Snapshot of that time: rows that it showed as ended need not be kept.
  void sinks_saw(Time snapshot);

  // Rows that are over a new limit stay. Promoted attributes change as senders send again.
  void configure(IntakeOptions options);

  // True where this sender itself sends a living meter of that Prometheus name: it is not to be derived from spans.
  bool sends(const meters::Resource& sender, std::string_view prometheus_name) const;

  Stats stats() const;
  std::vector<Conflict> conflicts() const;
  std::vector<Cardinality> top_cardinality(std::size_t count) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tocsin::agent
