// SPDX-License-Identifier: Apache-2.0
// Why an alert is no longer in its expression's result: because its condition is over, or because data it was made of has
// ended, or (just after a start) because the history does not yet hold enough to tell.
//
//   const Sight sight = why_gone(uses, alert.labels, {.reader = &reader, ...});
//
// A series contributed if it matched a selector when the alert was last there and no label of it contradicts the alert's.
// It has ended if it was marked so, if nothing came for two and a half times its usual distance of samples, or if the
// selector's range no longer holds the samples that it needs.
// Threads: pure. Costs a select and a read for each selector; it is asked only for alerts that have just gone.
#pragma once

#include <cstdint>
#include <span>

#include "rules/alert.h"
#include "rules/look_back.h"
#include "rules/promql/series_reader.h"

namespace tocsin::rules {

struct GoneContext {
  const promql::SeriesReader* reader = nullptr;
  std::int64_t now_ms = 0;           // of the evaluation
  std::int64_t last_present_ms = 0;  // of the last one that gave the alert
  std::int64_t lookback_ms = 300'000;
  bool settling = false;             // the process has just started,
  bool early = false;                // so recently that senders may not have reported yet
};

Sight why_gone(std::span<const SelectorUse> uses, const AlertLabels& alert, const GoneContext& context);

// No label that both have differs; the name is none. What an aggregation dropped or label_replace made says nothing.
bool agrees(const promql::SeriesReader& reader, promql::SeriesRow row, const AlertLabels& alert);

}  // namespace tocsin::rules
