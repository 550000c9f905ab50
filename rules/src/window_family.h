// SPDX-License-Identifier: Apache-2.0
// TrackedFamily: what the window remembers of one family of the Snapshots, so that appending a row that is known looks
// up nothing: the series of each row, since when it counts, when it last advanced.
//
// A row is Unknown until it is live and its series are found or made; Repeated while another source sends the same
// series; Lacking where there was no room. A histogram's row has a series a bucket, sum and count, and one of native buckets where it has them.
// Threads: the window's lock. Costs 24 bytes a row and 4 a series.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "meters/snapshot.h"
#include "rules/src/window_naming.h"
#include "rules/src/window_store.h"

namespace tocsin::rules {

// When a sender's points came, so that a series that begins can be told to have been nothing before.
struct SenderTimes {
  std::int64_t previous_ns = 0;  // its newest point of the Snapshot before
  std::int64_t newest_ns = 0;
  std::uint64_t sequence = 0;
};

class TrackedFamily {
 public:
  TrackedFamily(WindowStore& store, const meters::Family& family, meters::SeriesIdentity identity, SenderTimes& sender,
                std::uint32_t id);

  // False where the family is not what this was made for: other labels of its sender, other bounds.
  bool fits(const meters::Family& family) const;
  std::uint64_t seen() const noexcept { return seen_; }

  // Step 1, for all families: rows that ended, or whose family is gone, give up their series. They end in step 4 unless
  // another source took them over meanwhile.
  void see(const meters::Family& family, std::uint64_t sequence);
  void release_ended(const meters::Family& family, std::vector<promql::SeriesRow>& released);
  void release_all(std::vector<promql::SeriesRow>& released);
  // Step 2: rows that are live get their series; those that begin get a zero sample.
  void resolve(const meters::Family& family, std::int64_t snapshot_ns, bool retry_repeated);
  // Step 3.
  void append(const meters::Family& family, std::int64_t snapshot_ns);

  // After step 3: those that were not there before.
  void append_exemplars(const meters::Family& family);

  std::size_t bytes() const noexcept;

 private:
  enum class State : std::uint8_t { Unknown, Live, Repeated, Lacking };  // Lacking: live, some of its series refused
  struct Row {
    std::int64_t time_ns = 0;   // of the last sample
    std::int64_t start_ns = 0;  // as its sender said last
    std::uint32_t sent_ms = 0;  // the low bits of the time its sender gave last
    State state = State::Unknown;
  };
  using QuantileKey = std::pair<meters::Row, std::uint64_t>;  // row and the quantile's bits

  void make_variants(const meters::Family& family);
  std::int64_t start_of(const meters::Family& family, meters::Row row) const noexcept;
  State claim(const meters::Family& family, meters::Row row, const Beginning& beginning);
  static bool is_same_point(Row& known, const meters::Family& family, meters::Row row);
  void forget_refused();
  void release(meters::Row row, std::vector<promql::SeriesRow>& released);
  promql::SeriesRow quantile_series(const meters::Family& family, meters::Row row, double quantile, std::int64_t time_ms);
  void put(meters::Row row, std::size_t variant, std::int64_t time_ms, double value, promql::HistogramPtr histogram = nullptr);
  void append_row(const meters::Scalars& points, meters::Row row, std::int64_t time_ms, const meters::Family& family);
  void append_row(const meters::Histograms& points, meters::Row row, std::int64_t time_ms, const meters::Family& family);
  void append_row(const meters::Summaries& points, meters::Row row, std::int64_t time_ms, const meters::Family& family);

  WindowStore& store_;
  std::shared_ptr<const meters::Descriptor> descriptor_;
  std::shared_ptr<const meters::Origin> origin_;
  std::shared_ptr<const std::vector<double>> bounds_;  // histograms only
  SenderTimes& sender_;
  const std::uint32_t id_;
  Naming naming_;
  bool cumulative_ = false;
  bool native_ = false;
  std::vector<std::pair<Variant, StripKind>> variants_;  // of each row
  promql::Symbol quantile_name_ = promql::kEmptySymbol;
  std::vector<Row> rows_;
  std::vector<promql::SeriesRow> series_;                    // rows x variants; kNoSeries
  std::map<QuantileKey, promql::SeriesRow> quantiles_;       // summaries only
  std::uint64_t seen_ = 0;
  std::unordered_map<std::uint64_t, std::int64_t> exemplars_;  // time of the last, by row and bucket
  std::uint64_t refusals_seen_ = 0;  // of the store
};

}  // namespace tocsin::rules
