// SPDX-License-Identifier: Apache-2.0
// The bridge to prometheus-cpp, both ways: meters that a service already has there go out through tocsin, and tocsin's
// go out through prometheus-cpp's own Exposer, while a service moves from one to the other.
//
//   PrometheusCppSource theirs(prometheus_registry);        // a Source: push it, expose it, hand it to the agent
//   auto ours = as_collectable(registry);                   // kept: the exposer only watches it
//   exposer.RegisterCollectable(ours);
//
// Lost on the way in: start times, units, exemplars and native histograms, which prometheus-cpp does not have; an
// untyped metric becomes a gauge. Lost on the way out: start times, units, exemplars, native buckets (a histogram that
// has no others keeps count and sum), and in its text all digits after the 16th. A registry's idle series expire when the
// collectable is asked: prometheus-cpp has no timer.
// Threads: a source is collected by one thread at a time; a collectable by any number. Costs: one copy of every series.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "exporters/exposition.h"
#include "meters/flow.h"

namespace prometheus {
class Collectable;
}

namespace tocsin::exporters {

class PrometheusCppSource final : public meters::Source {
 public:
  // `collectable` is not null; a prometheus::Registry is one. `origin` is what its series are said to come from; null:
  // this process.
  explicit PrometheusCppSource(std::shared_ptr<prometheus::Collectable> collectable,
                               std::shared_ptr<const meters::Origin> origin = nullptr);
  ~PrometheusCppSource() override;

  // Series that are gone since the last time are marked as ended for a while.
  void collect(meters::SnapshotBuilder& builder) override;

  // Collections in which prometheus-cpp threw; they added nothing.
  std::uint64_t failures() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What `source` collects as prometheus-cpp shows it. The source must outlive it and be collected by nobody else at the
// same time. options.filter and escaping hold as in any exposition.
std::shared_ptr<prometheus::Collectable> as_collectable(meters::Source& source, ExpositionOptions options = {});

}  // namespace tocsin::exporters
