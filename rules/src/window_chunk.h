// SPDX-License-Identifier: Apache-2.0
// Chunk: some columns of a strip, compressed, one run of bytes a series. Times that series have in common are stored once.
//
// Threads: immutable. Costs about 1 byte a sample of a counter, 2 bytes a series; a series of 60 samples is read in 150 ns.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "meters/base/result.h"
#include "rules/src/window_bits.h"
#include "rules/src/window_column.h"

namespace tocsin::rules {

class Chunk {
 public:
  // Requires: columns of one strip, oldest first, at least one, at most kMostColumns.
  static constexpr std::size_t kMostColumns = 240;
  static std::shared_ptr<const Chunk> make(std::span<const std::shared_ptr<const Column>> columns);

  std::int64_t min_ms() const noexcept { return min_ms_; }
  std::int64_t max_ms() const noexcept { return max_ms_; }
  std::uint32_t slots() const noexcept { return static_cast<std::uint32_t>(ends_.size()); }
  std::size_t bytes() const noexcept;
  bool holds(std::uint32_t slot) const noexcept { return slot < slots() && !run(slot).empty(); }

  // Adds the slot's samples to the end of the block, without an end of its row. Requires: into.histograms is empty or one a
  // sample, and is so afterwards.
  void read(std::uint32_t slot, promql::TimeRange range, promql::Block& into) const;

  // First and last sample of a slot that holds any.
  struct Ends {
    std::int64_t first_ms = 0, last_ms = 0;
    double last = 0;
    promql::HistogramPtr last_histogram;
  };
  // False where the slot's bytes are damaged. Requires: holds(slot).
  bool check(std::uint32_t slot, Ends& ends) const;

  void save(ByteWriter& writer) const;
  // Errors: Input. A slot whose bytes are damaged, which check() tells, reads as if it had no samples.
  static Result<std::shared_ptr<const Chunk>> load(ByteReader& reader);

 private:
  Chunk() = default;
  std::string_view run(std::uint32_t slot) const noexcept;
  bool decode(std::string_view run, std::vector<std::int64_t>& times, std::vector<double>& values,
              std::vector<promql::HistogramPtr>& histograms) const;

  std::int64_t min_ms_ = 0, max_ms_ = 0;
  std::uint32_t columns_ = 0;
  std::vector<std::vector<std::int64_t>> timelines_;  // times of all columns, as some series have them
  std::vector<std::uint32_t> ends_;                   // one a slot
  std::string data_;
};

}  // namespace tocsin::rules
