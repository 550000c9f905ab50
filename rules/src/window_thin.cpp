// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_thin.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace tocsin::rules {

namespace {

std::int64_t step_of(std::int64_t time_ms, std::int64_t step_ms) noexcept {
  return time_ms >= 0 ? time_ms / step_ms : -((-time_ms + step_ms - 1) / step_ms);
}

struct Step {
  std::vector<double> values;
  std::vector<std::int64_t> times;
  std::unique_ptr<HistogramColumn> histograms;  // null where there is none
  bool any = false;
};

}  // namespace

std::int64_t steps_of(std::int64_t min_ms, std::int64_t max_ms, std::int64_t step_ms) noexcept {
  return step_of(max_ms, step_ms) - step_of(min_ms, step_ms) + 1;
}

std::shared_ptr<const Chunk> thin(std::span<const std::shared_ptr<const Chunk>> chunks, std::int64_t step_ms) {
  std::uint32_t slots = 0;
  std::int64_t min_ms = chunks.front()->min_ms(), max_ms = chunks.front()->max_ms();
  for (const auto& chunk : chunks) {
    slots = std::max(slots, chunk->slots());
    min_ms = std::min(min_ms, chunk->min_ms());
    max_ms = std::max(max_ms, chunk->max_ms());
  }
  std::vector<Step> steps(static_cast<std::size_t>(steps_of(min_ms, max_ms, step_ms)));
  for (Step& step : steps) {
    step.values.assign(slots, hole());
    step.times.assign(slots, 0);
  }
  promql::Block block;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    block.clear();
    for (const auto& chunk : chunks) chunk->read(slot, {min_ms, max_ms}, block);
    for (std::size_t i = 0; i < block.values.size(); ++i) {
      Step& step = steps[static_cast<std::size_t>(step_of(block.time_ms[i], step_ms) - step_of(min_ms, step_ms))];
      step.values[slot] = block.values[i];
      step.times[slot] = block.time_ms[i];
      step.any = true;
      if (block.histograms.empty()) continue;
      if (!step.histograms) step.histograms = std::make_unique<HistogramColumn>(slots);
      (*step.histograms)[slot] = block.histograms[i];
    }
  }
  const auto base = std::make_shared<const ColumnBase>(slots, 0.0);
  std::vector<std::shared_ptr<const Column>> columns;
  for (Step& step : steps)
    if (step.any) columns.push_back(std::make_shared<const Column>(step.values, step.times, base, std::move(step.histograms)));
  return Chunk::make(columns);
}

}  // namespace tocsin::rules
