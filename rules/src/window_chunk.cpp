// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_chunk.h"

#include <algorithm>
#include <functional>
#include <unordered_map>
#include <utility>

#include "rules/src/window_histogram_runs.h"
#include "rules/src/window_numbers.h"

namespace tocsin::rules {

using promql::Block;
using promql::HistogramPtr;
using promql::is_stale;
using promql::kStaleBits;
using promql::TimeRange;

namespace {

// What a run begins with.
constexpr std::uint8_t kHasHoles = 1, kHasMarkers = 2, kOwnTimes = 4, kHasHistograms = 8, kKnownBits = 15;
constexpr std::size_t kMostTimelines = 4096;

// One series' samples, and in which columns they are.
struct Gathered {
  std::vector<std::uint32_t> columns;
  std::vector<std::int64_t> times;
  std::vector<double> values;
  std::vector<HistogramPtr> histograms;  // empty where there is none
  bool markers = false;

  void gather(std::span<const std::shared_ptr<const Column>> from, std::uint32_t slot) {
    columns.clear(), times.clear(), values.clear(), histograms.clear();
    markers = false;
    for (std::uint32_t c = 0; c < from.size(); ++c) {
      const double value = from[c]->value(slot);
      if (is_hole(value)) continue;
      columns.push_back(c);
      times.push_back(from[c]->time_ms(slot));
      values.push_back(value);
      markers = markers || is_stale(value);
      if (!from[c]->has_histograms() || !from[c]->histogram(slot)) continue;
      histograms.resize(values.size());
      histograms.back() = from[c]->histogram(slot);
    }
    if (!histograms.empty()) histograms.resize(values.size());
  }

  std::uint64_t times_hash() const noexcept {
    std::uint64_t hash = 0;
    for (const std::int64_t time : times) hash = (hash ^ static_cast<std::uint64_t>(time)) * 0x9E3779B97F4A7C15ULL;
    return hash ^ (hash >> 29);
  }
};

// Timelines of series without holes that several series share.
using SharedTimes = std::unordered_map<std::uint64_t, std::uint32_t>;  // hash to place; kOnce: seen once
constexpr std::uint32_t kOnce = 0xffff'ffff;

void write_values(const Gathered& series, ByteWriter& writer, std::string& data) {
  if (!series.histograms.empty()) return write_histogram_run(series.histograms, series.values, writer);
  if (!series.markers) return pack(std::span<const double>(series.values), writer, data);
  std::vector<double> values;
  std::vector<std::uint8_t> at;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    if (is_stale(series.values[i])) {
      at.push_back(static_cast<std::uint8_t>(i));
    } else {
      values.push_back(series.values[i]);
    }
  }
  writer.varint(at.size());
  for (const std::uint8_t place : at) writer.byte(place);
  if (!values.empty()) pack(std::span<const double>(values), writer, data);
}

void write_run(const Gathered& series, std::size_t columns, std::uint32_t timeline, ByteWriter& writer, std::string& data) {
  const bool holes = series.columns.size() != columns;
  const bool own_times = timeline == kOnce;
  writer.byte(static_cast<std::uint8_t>((holes ? kHasHoles : 0) | (series.markers && series.histograms.empty() ? kHasMarkers : 0) |
                                        (own_times ? kOwnTimes : 0) | (series.histograms.empty() ? 0 : kHasHistograms)));
  if (holes) {
    std::vector<std::uint8_t> present((columns + 7) / 8);
    for (const std::uint32_t column : series.columns) present[column / 8] |= static_cast<std::uint8_t>(1U << (column % 8));
    for (const std::uint8_t bits : present) writer.byte(bits);
  }
  if (own_times) {
    pack(std::span<const std::int64_t>(series.times), writer, data);
  } else {
    writer.varint(timeline);
  }
  write_values(series, writer, data);
}

}  // namespace

