// SPDX-License-Identifier: Apache-2.0
// Chunks made thinner: of each series the last sample of every step stays.
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

// Requires: chunks of one strip, oldest first, that touch at most Chunk::kMostColumns steps.
std::shared_ptr<const Chunk> thin(std::span<const std::shared_ptr<const Chunk>> chunks, std::int64_t step_ms);

}  // namespace tocsin::rules
