// SPDX-License-Identifier: Apache-2.0
// SeriesSet: which series the window has, by labels, by name and by row; and the strips that hold them.
//
// Threads: the window's lock; what view() hands out is immutable. Costs 16 bytes a series for the index and 8 for its
// name's lists, besides the strips and the postings (window_postings.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "rules/src/window_postings.h"
#include "rules/src/window_strip.h"
#include "rules/src/window_symbols.h"

namespace tocsin::rules {

using NameRows = std::unordered_map<promql::Symbol, std::shared_ptr<const NamePostings>>;

// What is older than each of these is let go, compressed, and let go of recorded series.
struct Horizons {
  std::int64_t oldest_ms, raw_ms, recorded_ms;
};

class SeriesSet {
 public:
  SeriesSet();

  Symbols& symbols() noexcept { return *symbols_; }
  const Symbols& symbols() const noexcept { return *symbols_; }
  const std::shared_ptr<Symbols>& shared_symbols() const noexcept { return symbols_; }
  // Most texts belong to series that are gone.
  bool has_dead_texts() const noexcept { return symbols_->size() > 2 * texts_then_ + kFewTexts; }
  // Numbers the texts that are used anew; who remembers symbols must look them up again.
  void renumber();
  promql::Symbol name_symbol() const noexcept { return name_symbol_; }  // of __name__

  // Labels sorted by the names' texts, __name__ among them.
  std::optional<promql::SeriesRow> find(std::span<const promql::LabelId> labels) const noexcept;
  // Requires: find() says no.
  promql::SeriesRow add(std::span<const promql::LabelId> labels, StripKind kind, std::int64_t born_ms, bool recorded = false);

  Strip& strip(promql::SeriesRow row) noexcept { return *strips_[row / kStripSlots]; }
  static std::uint32_t slot(promql::SeriesRow row) noexcept { return row & kSlotMask; }
  promql::Symbol name(promql::SeriesRow row) noexcept;

  // Compresses samples, lets go of samples and of series whose last sample is too old. Calls gone(row) before a series goes.
  template <class Gone>
  void expire(const Horizons& horizons, const Gone& gone) {
    dead_.clear();
    for (const auto& strip : strips_) {
      if (!strip) continue;
      strip->compress_before(horizons.raw_ms);
      if (strip->recorded()) strip->thin_before(horizons.oldest_ms);
      const std::int64_t oldest_ms = strip->recorded() ? horizons.recorded_ms : horizons.oldest_ms;
      strip->drop_before(oldest_ms);
      strip->find_dead(oldest_ms, dead_);
    }
    for (const promql::SeriesRow row : dead_) gone(row);
    remove(dead_);
  }

  // Lets go of samples that are later.
  void cut_after(std::int64_t last_ms) {
    for (const auto& strip : strips_)
      if (strip) strip->cut_after(last_ms);
  }

  // Takes the rows out, with all their samples. Requires: ascending.
  void remove(std::span<const promql::SeriesRow> rows);

  // Bytes by name, those of a strip shared out evenly to its series.
  std::unordered_map<promql::Symbol, std::size_t> bytes_by_name() const;
  std::span<const promql::SeriesRow> rows_of(promql::Symbol name) const noexcept;
  // One series of that name at least is recorded.
  bool is_recorded(promql::Symbol name) const noexcept;

  // From a checkpoint. False where a series is there already.
  std::uint32_t next_strip() const noexcept { return static_cast<std::uint32_t>(strips_.size()); }
  bool restore(std::unique_ptr<Strip> strip);

  std::uint32_t series() const noexcept { return series_; }
  std::size_t names() const noexcept { return names_.size(); }
  // Changes when rows were given up: rows that were remembered may belong to other series now.
  std::uint64_t generation() const noexcept { return generation_; }
  std::size_t bytes() const noexcept;

  std::vector<std::shared_ptr<const StripView>> view_strips();
  std::shared_ptr<const NameRows> view_names();

 private:
  struct Name {
    std::vector<promql::SeriesRow> rows;
    std::shared_ptr<const NamePostings> shown;  // null: changed since
  };
  static std::uint32_t hash(std::span<const promql::LabelId> labels) noexcept;
  static constexpr std::uint32_t kFewTexts = 20'000;
  Strip& strip_with_room(StripKind kind, promql::Symbol name, std::size_t rows_of_name, bool recorded);
  void index(promql::SeriesRow row, std::uint32_t key);
  void unindex(promql::SeriesRow row);
  void drop_empty_strips();
  void grow_index();

  std::shared_ptr<Symbols> symbols_ = std::make_shared<Symbols>();
  promql::Symbol name_symbol_;
  std::vector<std::unique_ptr<Strip>> strips_;  // null: given up
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> pools_;  // strips with room by kind and name
  std::unordered_map<promql::Symbol, Name> names_;
  std::shared_ptr<const NameRows> shown_names_;  // null: changed since
  std::vector<std::uint64_t> index_;  // open addressing: hash in the high half, row + 1; 0 = free
  std::uint32_t series_ = 0;
  std::uint32_t texts_then_ = 0;  // when they were numbered last
  std::uint64_t generation_ = 0;
  std::vector<promql::SeriesRow> dead_;
};

}  // namespace tocsin::rules