std::shared_ptr<const Chunk> Chunk::make(std::span<const std::shared_ptr<const Column>> columns) {
  std::shared_ptr<Chunk> chunk(new Chunk);
  chunk->columns_ = static_cast<std::uint32_t>(columns.size());
  chunk->min_ms_ = columns.front()->min_ms();
  chunk->max_ms_ = columns.front()->max_ms();
  std::uint32_t slots = 0;
  bool one_time = true;
  for (const auto& column : columns) {
    slots = std::max(slots, column->slots());
    chunk->min_ms_ = std::min(chunk->min_ms_, column->min_ms());
    chunk->max_ms_ = std::max(chunk->max_ms_, column->max_ms());
    one_time = one_time && column->one_time();
  }
  Gathered series;
  SharedTimes shared;
  if (one_time) {  // the usual case: all series were taken at once, those with holes too
    chunk->timelines_.emplace_back();
    for (const auto& column : columns) chunk->timelines_[0].push_back(column->min_ms());
  } else {
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      series.gather(columns, slot);
      if (series.columns.size() != columns.size()) continue;
      const auto [at, first] = shared.try_emplace(series.times_hash(), kOnce);
      if (first || at->second != kOnce || chunk->timelines_.size() == kMostTimelines) continue;
      at->second = static_cast<std::uint32_t>(chunk->timelines_.size());
      chunk->timelines_.push_back(series.times);
    }
  }
  std::string& data = chunk->data_;
  ByteWriter writer(data);
  chunk->ends_.reserve(slots);
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    series.gather(columns, slot);
    if (!series.columns.empty()) {
      std::uint32_t timeline = one_time ? 0 : kOnce;
      if (!one_time && series.columns.size() == columns.size()) {
        const auto found = shared.find(series.times_hash());
        if (found->second != kOnce && chunk->timelines_[found->second] == series.times) timeline = found->second;
      }
      write_run(series, columns.size(), timeline, writer, data);
    }
    chunk->ends_.push_back(static_cast<std::uint32_t>(data.size()));
  }
  data.shrink_to_fit();
  return chunk;
}

std::string_view Chunk::run(std::uint32_t slot) const noexcept {
  const std::uint32_t begin = slot == 0 ? 0 : ends_[slot - 1];
  return std::string_view(data_).substr(begin, ends_[slot] - begin);
}

bool Chunk::decode(std::string_view run, std::vector<std::int64_t>& times, std::vector<double>& values,
                   std::vector<HistogramPtr>& histograms) const {
  times.clear(), values.clear(), histograms.clear();
  ByteReader reader(run);
  const std::uint8_t head = reader.byte();
  if ((head & ~kKnownBits) != 0) return false;
  std::vector<std::uint32_t> present;
  const std::string_view bits = (head & kHasHoles) != 0 ? reader.bytes((columns_ + 7) / 8) : std::string_view{};
  for (std::uint32_t c = 0; c < columns_; ++c)
    if ((head & kHasHoles) == 0 || (!bits.empty() && ((static_cast<std::uint8_t>(bits[c / 8]) >> (c % 8)) & 1) != 0))
      present.push_back(c);
  if (present.empty() || !reader.ok()) return false;
  if ((head & kOwnTimes) != 0) {
    if (!unpack(reader, present.size(), times)) return false;
  } else {
    const std::uint64_t timeline = reader.varint();
    if (timeline >= timelines_.size()) return false;
    for (const std::uint32_t c : present) times.push_back(timelines_[timeline][c]);
  }
  if ((head & kHasHistograms) != 0) return read_histogram_run(reader, present.size(), histograms, values);
  if ((head & kHasMarkers) == 0) return unpack(reader, present.size(), values);
  const std::string_view markers = reader.bytes(reader.varint());
  if (!reader.ok() || markers.size() > present.size()) return false;
  if (markers.size() < present.size() && !unpack(reader, present.size() - markers.size(), values)) return false;
  for (const char place : markers) {
    const auto at = static_cast<std::uint8_t>(place);
    if (at > values.size()) return false;
    values.insert(values.begin() + at, std::bit_cast<double>(kStaleBits));
  }
  return true;
}

