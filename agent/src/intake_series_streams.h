// SPDX-License-Identifier: Apache-2.0
// Series: what a point does to its row or stream, once that is found. Included by intake_series.h.
#pragma once

#include "agent/src/intake_series.h"

namespace tocsin::agent {

// The row begins or returns with this point; false, and rejected, where another table has the label set.
template <class Cells>
bool Series<Cells>::revive(std::uint32_t at, const Point& point, const Arrival& arrival, ApplyContext& context) {
  Row& row = rows_[at];
  if (row.head.phase == Phase::Ended) {
    if (!context.labels.read(point.attributes, context.limits) && !table_.is_overflow(at) &&
        !owner_.claim(*this, context.labels.labels(), arrival))
      return context.reject(Rejection::BoundsConflict), false;
  }
  row.head = {};
  row.head.phase = Phase::Live;
  row.head.start_ns = row.head.stream_start_ns = arrival.start_ns;
  if (arrival.start_ns == 0 && (arrival.report == Report::Delta || arrival.report == Report::Increment))
    row.head.start_ns = arrival.time_ns;
  row.head.writer = arrival.writer;
  row.head.time_ns = arrival.time_ns;
  row.head.seen_s = arrival.now_s;
  return true;
}

template <class Cells>
bool Series<Cells>::apply_row(std::uint32_t at, const Point& point, const Arrival& arrival, ApplyContext& context) {
  if (rows_[at].head.shared && rows_[at].head.phase == Phase::Live) {
    const std::uint32_t stream = stream_for(at, arrival, context);
    return stream != kNone && apply_stream(stream, point, arrival, context);
  }
  Row& row = rows_[at];
  RowHead& head = row.head;
  const Verdict verdict = judge(head, arrival);
  switch (verdict) {
    case Verdict::Late: return context.reject(Rejection::Late), false;
    case Verdict::Begin:
      if (!revive(at, point, arrival, context)) return false;
      cells_.assign(row, context.batch, point);
      return true;
    case Verdict::Share: {
      share(at, context);
      const std::uint32_t stream = stream_for(at, arrival, context);
      return stream != kNone && apply_stream(stream, point, arrival, context);
    }
    case Verdict::Add: cells_.add(row, context.batch, point); break;
    case Verdict::Reset: head.start_ns = head.time_ns; [[fallthrough]];
    case Verdict::Restart:
    case Verdict::Replace:
      if (verdict == Verdict::Restart || arrival.report == Report::Latest)
        head.start_ns = head.stream_start_ns = arrival.start_ns;
      // A sender that was replaced and comes back: both are alive.
      if (arrival.report == Report::Latest && arrival.writer < head.writer)
        note_conflict(at, "two senders write it: the latest value counts", context);
      cells_.assign(row, context.batch, point);
      break;
  }
  head.writer = arrival.writer;
  const bool any_order = arrival.report == Report::Increment || arrival.report == Report::Set;
  head.time_ns = any_order ? later_of(head.time_ns, arrival) : arrival.time_ns;
  head.seen_s = arrival.now_s;
  return true;
}

// The row becomes the sum of streams; what it is now is the first of them.
template <class Cells>
void Series<Cells>::share(std::uint32_t at, ApplyContext& context) {
  const std::uint32_t stream = new_stream(at, true, context);
  streams_[stream].head = rows_[at].head;
  cells_.copy(streams_[stream], rows_[at]);
  rows_[at].head.shared = true;
}

template <class Cells>
std::uint32_t Series<Cells>::new_stream(std::uint32_t row, bool chained, ApplyContext&) {
  const auto stream = static_cast<std::uint32_t>(streams_.size());
  cells_.make_row(streams_.emplace_back());
  links_.push_back({row, kNone});
  if (chained) {
    const auto [first, added] = chains_.try_emplace(row, stream);
    if (!added) {
      links_[stream].next = first->second;
      first->second = stream;
    }
  }
  grew_ = true;
  return stream;
}

// The stream of a shared row that the point continues: the same start, or else one that the point's start follows.
template <class Cells>
std::uint32_t Series<Cells>::stream_for(std::uint32_t row, const Arrival& arrival, ApplyContext& context) {
  const auto first = chains_.find(row);
  std::uint32_t count = 0, follows = kNone;
  for (std::uint32_t at = first == chains_.end() ? kNone : first->second; at != kNone; at = links_[at].next, ++count) {
    const RowHead& head = streams_[at].head;
    if (head.writer != arrival.writer) continue;
    if (head.stream_start_ns == arrival.start_ns || arrival.report != Report::Cumulative) return at;
    if (arrival.start_ns == 0 || arrival.start_ns >= head.time_ns || head.phase != Phase::Live) follows = at;
  }
  if (follows != kNone) return follows;
  if (count >= kMaxStreamsOfRow) return context.reject(Rejection::TooManyStreams), kNone;
  if (!room(context)) return kNone;
  return new_stream(row, true, context);
}

template <class Cells>
bool Series<Cells>::apply_stream(std::uint32_t at, const Point& point, Arrival arrival, ApplyContext& context) {
  const std::uint32_t row_at = links_[at].row;
  Row& row = rows_[row_at];
  Row& stream = streams_[at];
  const bool overflow = table_.is_overflow(row_at);
  if (row.head.phase != Phase::Live) {
    if (!revive(row_at, point, arrival, context)) return false;
    cells_.clear(row);
  } else if (!row.head.shared) {
    share(row_at, context);  // a sender's own overflow series: it goes on as a stream of ours
    return apply_stream(at, point, arrival, context);
  }
  row.head.shared = true;
  arrival.decreased = streams_[at].head.phase == Phase::Live && cells_.decreased(streams_[at], context.batch, point);
  Verdict verdict = judge(stream.head, arrival);
  if (verdict == Verdict::Late) return context.reject(Rejection::Late), false;
  if (!overflow && contended(at, arrival))
    note_conflict(row_at, "two senders write it: their values are added", context);
  if (verdict == Verdict::Share) verdict = Verdict::Restart;  // within a stream: its sender began again, a little early
  const bool whole = verdict == Verdict::Begin || verdict == Verdict::Add ||
                     (cells_.monotonic() && verdict != Verdict::Replace);
  if (whole) {
    cells_.add(row, context.batch, point);
  } else {
    cells_.add_difference(row, stream, context.batch, point);
  }
  if (arrival.report == Report::Cumulative) cells_.assign(stream, context.batch, point);
  stream.head.phase = Phase::Live;
  stream.head.writer = arrival.writer;
  stream.head.stream_start_ns = arrival.start_ns;
  stream.head.time_ns = arrival.time_ns;
  stream.head.seen_s = arrival.now_s;
  row.head.time_ns = later_of(row.head.time_ns, arrival);
  row.head.seen_s = arrival.now_s;
  return true;
}

// A point for an overflow row that needs no memory of who sent what: changes are added, the latest value counts.
template <class Cells>
bool Series<Cells>::apply_loosely(std::uint32_t at, const Point& point, const Arrival& arrival, ApplyContext& context) {
  Row& row = rows_[at];
  if (row.head.phase != Phase::Live) {
    if (!revive(at, point, arrival, context)) return false;
    cells_.assign(row, context.batch, point);
    return true;
  }
  if (arrival.report != Report::Latest && arrival.report != Report::Set) {
    cells_.add(row, context.batch, point);
  } else if (arrival.time_ns >= row.head.time_ns) {
    cells_.assign(row, context.batch, point);
  }
  row.head.time_ns = later_of(row.head.time_ns, arrival);
  row.head.seen_s = arrival.now_s;
  row.head.writer = arrival.writer;
  return true;
}

// True where another stream of the row still gets points.
template <class Cells>
bool Series<Cells>::contended(std::uint32_t stream, const Arrival& arrival) const {
  const auto first = chains_.find(links_[stream].row);
  for (std::uint32_t at = first == chains_.end() ? kNone : first->second; at != kNone; at = links_[at].next)
    if (at != stream && streams_[at].head.phase == Phase::Live && arrival.now_s - streams_[at].head.seen_s < arrival.silent_s)
      return true;
  return false;
}

template <class Cells>
void Series<Cells>::note_conflict(std::uint32_t row, std::string_view what, ApplyContext& context) {
  context.budget.conflicts.fetch_add(1, std::memory_order_relaxed);
  auto& entry = conflicts_[row];
  if (!entry) {
    Intake::Conflict conflict;
    conflict.job = context.resource->job;
    conflict.instance = context.resource->instance;
    conflict.meter = owner_.name();
    conflict.labels = table_.text_of(row);
    conflict.what = what;
    conflict.first = from_unix_ns(context.now_ns);
    entry = context.conflict_log.open(std::move(conflict));
  }
  entry->points.fetch_add(1, std::memory_order_relaxed);
  entry->last_ns.store(context.now_ns, std::memory_order_relaxed);
}

}  // namespace tocsin::agent
