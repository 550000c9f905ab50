// SPDX-License-Identifier: Apache-2.0
// WindowStore: where samples are put, from whichever side they come: finds or makes the series, gives one that begins
// its zero sample, counts what is not taken.
//
// Threads: the window's lock. Costs 40 bytes a series that was let go, at most 4 MB.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "rules/src/window_exemplars.h"
#include "rules/src/window_series.h"
#include "rules/window.h"

namespace tocsin::rules {

inline constexpr promql::SeriesRow kNoSeries = 0xffff'ffff;
inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

// What is known of a series' first sample, or of its first after a restart.
struct Beginning {
  std::int64_t time_ms = 0;
  std::int64_t start_ms = 0;     // since when a cumulative value counts; 0: not known, or no such value
  std::int64_t previous_ms = 0;  // its sender's points before it; 0: none
  promql::HistogramPtr nothing;  // the zero sample of a native histogram; null for floats
};

// When a cumulative series that begins was nothing: at the later of its start and its sender's previous points, before
// its first sample. None where it is known since before its start: it goes on, and a zero would be a spike.
std::optional<std::int64_t> zero_ms(const Beginning& beginning, std::int64_t last_seen_ms) noexcept;

class WindowStore {
 public:
  explicit WindowStore(std::size_t max_exemplars) : exemplars_(max_exemplars) {}
  SeriesSet& series() noexcept { return *series_; }
  const SeriesSet& series() const noexcept { return *series_; }
  AppendOutcome& outcome() noexcept { return outcome_; }
  Strip& strip(promql::SeriesRow row) noexcept { return series_->strip(row); }
  std::uint32_t& owner(promql::SeriesRow row) noexcept { return strip(row).owner(SeriesSet::slot(row)); }

  // The series of these labels, made where it is new, with its zero sample. kNoSeries where its name is refused.
  promql::SeriesRow begin(std::span<const promql::LabelId> labels, StripKind kind, const Beginning& beginning,
                          bool recorded = false);
  // A series that is there counts from a new start on.
  void restart(promql::SeriesRow row, const Beginning& beginning);
  // False, and counted, where the sample is not taken.
  bool put(promql::SeriesRow row, std::int64_t time_ms, double value, promql::HistogramPtr histogram = nullptr);
  void end(promql::SeriesRow row, std::int64_t time_ms) { strip(row).end(SeriesSet::slot(row), time_ms); }

  // The byte limit. Over it no new series are made; enforce() then refuses names, largest first, those in `last` at the
  // end, until there is room, and takes them back when there would be plenty.
  void set_limit(std::size_t bytes, std::unordered_set<std::string> last);
  void enforce(std::size_t other_bytes, std::int64_t now_ms);
  bool is_refused(promql::Symbol name) const { return refused_.contains(name); }
  void count_refused(promql::Symbol name);
  // Changes when names were refused or taken back.
  std::uint64_t refusals_changed() const noexcept { return refusals_changed_; }
  std::vector<WindowRefusal> refusals() const;

  void add_exemplar(promql::SeriesRow row, WindowExemplar exemplar);
  ExemplarRing& exemplars() noexcept { return exemplars_; }
  // The first to describe a name counts.
  void describe(const std::shared_ptr<const meters::Descriptor>& descriptor);
  std::shared_ptr<const Metadata> metadata();

  // Symbols change: those that refusals remember too.
  void renumber();

  void expire(const Horizons& horizons);
  // The clock was set back to `now_ms`: what it called later is let go, so that new samples are taken.
  void set_back(std::int64_t now_ms);
  std::int64_t oldest_ms() const noexcept { return oldest_ms_; }
  std::size_t bytes() const noexcept;

  const std::unordered_map<std::uint64_t, std::int64_t>& departed() const noexcept { return departed_; }
  // Requires: nothing was put yet.
  void restore(std::unique_ptr<SeriesSet> series, std::unordered_map<std::uint64_t, std::int64_t> departed);

 private:
  struct Refused {
    std::uint64_t bytes = 0, samples = 0;
    std::int64_t since_ms = 0;
  };
  void refuse_largest(std::int64_t now_ms);
  void take_back(std::size_t bytes, std::int64_t now_ms);
  bool room_for_new();

  std::uint64_t identity(std::span<const promql::LabelId> labels) noexcept;
  void put_zero(promql::SeriesRow row, std::int64_t time_ms, const Beginning& beginning);

  std::unique_ptr<SeriesSet> series_ = std::make_unique<SeriesSet>();
  AppendOutcome outcome_;
  ExemplarRing exemplars_;
  std::shared_ptr<Metadata> metadata_ = std::make_shared<Metadata>();
  bool metadata_shown_ = false;
  std::int64_t oldest_ms_ = kNever;
  std::size_t max_bytes_ = std::numeric_limits<std::size_t>::max();
  std::unordered_set<std::string> refused_last_;
  std::unordered_map<promql::Symbol, Refused> refused_;
  std::uint64_t refusals_changed_ = 0;
  std::size_t other_bytes_ = 0;        // as enforce() was told last
  std::uint32_t made_since_look_ = 0;  // new series since the bytes were added up
  bool full_ = false;
  // Series that were let go and when they were last seen, by labels: one that returns is not taken for new.
  std::unordered_map<std::uint64_t, std::int64_t> departed_;
};

}  // namespace tocsin::rules
