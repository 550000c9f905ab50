// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_thin.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tocsin::rules {

namespace {

std::int64_t step_of(std::int64_t time_ms, std::int64_t step_ms) noexcept {
  return time_ms >= 0 ? time_ms / step_ms : -((-time_ms + step_ms - 1) / step_ms);
}

// A column that is being made.
struct Step {
  explicit Step(std::uint32_t slots) : values(slots, hole()), times(slots, 0) {}

  void put(std::uint32_t slot, const promql::Block& block, std::size_t sample) {
    put(slot, block.time_ms[sample], block.values[sample], block.histograms.empty() ? nullptr : block.histograms[sample]);
  }
  void put(std::uint32_t slot, std::int64_t time_ms, double value, promql::HistogramPtr histogram) {
    values[slot] = value;
    times[slot] = time_ms;
    any = true;
    if (!histogram) return;
    if (!histograms) histograms = std::make_unique<HistogramColumn>(values.size());
    (*histograms)[slot] = std::move(histogram);
  }

  std::vector<double> values;
  std::vector<std::int64_t> times;
  std::unique_ptr<HistogramColumn> histograms;  // null where there is none
  bool any = false;
};

std::vector<std::shared_ptr<const Column>> columns_of(std::vector<Step>& steps) {
  std::vector<std::shared_ptr<const Column>> columns;
  std::shared_ptr<const ColumnBase> base;
  for (Step& step : steps) {
    if (!step.any) continue;
    if (!base) base = std::make_shared<const ColumnBase>(step.values.size(), 0.0);
    columns.push_back(std::make_shared<const Column>(step.values, step.times, base, std::move(step.histograms)));
  }
  return columns;
}

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
  std::vector<Step> steps;
  for (std::int64_t left = steps_of(min_ms, max_ms, step_ms); left > 0; --left) steps.emplace_back(slots);
  promql::Block block;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    block.clear();
    for (const auto& chunk : chunks) chunk->read(slot, {min_ms, max_ms}, block);
    for (std::size_t i = 0; i < block.values.size(); ++i)
      steps[static_cast<std::size_t>(step_of(block.time_ms[i], step_ms) - step_of(min_ms, step_ms))].put(slot, block, i);
  }
  return Chunk::make(columns_of(steps));
}

std::shared_ptr<const Chunk> cut_after(std::shared_ptr<const Chunk> chunk, std::int64_t last_ms) {
  if (chunk->max_ms() <= last_ms) return chunk;
  std::vector<Step> steps;
  promql::Block block;
  for (std::uint32_t slot = 0; slot < chunk->slots(); ++slot) {
    block.clear();
    chunk->read(slot, {chunk->min_ms(), last_ms}, block);
    for (std::size_t i = 0; i < block.values.size(); ++i) {
      if (i == steps.size()) steps.emplace_back(chunk->slots());
      steps[i].put(slot, block, i);
    }
  }
  return steps.empty() ? nullptr : Chunk::make(columns_of(steps));
}

std::shared_ptr<const Column> cut_after(std::shared_ptr<const Column> column, std::int64_t last_ms) {
  if (column->max_ms() <= last_ms) return column;
  std::vector<Step> one;
  one.emplace_back(column->slots());
  for (std::uint32_t slot = 0; slot < column->slots(); ++slot)
    if (const double value = column->value(slot); !is_hole(value) && column->time_ms(slot) <= last_ms)
      one[0].put(slot, column->time_ms(slot), value, column->has_histograms() ? column->histogram(slot) : nullptr);
  return one[0].any ? columns_of(one)[0] : nullptr;
}

}  // namespace tocsin::rules
