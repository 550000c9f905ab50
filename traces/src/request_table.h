// SPDX-License-Identifier: Apache-2.0
// RequestTable: the request series of one sender and side: label sets, counts, latencies, exemplars, and how they end.
// Guarded by its owner's mutex.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "meters/base/clock.h"
#include "meters/flow.h"
#include "meters/labels.h"
#include "meters/request_convention.h"
#include "meters/snapshot.h"
#include "traces/span.h"
#include "traces/src/latency_histogram.h"

namespace tocsin::traces {

struct StoredExemplar {
  std::uint32_t bucket = 0;
  std::uint64_t ns = 0;
  Time time;
  TraceId trace_id{};
  SpanId span_id{};
};

// The first line is what every span writes, the counts follow, then what is seldom touched.
struct alignas(64) RequestRow {
  double sum_microseconds = 0;
  std::uint64_t zero_count = 0;
  NativeCells native;
  Monotonic last;            // when the last span came
  std::uint32_t fresh = 0;   // bit a bucket: it got an exemplar since the last Snapshot
  meters::RowState state = meters::RowState::Live;
  bool overflow = false;

  alignas(64) std::array<std::uint64_t, kTimeBuckets> counts{};

  std::int64_t start_ns = 0;
  std::uint64_t ended_at_tick = 0;
  std::vector<StoredExemplar> exemplars;  // at most one a bucket

  void reset(Time now, Monotonic monotonic);
};
static_assert(kTimeBuckets <= 32, "RequestRow::fresh has a bit for each");

// The values of a row's labels; an empty text is a label that is not set.
struct RowLabels {
  std::string_view server_name, func, ret, peer, dc, server_host, app_id;
  meters::Status status = meters::Status::Ok;
};

class RequestTable {
 public:
  explicit RequestTable(meters::Side side);

  // The row of these labels, added where there are fewer than `limit`; an ended one starts anew. Null at the limit.
  RequestRow* find_or_add(const RowLabels& labels, std::uint32_t limit, Time now, Monotonic monotonic);
  // The series that takes what is over the limit: it keeps the server's name only.
  RequestRow& overflow_row(std::string_view server_name, Time now, Monotonic monotonic);

  // True for a text that was seen before, or while fewer than `limit` were.
  bool admit_name(std::string_view name, std::uint32_t limit) { return admit(names_, name, limit); }
  bool admit_peer(std::string_view peer, std::uint32_t limit) { return admit(peers_, peer, limit); }

  std::uint32_t rows() const noexcept { return static_cast<std::uint32_t>(rows_.size()); }

  // Marks rows that saw no span since `idle_since`; a func's zero series stays as long as another of its series.
  // Returns how many. With idle_since = the far future it ends all.
  std::uint32_t end_idle(Monotonic idle_since, std::uint64_t tick);
  // Drops the rows that ended at this tick or before. Returns how many.
  std::uint32_t remove_ended(std::uint64_t tick);

  // Adds both families, and lets each bucket take a new exemplar.
  void collect(const std::shared_ptr<const meters::Origin>& origin, meters::SnapshotBuilder& builder);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using Texts = std::unordered_set<std::string, TextHash, std::equal_to<>>;
  static bool admit(Texts& texts, std::string_view text, std::uint32_t limit);

  enum Column : std::size_t { ServerName, Func, StatusClass, Ret, Dc, ServerHost, AppId, Overflow, Peer, kColumns };
  using Ids = std::array<meters::ValueId, kColumns>;
  using TextRow = std::array<std::string_view, kColumns>;
  std::size_t columns() const noexcept { return side_ == meters::Side::Rely ? kColumns : kColumns - 1; }
  std::unique_ptr<meters::LabelSetTable> make_labels() const;
  RequestRow& add(const TextRow& texts, Time now, Monotonic monotonic);
  bool known(const TextRow& texts, Ids& ids) const noexcept;
  RequestRow& revived(RequestRow& row, Time now, Monotonic monotonic);
  std::vector<std::uint64_t> func_keys() const;

  meters::Side side_;
  std::unique_ptr<meters::LabelSetTable> labels_;
  std::vector<std::unique_ptr<RequestRow>> rows_;  // by row of labels_
  std::uint32_t overflow_rows_ = 0;
  Texts names_, peers_;
};

}  // namespace tocsin::traces
