// SPDX-License-Identifier: Apache-2.0
// Series: what is collected, what ends, what is freed. Included by intake_series.h.
#pragma once

#include <algorithm>

#include "agent/src/intake_series.h"

namespace tocsin::agent {

template <class Cells>
void Series<Cells>::collect(meters::Family& family) {
  family.labels = table_.view();
  family.states.reserve(rows_.size());
  family.start_ns.reserve(rows_.size());
  family.time_ns.reserve(rows_.size());
  for (const Row& row : rows_) {
    // A row that never had a point (it was refused after it was made) is shown as one that has ended.
    family.states.push_back(row.head.phase == Phase::Live ? meters::RowState::Live : meters::RowState::Ended);
    family.start_ns.push_back(row.head.start_ns);
    family.time_ns.push_back(row.head.time_ns);
  }
  cells_.fill(rows_, family);
  family.exemplars = table_.exemplars();
}

template <class Cells>
std::uint32_t Series<Cells>::live_rows() const noexcept {
  return static_cast<std::uint32_t>(
      std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return row.head.phase == Phase::Live; }));
}

template <class Cells>
void Series<Cells>::end(std::uint32_t at, Budget& budget, std::uint32_t collection) {
  Row& row = rows_[at];
  row.head.phase = Phase::Ended;
  row.head.ended_in = collection;
  row.head.shared = false;
  budget.ended.fetch_add(1, std::memory_order_relaxed);
  table_.drop_exemplars(at);
  conflicts_.erase(at);
  if (const auto chain = chains_.find(at); chain != chains_.end()) {
    for (std::uint32_t stream = chain->second; stream != kNone; stream = links_[stream].next)
      streams_[stream].head.phase = Phase::Ended;
    chains_.erase(chain);
  }
}

template <class Cells>
bool Series<Cells>::yield(SeriesTable::Labels labels, const Arrival& arrival, Budget& budget) {
  const auto at = table_.find(labels);
  if (!at || rows_[*at].head.phase != Phase::Live) return true;
  const RowHead& head = rows_[*at].head;
  const bool same = head.writer == arrival.writer && !head.shared;
  const bool follows = arrival.start_ns != 0 && arrival.start_ns >= head.time_ns;
  if (!same && !follows && arrival.now_s - head.seen_s < arrival.silent_s) return false;
  end(*at, budget, owner_.last_collection());
  return true;
}

// Hidden streams whose sender fell silent. What they added to a total that only grows stays.
template <class Cells>
void Series<Cells>::end_streams(const Expiry& expiry, Budget& budget) {
  std::vector<bool> has_live(rows_.size());
  for (std::uint32_t at = 0; at < streams_.size(); ++at) {
    Row& stream = streams_[at];
    if (stream.head.phase != Phase::Live) continue;
    const std::uint32_t row = links_[at].row;
    if (!expiry.over(stream.head)) {
      has_live[row] = true;
      continue;
    }
    stream.head.phase = Phase::Ended;
    if (!cells_.monotonic() && rows_[row].head.phase == Phase::Live) cells_.subtract(rows_[row], stream);
  }
  for (std::uint32_t row = 0; row < rows_.size(); ++row)
    if (rows_[row].head.phase == Phase::Live && rows_[row].head.shared && !has_live[row])
      end(row, budget, expiry.collection);
}

template <class Cells>
void Series<Cells>::tick(const Expiry& expiry, Budget& budget) {
  // Rows are looked through once in a tenth of the shorter limit: often enough to end them in time.
  const std::uint32_t pause = std::min(expiry.silent_s, expiry.idle_s) / 10;
  if (expiry.now_s - swept_s_ < pause) return;
  swept_s_ = expiry.now_s;
  if (!streams_.empty()) end_streams(expiry, budget);
  std::size_t gone = 0;
  for (std::uint32_t at = 0; at < rows_.size(); ++at) {
    const RowHead& head = rows_[at].head;
    if (head.phase == Phase::Live && !head.shared && expiry.over(head)) end(at, budget, expiry.collection);
    gone += head.phase != Phase::Live && head.ended_in < expiry.seen_in ? 1 : 0;
  }
  const auto dead_streams = static_cast<std::size_t>(std::count_if(
      streams_.begin(), streams_.end(), [](const Row& stream) { return stream.head.phase == Phase::Ended; }));
  constexpr std::size_t kWorthwhile = 16;
  const bool many = gone >= kWorthwhile && gone * 4 >= rows_.size();
  const bool many_streams = dead_streams >= kWorthwhile && dead_streams * 2 >= streams_.size();
  if (many || many_streams || (gone == rows_.size() && gone != 0)) compact(budget, expiry.seen_in);
}

