// SPDX-License-Identifier: Apache-2.0
// Family setup: what is fixed about a family when it is declared, and what all families share with their registry.
//
// Threads: FamilySetup is immutable once used; RegistryLedger has its own synchronisation.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "meters/base/clock.h"
#include "meters/base/source_place.h"
#include "meters/descriptor.h"
#include "meters/histogram.h"
#include "meters/labels.h"
#include "meters/registry.h"

namespace tocsin::meters::detail {

struct FamilySetup {
  Descriptor descriptor;
  std::vector<LabelColumn> labels;
  NumberType number = NumberType::Integer;
  std::uint32_t max_series = 0;
  SourcePlace declared_at;
  std::shared_ptr<const HistogramForm> form = nullptr;  // of histograms
};

// The one label of the series that takes what has no room (OpenTelemetry SDK, "Cardinality limits").
inline constexpr std::string_view kOverflowLabel = "otel.metric.overflow", kOverflowName = "otel_metric_overflow";

FamilyCardinality cardinality_of(const FamilySetup& setup, const LabelSets& labels, bool overflowed);

// Families may outlive their registry with it.
struct RegistryLedger {
  std::array<std::atomic<std::uint64_t>, kDrops> dropped{};
  std::atomic<std::uint32_t> series{0};
  std::uint32_t max_series = 0;
  std::atomic<bool> closed{false};  // the registry is gone: nothing new is made
  const Clock* clock = nullptr;     // not to be read once closed
  std::shared_ptr<const Origin> origin;

  void count(Drop reason) noexcept { dropped[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed); }
  // Takes room for one more series; false when there is none. What is declared always has it: another meter's label that
  // explodes takes nothing from it.
  bool admit(bool declared = false) noexcept {
    if (series.fetch_add(1, std::memory_order_relaxed) < max_series || declared) return true;
    series.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
};

}  // namespace tocsin::meters::detail
