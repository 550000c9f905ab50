// SPDX-License-Identifier: Apache-2.0
// A strip from a checkpoint.
#include <algorithm>
#include <limits>
#include <utility>

#include "rules/src/window_strip.h"

namespace tocsin::rules {

void Strip::restore_slot(std::span<const promql::LabelId> labels, std::int64_t born_ms, std::int64_t ended_ms) {
  const auto slot = static_cast<std::uint32_t>(used_.size());
  used_.emplace_back();
  used_[slot].taken = true;
  used_[slot].last_ms = std::numeric_limits<std::int64_t>::min();
  directory_->slots.push_back({static_cast<std::uint32_t>(directory_->cells.size()),
                               static_cast<std::uint32_t>(labels.size()), born_ms, ended_ms});
  directory_->cells.insert(directory_->cells.end(), labels.begin(), labels.end());
  directory_->last_born_ms = std::max(directory_->last_born_ms, born_ms);
}

void Strip::restore_free() {
  free_.push_back(static_cast<std::uint32_t>(used_.size()));
  used_.emplace_back();
  directory_->slots.emplace_back();
}

bool Strip::restore_chunk(std::shared_ptr<const Chunk> chunk) {
  if (kind_ == StripKind::Histograms) last_histograms_.resize(used_.size());
  for (std::uint32_t slot = 0; slot < chunk->slots(); ++slot) {
    Used& used = used_[slot];
    if (!chunk->holds(slot) || !used.taken) continue;
    Chunk::Ends ends;
    if (!chunk->check(slot, ends) || ends.first_ms <= used.last_ms) return false;
    used.last_ms = ends.last_ms;
    used.last = ends.last;
    if (ends.last_histogram) last_histograms_.resize(used_.size());
    if (!last_histograms_.empty()) last_histograms_[slot] = std::move(ends.last_histogram);
  }
  chunk_bytes_ += chunk->bytes();
  chunks_.push_back(std::move(chunk));
  return true;
}

}  // namespace tocsin::rules
