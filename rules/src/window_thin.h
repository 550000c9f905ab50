// SPDX-License-Identifier: Apache-2.0
// Chunks and columns with fewer samples: thinned to one a step, or cut where the clock was set back.
//
// Threads: pure. Costs about 20 ns a sample.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "rules/src/window_chunk.h"

namespace tocsin::rules {

// Steps that these chunks touch.
std::int64_t steps_of(std::int64_t min_ms, std::int64_t max_ms, std::int64_t step_ms) noexcept;

// Of each series the last sample of every step stays. Requires: chunks of one strip, oldest first, that touch at most Chunk::kMostColumns steps.
std::shared_ptr<const Chunk> thin(std::span<const std::shared_ptr<const Chunk>> chunks, std::int64_t step_ms);

// What is not later than `last_ms`; the same object where that is all, null where it is nothing.
std::shared_ptr<const Chunk> cut_after(std::shared_ptr<const Chunk> chunk, std::int64_t last_ms);
std::shared_ptr<const Column> cut_after(std::shared_ptr<const Column> column, std::int64_t last_ms);

}  // namespace tocsin::rules
