// SPDX-License-Identifier: Apache-2.0
// Series: the rows of one meter that have one shape: labels, values, streams. What a point does to a row is decided by
// judge(); Cells says how values are held, added and compared (intake_scalars.h is the simplest).
//
// A row that several senders write, and an overflow row of totals, has hidden streams: each holds the last total of one
// sender or label set, and the row is their sum. A place in the memo is a row, or a stream with kStream set.
// Threads: its target's lock. Costs one memo slot and one row a point of a known series.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/src/intake_context.h"
#include "agent/src/intake_judge.h"
#include "agent/src/intake_series_table.h"
#include "agent/src/raw_memo.h"

namespace tocsin::agent {

// What tick() knows of time and of the senders.
struct Expiry {
  std::uint32_t now_s = 0;
  std::uint32_t silent_s = 0, idle_s = 0;
  std::uint32_t collection = 0;  // the last that began
  std::uint32_t seen_in = 0;     // every sink saw this collection
  std::span<const std::uint32_t> writer_seen_s;

  bool over(const RowHead& head) const noexcept {
    const std::uint32_t writer_seen = head.writer < writer_seen_s.size() ? writer_seen_s[head.writer] : head.seen_s;
    return now_s - writer_seen >= silent_s || now_s - head.seen_s >= idle_s;
  }
};

class SeriesBase;

// The meter that a Series belongs to.
class SeriesOwner {
 public:
  virtual ~SeriesOwner() = default;
  // Rows of all its tables, without overflow rows.
  virtual std::uint32_t counted_rows() const noexcept = 0;
  // Before a row of `asking` becomes live: ends the same label set elsewhere. False where another sender holds it.
  virtual bool claim(const SeriesBase& asking, SeriesTable::Labels labels, const Arrival& arrival) = 0;
  virtual std::string_view name() const noexcept = 0;
  // How label names become Prometheus'; nothing where they are that already.
  virtual std::optional<meters::NameStrategy> names() const noexcept = 0;
  virtual void count_overflow() noexcept = 0;
  virtual std::uint32_t last_collection() const noexcept = 0;
};

class SeriesBase {
 public:
  virtual ~SeriesBase() = default;
  // All but descriptor and origin.
  virtual void collect(meters::Family& family) = 0;
  virtual void tick(const Expiry& expiry, Budget& budget) = 0;
  // Ends the row of that label set; false where another living sender writes it.
  virtual bool yield(SeriesTable::Labels labels, const Arrival& arrival, Budget& budget) = 0;
  // "No recorded value": the row ends now. Of a series that is not there, nothing.
  virtual void no_recorded_value(const PointHead& point, ApplyContext& context) = 0;
  virtual std::uint32_t rows() const noexcept = 0;
  virtual std::uint32_t counted_rows() const noexcept = 0;
  virtual std::uint32_t live_rows() const noexcept = 0;
  virtual std::pair<std::string, std::uint32_t> widest_label() = 0;
  virtual void release(Budget& budget) noexcept = 0;  // before it is destroyed
};

template <class Cells>
class Series final : public SeriesBase {
 public:
  using Point = typename Cells::Point;
  using Row = typename Cells::Row;

  template <class... Arguments>
  Series(SeriesOwner& owner, meters::Kind kind, Arguments&&... arguments)
      : owner_(owner), table_(kind, owner.names()), cells_(std::forward<Arguments>(arguments)...) {}

  const Cells& cells() const noexcept { return cells_; }

  void apply(std::span<const Point> points, ApplyContext& context);
  // Of the points that were just applied; context.placed has their rows, from `first` on.
  void keep_exemplars(std::span<const PointExemplar> exemplars, std::uint32_t first, const ApplyContext& context);

  void collect(meters::Family& family) override;
  void tick(const Expiry& expiry, Budget& budget) override;
  bool yield(SeriesTable::Labels labels, const Arrival& arrival, Budget& budget) override;
  void no_recorded_value(const PointHead& point, ApplyContext& context) override;
  std::uint32_t rows() const noexcept override { return table_.rows(); }
  std::uint32_t counted_rows() const noexcept override { return table_.rows() - table_.overflow_rows(); }
  std::uint32_t live_rows() const noexcept override;
  std::pair<std::string, std::uint32_t> widest_label() override { return table_.widest(); }
  void release(Budget& budget) noexcept override;

 private:
  static constexpr std::uint32_t kNone = RawMemo::kNone;
  static constexpr std::uint32_t kStream = 0x80000000;
  static constexpr std::size_t kBatch = 16;
  static constexpr std::uint32_t kMaxStreamsOfRow = 64;

  struct Link {
    std::uint32_t row = 0;
    std::uint32_t next = kNone;  // stream of the same row; overflow streams are not chained
  };

  void one(const Point& point, std::uint32_t place, ApplyContext& context);
  void slow(const Point& point, std::uint32_t place, ApplyContext& context);
  bool arrive(const Point& point, const Row* row, ApplyContext& context, Arrival& arrival);
  std::uint32_t resolve(const Point& point, const Arrival& arrival, ApplyContext& context);
  std::uint32_t overflow(const Point& point, const Arrival& arrival, ApplyContext& context);
  std::uint32_t new_row(SeriesTable::Labels labels, const Arrival& arrival, ApplyContext& context);
  std::uint32_t new_stream(std::uint32_t row, bool chained, ApplyContext& context);
  bool room(ApplyContext& context);
  void remember(const RawHash& hash, std::uint32_t place);

  bool apply_row(std::uint32_t row, const Point& point, const Arrival& arrival, ApplyContext& context);
  bool apply_stream(std::uint32_t stream, const Point& point, Arrival arrival, ApplyContext& context);
  bool apply_loosely(std::uint32_t row, const Point& point, const Arrival& arrival, ApplyContext& context);
  bool revive(std::uint32_t row, const Point& point, const Arrival& arrival, ApplyContext& context);
  void share(std::uint32_t row, ApplyContext& context);
  std::uint32_t stream_for(std::uint32_t row, const Arrival& arrival, ApplyContext& context);
  bool contended(std::uint32_t stream, const Arrival& arrival) const;
  void note_conflict(std::uint32_t row, std::string_view what, ApplyContext& context);

  void end(std::uint32_t row, Budget& budget, std::uint32_t collection);
  void end_streams(const Expiry& expiry, Budget& budget);
  void compact(Budget& budget, std::uint32_t seen_in);
  void recharge(Budget& budget) noexcept;

  SeriesOwner& owner_;
  SeriesTable table_;
  RawMemo memo_;
  Cells cells_;
  std::vector<Row> rows_;
  std::vector<Row> streams_;  // row.head.phase Ended: free
  std::vector<Link> links_;   // of streams_
  std::unordered_map<std::uint32_t, std::uint32_t> chains_;  // shared row to its first stream
  std::unordered_map<std::uint32_t, std::shared_ptr<ConflictLog::Entry>> conflicts_;
  std::uint32_t swept_s_ = 0;  // when idle rows were last looked for
  std::uint64_t charged_series_ = 0, charged_bytes_ = 0;
  bool grew_ = false;
};

}  // namespace tocsin::agent

#include "agent/src/intake_series_apply.h"    // IWYU pragma: keep
#include "agent/src/intake_series_streams.h"  // IWYU pragma: keep
#include "agent/src/intake_series_expiry.h"   // IWYU pragma: keep
