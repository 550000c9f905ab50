// SPDX-License-Identifier: Apache-2.0
// ExemplarRing: the newest exemplars of all series, and no more than so many.
//
// Threads: the window's lock; what view() hands out is immutable. Costs about 250 bytes an exemplar.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "meters/snapshot.h"
#include "rules/window.h"

namespace tocsin::rules {

struct KeptExemplar {
  promql::SeriesRow row = 0;
  std::int64_t born_ms = 0;  // of its series: the row may be another's by now
  WindowExemplar exemplar;
};

using KeptExemplars = std::vector<std::shared_ptr<const KeptExemplar>>;

// trace_id and span_id as hexadecimal labels, then its attributes.
WindowExemplar window_exemplar(const meters::Exemplar& from);

class ExemplarRing {
 public:
  explicit ExemplarRing(std::size_t most) : most_(most) {}
  void add(KeptExemplar exemplar);
  void cut_after(std::int64_t last_ms);
  std::shared_ptr<const KeptExemplars> view();
  std::size_t bytes() const noexcept { return kept_.size() * 250; }

 private:
  const std::size_t most_;
  std::deque<std::shared_ptr<const KeptExemplar>> kept_;
  std::shared_ptr<const KeptExemplars> shown_;  // null: changed since
};

}  // namespace tocsin::rules