template <class Cells>
void Series<Cells>::compact(Budget& budget, std::uint32_t seen_in) {
  std::vector<bool> keep(rows_.size());
  for (std::size_t at = 0; at < rows_.size(); ++at)
    keep[at] = rows_[at].head.phase == Phase::Live || rows_[at].head.ended_in >= seen_in;
  const std::vector<meters::Row> moved = table_.compact(keep);

  std::vector<Row> rows;
  for (std::size_t at = 0; at < rows_.size(); ++at) {
    if (keep[at]) {
      rows.push_back(std::move(rows_[at]));
    } else {
      cells_.release(rows_[at]);
    }
  }
  rows_.swap(rows);

  std::vector<std::uint32_t> moved_streams(streams_.size(), kNone);
  std::vector<Row> streams;
  std::vector<Link> links;
  for (std::size_t at = 0; at < streams_.size(); ++at) {
    const std::uint32_t row = moved[links_[at].row];
    if (streams_[at].head.phase == Phase::Ended || row == SeriesTable::kGone) {
      cells_.release(streams_[at]);
      continue;
    }
    moved_streams[at] = static_cast<std::uint32_t>(streams.size());
    streams.push_back(std::move(streams_[at]));
    links.push_back({row, links_[at].next});
  }
  decltype(chains_) chains;
  for (const auto& [row, first] : chains_) {
    // The chain without the streams that are gone.
    std::uint32_t last = kNone;
    for (std::uint32_t at = first; at != kNone; at = links_[at].next) {
      const std::uint32_t stream = moved_streams[at];
      if (stream == kNone) continue;
      links[stream].next = kNone;
      if (last == kNone) {
        chains.emplace(moved[row], stream);
      } else {
        links[last].next = stream;
      }
      last = stream;
    }
  }
  decltype(conflicts_) conflicts;
  for (auto& [row, entry] : conflicts_)
    if (moved[row] != SeriesTable::kGone) conflicts.emplace(moved[row], std::move(entry));
  memo_.remap([&](std::uint32_t place) {
    if ((place & kStream) == 0) return moved[place];
    const std::uint32_t stream = moved_streams[place & ~kStream];
    return stream == kNone ? kNone : stream | kStream;
  });
  streams_.swap(streams);
  links_.swap(links);
  chains_.swap(chains);
  conflicts_.swap(conflicts);
  recharge(budget);
}

template <class Cells>
void Series<Cells>::recharge(Budget& budget) noexcept {
  grew_ = false;
  const std::uint64_t series = rows_.size() + streams_.size();
  const std::uint64_t bytes = sizeof(*this) + table_.bytes() + memo_.bytes() + cells_.bytes() +
                              (rows_.capacity() + streams_.capacity()) * sizeof(Row) + links_.capacity() * sizeof(Link);
  // Unsigned sums wrap, so that a smaller figure is subtracted.
  budget.series.fetch_add(series - charged_series_, std::memory_order_relaxed);
  budget.bytes.fetch_add(bytes - charged_bytes_, std::memory_order_relaxed);
  charged_series_ = series;
  charged_bytes_ = bytes;
}

template <class Cells>
void Series<Cells>::release(Budget& budget) noexcept {
  budget.series.fetch_sub(charged_series_, std::memory_order_relaxed);
  budget.bytes.fetch_sub(charged_bytes_, std::memory_order_relaxed);
  charged_series_ = charged_bytes_ = 0;
}

}  // namespace tocsin::agent
