// SPDX-License-Identifier: Apache-2.0
// Series: from a point to its row. Included by intake_series.h.
#pragma once

#include "agent/src/intake_series.h"

namespace tocsin::agent {

template <class Cells>
void Series<Cells>::apply(std::span<const Point> points, ApplyContext& context) {
  std::array<std::uint32_t, kBatch> places;
  for (std::size_t base = 0; base < points.size(); base += kBatch) {
    const std::size_t count = std::min(kBatch, points.size() - base);
    for (std::size_t i = 0; i < count; ++i) memo_.prefetch(points[base + i].hash);
    for (std::size_t i = 0; i < count; ++i) {
      places[i] = memo_.find(points[base + i].hash);
      if (places[i] < rows_.size()) __builtin_prefetch(&rows_[places[i]], 1);
    }
    for (std::size_t i = 0; i < count; ++i) one(points[base + i], places[i], context);
  }
  if (grew_) recharge(context.budget);
}

template <class Cells>
void Series<Cells>::one(const Point& point, std::uint32_t place, ApplyContext& context) {
  if (place < rows_.size()) [[likely]] {
    Row& row = rows_[place];
    const auto time = static_cast<std::int64_t>(point.time_ns);
    const auto start = static_cast<std::int64_t>(point.start_ns);
    const Report report = context.metric->report;
    if (row.head.phase == Phase::Live && !row.head.shared && row.head.writer == context.writer &&
        !point.no_recorded_value && time > row.head.time_ns && time <= context.ahead_ns &&
        (report == Report::Latest || report == Report::Cumulative) &&
        (start == row.head.stream_start_ns || !cells_.start_matters()) &&
        cells_.quick(row, context.batch, point)) [[likely]] {
      row.head.time_ns = time;
      row.head.seen_s = context.now_s;
      ++context.accepted;
      if (context.placed != nullptr) context.placed->push_back(place);
      return;
    }
  }
  slow(point, place, context);
}

// Times of the point made sense of; false, and rejected, where there is none.
template <class Cells>
bool Series<Cells>::arrive(const Point& point, const Row* row, ApplyContext& context, Arrival& arrival) {
  arrival.time_ns = point.time_ns == 0 ? context.now_ns : static_cast<std::int64_t>(point.time_ns);
  arrival.start_ns = static_cast<std::int64_t>(point.start_ns);
  if (arrival.time_ns < 0 || arrival.start_ns < 0) return context.reject(Rejection::BadTime), false;
  if (arrival.time_ns > context.ahead_ns) return context.reject(Rejection::Ahead), false;
  arrival.start_ns = std::min(arrival.start_ns, arrival.time_ns);
  arrival.now_ns = context.now_ns;
  arrival.now_s = context.now_s;
  arrival.silent_s = context.silent_s;
  arrival.writer = context.writer;
  arrival.report = context.metric->report;
  arrival.decreased = row != nullptr && cells_.decreased(*row, context.batch, point);
  return true;
}

template <class Cells>
void Series<Cells>::slow(const Point& point, std::uint32_t place, ApplyContext& context) {
  if (place == kNone) place = memo_.find(point.hash);  // a point before this one in the same batch may have entered it
  const std::size_t placed = context.placed == nullptr ? 0 : context.placed->size();
  bool done = false;
  if (const auto problem = cells_.check(context.batch, point)) {
    context.reject(*problem);
  } else {
    Arrival arrival;
    cells_.adapt(point, rows_, streams_);
    const Row* row = place == kNone ? nullptr : (place & kStream) ? &streams_[place & ~kStream] : &rows_[place];
    if (arrive(point, row, context, arrival)) {
      if (place == kNone) place = resolve(point, arrival, context);
      if (place == kNone) {
      } else if (place & kStream) {
        done = apply_stream(place & ~kStream, point, arrival, context);
        place = links_[place & ~kStream].row;
      } else if (table_.is_overflow(place) && arrival.report != Report::Cumulative) {
        done = apply_loosely(place, point, arrival, context);
      } else {
        done = apply_row(place, point, arrival, context);
      }
    }
  }
  if (done) ++context.accepted;
  if (context.placed != nullptr && context.placed->size() == placed)
    context.placed->push_back(done && !(place & kStream) ? place : kNone);
}

template <class Cells>
std::uint32_t Series<Cells>::resolve(const Point& point, const Arrival& arrival, ApplyContext& context) {
  if (const auto problem = context.labels.read(point.attributes, context.limits))
    return context.reject(*problem, 1, context.labels.culprit()), kNone;
  const SeriesTable::Labels labels = context.labels.labels();
  std::uint32_t place = kNone;
  if (const auto row = table_.find(labels)) {
    place = *row;
  } else if (!table_.room_for(labels, context.limits.label_names)) {
    return context.reject(Rejection::TooManyLabels, 1, "different attribute names"), kNone;
  } else if (owner_.counted_rows() >= context.limits.label_sets) {
    return overflow(point, arrival, context);
  } else {
    place = new_row(labels, arrival, context);
  }
  if (place != kNone) remember(point.hash, place);
  return place;
}

template <class Cells>
std::uint32_t Series<Cells>::new_row(SeriesTable::Labels labels, const Arrival& arrival, ApplyContext& context) {
  if (!room(context)) return kNone;
  if (!owner_.claim(*this, labels, arrival)) return context.reject(Rejection::BoundsConflict), kNone;
  const meters::Row row = table_.append(labels);
  cells_.make_row(rows_.emplace_back());
  grew_ = true;
  return row;
}

template <class Cells>
bool Series<Cells>::room(ApplyContext& context) {
  const bool series = context.budget.series.load(std::memory_order_relaxed) + rows_.size() + streams_.size() -
                          charged_series_ < context.limits.series;
  const bool memory = context.budget.bytes.load(std::memory_order_relaxed) < context.limits.bytes;
  if (!series) context.reject(Rejection::SeriesLimit);
  if (series && !memory) context.reject(Rejection::MemoryLimit);
  return series && memory;
}

// The same label set may come in other orders of attributes, but not in ever more of them.
template <class Cells>
void Series<Cells>::remember(const RawHash& hash, std::uint32_t place) {
  if (memo_.size() < 4 * (rows_.size() + streams_.size()) + 64) memo_.insert(hash, place);
  grew_ = true;
}

// A label set beyond the limit. Totals need a hidden stream, so that only what is new of them is added; what is added
// or only shows the latest value needs nothing.
template <class Cells>
std::uint32_t Series<Cells>::overflow(const Point& point, const Arrival& arrival, ApplyContext& context) {
  owner_.count_overflow();
  context.budget.overflowed.fetch_add(1, std::memory_order_relaxed);
  std::string canonical;
  for (const auto& label : context.labels.labels()) {
    canonical.append(label.name).push_back('\0');
    canonical.append(label.text).push_back('\0');
  }
  const meters::Row row = table_.overflow(context.labels.labels());
  while (rows_.size() < table_.rows()) {
    cells_.make_row(rows_.emplace_back());
    grew_ = true;
  }
  if (arrival.report != Report::Cumulative) return row;
  const RawHash key = hash_raw(canonical);
  std::uint32_t place = memo_.find(key);
  if (place == kNone) {
    if (!room(context)) return kNone;
    place = new_stream(row, false, context) | kStream;
    memo_.insert(key, place);
  }
  if (!(point.hash == key)) remember(point.hash, place);
  return place;
}

template <class Cells>
void Series<Cells>::no_recorded_value(const PointHead& point, ApplyContext& context) {
  std::uint32_t place = memo_.find(point.hash);
  if (place == kNone && !context.labels.read(point.attributes, context.limits))
    if (const auto row = table_.find(context.labels.labels())) place = *row;
  if (place == kNone || (place & kStream)) return;
  Row& row = rows_[place];
  if (row.head.phase != Phase::Live || row.head.shared || row.head.writer != context.writer) return;
  if (point.time_ns <= static_cast<std::uint64_t>(context.ahead_ns))
    row.head.time_ns = std::max(row.head.time_ns, static_cast<std::int64_t>(point.time_ns));
  end(place, context.budget, owner_.last_collection());
}

template <class Cells>
void Series<Cells>::keep_exemplars(std::span<const PointExemplar> exemplars, std::uint32_t first,
                                   const ApplyContext& context) {
  if (context.budget.bytes.load(std::memory_order_relaxed) >= context.limits.bytes) return;
  for (const PointExemplar& exemplar : exemplars) {
    const std::uint32_t row = (*context.placed)[exemplar.point - first];
    if (row == kNone || exemplar.form == NumberForm::None || static_cast<std::int64_t>(exemplar.time_ns) < 0) continue;
    table_.keep_exemplar(row, cells_.bucket_of(exemplar), exemplar);
  }
  recharge(context.budget);
}

}  // namespace tocsin::agent