void Chunk::read(std::uint32_t slot, TimeRange range, Block& into) const {
  if (!holds(slot)) return;
  thread_local std::vector<std::int64_t> times;
  thread_local std::vector<double> values;
  thread_local std::vector<HistogramPtr> histograms;
  if (!decode(run(slot), times, values, histograms)) return;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times[i] < range.from_ms || times[i] > range.to_ms) continue;
    into.time_ms.push_back(times[i]);
    into.values.push_back(values[i]);
    if (!histograms.empty() && histograms[i]) {
      into.histograms.resize(into.values.size());
      into.histograms.back() = histograms[i];
    }
  }
  if (!into.histograms.empty()) into.histograms.resize(into.values.size());
  histograms.clear();
}

bool Chunk::check(std::uint32_t slot, Ends& ends) const {
  thread_local std::vector<std::int64_t> times;
  thread_local std::vector<double> values;
  thread_local std::vector<HistogramPtr> histograms;
  if (!decode(run(slot), times, values, histograms)) return false;
  const auto disorder = std::adjacent_find(times.begin(), times.end(), std::greater_equal<>());
  if (disorder != times.end() || times.front() < min_ms_ || times.back() > max_ms_) return false;
  ends = {times.front(), times.back(), values.back(), histograms.empty() ? nullptr : histograms.back()};
  histograms.clear();
  return true;
}

std::size_t Chunk::bytes() const noexcept {
  std::size_t bytes = sizeof(Chunk) + 64 + data_.capacity() + ends_.capacity() * sizeof(ends_[0]);
  for (const auto& timeline : timelines_) bytes += 40 + timeline.capacity() * sizeof(timeline[0]);
  return bytes;
}

void Chunk::save(ByteWriter& writer) const {
  writer.signed_varint(min_ms_);
  writer.signed_varint(max_ms_);
  writer.varint(columns_);
  writer.varint(timelines_.size());
  for (const auto& timeline : timelines_)
    for (std::size_t c = 0; c < timeline.size(); ++c)
      writer.signed_varint(timeline[c] - (c == 0 ? min_ms_ : timeline[c - 1]));
  writer.varint(ends_.size());
  for (std::uint32_t slot = 0; slot < slots(); ++slot) writer.varint(run(slot).size());
  writer.text(data_);
}

Result<std::shared_ptr<const Chunk>> Chunk::load(ByteReader& reader) {
  const Error broken{Fault::Input, "a block of samples is damaged"};
  std::shared_ptr<Chunk> chunk(new Chunk);
  chunk->min_ms_ = reader.signed_varint();
  chunk->max_ms_ = reader.signed_varint();
  const std::uint64_t columns = reader.varint();
  const std::uint64_t timelines = reader.varint();
  if (!reader.ok() || columns == 0 || columns > kMostColumns || timelines > kMostTimelines ||
      timelines * columns > reader.left() || chunk->min_ms_ > chunk->max_ms_)
    return broken;
  chunk->columns_ = static_cast<std::uint32_t>(columns);
  for (std::uint64_t i = 0; i < timelines; ++i) {
    auto& timeline = chunk->timelines_.emplace_back();
    auto time = static_cast<std::uint64_t>(chunk->min_ms_);
    for (std::uint64_t c = 0; c < columns; ++c) {
      time += static_cast<std::uint64_t>(reader.signed_varint());
      timeline.push_back(static_cast<std::int64_t>(time));
    }
  }
  const std::uint64_t slots = reader.varint();
  if (!reader.ok() || slots > reader.left()) return broken;
  std::uint64_t end = 0;
  for (std::uint64_t slot = 0; slot < slots; ++slot) {
    end += std::min<std::uint64_t>(reader.varint(), 0xffff'ffff);
    chunk->ends_.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(end, 0xffff'ffff)));
  }
  chunk->data_ = reader.text();
  if (!reader.ok() || end != chunk->data_.size()) return broken;
  return std::shared_ptr<const Chunk>(std::move(chunk));
}

}  // namespace tocsin::rules
