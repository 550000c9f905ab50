// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_strip.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "rules/src/window_thin.h"

namespace tocsin::rules {

using promql::HistogramPtr;
using promql::LabelId;

namespace {

// A base serves so many columns at most; earlier ones too when differences have outgrown the width of its first.
constexpr unsigned kBaseColumns = 30, kBaseColumnsAtLeast = 8;
// Long chunks compress better; wide columns are the dearer the longer they wait for it.
constexpr std::size_t kChunkColumns = 60, kWideChunkColumns = 30;
static_assert(kChunkColumns <= Chunk::kMostColumns);
}  // namespace

Directory& Strip::own_directory() {
  if (directory_shown_) directory_ = std::make_shared<Directory>(*directory_);
  directory_shown_ = false;
  view_.reset();
  return *directory_;
}

std::uint32_t Strip::add(std::span<const LabelId> labels, std::int64_t born_ms) {
  Directory& directory = own_directory();
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(used_.size());
    used_.emplace_back();
    directory.slots.emplace_back();
    if (!last_histograms_.empty() || kind_ == StripKind::Histograms) last_histograms_.resize(used_.size());
  } else {
    slot = free_.back();
    free_.pop_back();
    // Labels of the series before are left behind in the cells: bring those that are used together.
    std::vector<LabelId> cells;
    for (Directory::Slot& other : directory.slots) {
      const auto first = static_cast<std::uint32_t>(cells.size());
      cells.insert(cells.end(), directory.cells.begin() + other.first, directory.cells.begin() + other.first + other.count);
      other.first = first;
    }
    directory.cells = std::move(cells);
  }
  directory.slots[slot] = {static_cast<std::uint32_t>(directory.cells.size()), static_cast<std::uint32_t>(labels.size()),
                           born_ms, 0};
  directory.cells.insert(directory.cells.end(), labels.begin(), labels.end());
  directory.last_born_ms = std::max(directory.last_born_ms, born_ms);
  used_[slot] = {};
  used_[slot].taken = true;
  used_[slot].last_ms = std::numeric_limits<std::int64_t>::min();
  return slot;
}

void Strip::release(std::uint32_t slot) {
  if (used_[slot].filled) close();
  own_directory().slots[slot] = {};
  used_[slot] = {};
  if (!last_histograms_.empty()) last_histograms_[slot] = nullptr;
  free_.push_back(slot);
}

Strip::Put Strip::put(std::uint32_t slot, std::int64_t time_ms, double value, HistogramPtr histogram) {
  Used& used = used_[slot];
  if (is_hole(value)) value = std::nan("");
  if (time_ms <= used.last_ms) {
    const bool same = time_ms == used.last_ms && !histogram &&
                      std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(used.last);
    return same ? Put::Same : Put::NotNewer;
  }
  if (used.filled) close();
  if (filled_ == 0) columns_.emplace_back();  // the open column's place
  used.filled = true;
  ++filled_;
  used.last = value;
  used.last_ms = time_ms;
  if (histogram) last_histograms_.resize(used_.size());
  if (!last_histograms_.empty()) last_histograms_[slot] = std::move(histogram);
  view_.reset();
  if (directory_->slots[slot].ended_ms != 0 && !promql::is_stale(value)) own_directory().slots[slot].ended_ms = 0;
  if (promql::is_stale(value)) own_directory().slots[slot].ended_ms = time_ms;
  return Put::Appended;
}

void Strip::end(std::uint32_t slot, std::int64_t time_ms) {
  if (ended(slot)) return;
  put(slot, std::max(time_ms, used_[slot].last_ms + 1), std::bit_cast<double>(promql::kStaleBits));
}

void Strip::rebase() {
  auto base = std::make_shared<ColumnBase>(used_.size());
  for (std::size_t i = 0; i < used_.size(); ++i) (*base)[i] = std::isfinite(used_[i].last) ? used_[i].last : 0;
  base_ = std::move(base);
  base_age_ = 0;
}

std::shared_ptr<const Column> Strip::encode_open() {
  std::array<double, kStripSlots> values;
  std::array<std::int64_t, kStripSlots> times;
  std::unique_ptr<HistogramColumn> histograms;
  for (std::size_t i = 0; i < used_.size(); ++i) {
    values[i] = used_[i].filled ? used_[i].last : hole();
    times[i] = used_[i].last_ms;
  }
  if (!last_histograms_.empty()) {
    histograms = std::make_unique<HistogramColumn>(used_.size());
    for (std::size_t i = 0; i < used_.size(); ++i)
      if (used_[i].filled) (*histograms)[i] = last_histograms_[i];
  }
  if (!base_ || base_->size() != used_.size() || base_age_ >= kBaseColumns) rebase();
  const std::span shown(values.data(), used_.size());
  auto column = std::make_shared<const Column>(shown, std::span(times.data(), used_.size()), base_, std::move(histograms));
  if (base_age_ == 0) base_width_ = column->width();
  return column;
}

void Strip::close() {
  if (filled_ == 0) return;
  auto column = encode_open();
  ++base_age_;
  if (column->width() != 8 && column->width() > base_width_ && base_age_ >= kBaseColumnsAtLeast) base_age_ = kBaseColumns;
  column_bytes_ += column->bytes();
  columns_.back() = std::move(column);
  for (Used& used : used_) used.filled = false;
  filled_ = 0;
  view_.reset();
}

// Strips take turns: the first chunk of each is of another length, so that not all are due at one tick.
std::size_t Strip::chunk_columns() const noexcept {
  const std::size_t columns = columns_.front()->width() == 8 ? kWideChunkColumns : kChunkColumns;
  return first_chunk_ ? columns - index_ * 7 % (columns / 2) : columns;
}

void Strip::compress_before(std::int64_t raw_ms) {
  while (closed_columns() != 0) {
    const std::size_t columns = chunk_columns();
    if (closed_columns() < columns || columns_[columns - 1]->max_ms() >= raw_ms) return;
    const std::vector<std::shared_ptr<const Column>> old(columns_.begin(), columns_.begin() + static_cast<std::ptrdiff_t>(columns));
    chunks_.push_back(Chunk::make(old));
    chunk_bytes_ += chunks_.back()->bytes();
    for (const auto& column : old) column_bytes_ -= column->bytes();
    columns_.erase(columns_.begin(), columns_.begin() + static_cast<std::ptrdiff_t>(columns));
    first_chunk_ = false;
    view_.reset();
  }
}

void Strip::thin_before(std::int64_t oldest_ms) {
  constexpr std::int64_t kStepMs = 60'000, kAtOnceMs = 3'600'000;
  constexpr auto kMostSteps = static_cast<std::int64_t>(Chunk::kMostColumns);
  std::size_t due = thinned_;
  while (due < chunks_.size() && chunks_[due]->max_ms() < oldest_ms) ++due;
  while (thinned_ < due && chunks_[due - 1]->max_ms() - chunks_[thinned_]->min_ms() >= kAtOnceMs) {
    std::vector<std::shared_ptr<const Chunk>> old;
    const std::int64_t min_ms = chunks_[thinned_]->min_ms();
    for (std::size_t i = thinned_; i < due && steps_of(min_ms, chunks_[i]->max_ms(), kStepMs) <= kMostSteps; ++i)
      old.push_back(chunks_[i]);
    if (!old.empty()) {  // else its steps are longer than a minute already
      chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(thinned_), thin(old, kStepMs));
      chunk_bytes_ += chunks_[thinned_]->bytes();
      for (const auto& chunk : old) chunk_bytes_ -= chunk->bytes();
      const auto after = chunks_.begin() + static_cast<std::ptrdiff_t>(thinned_) + 1;
      chunks_.erase(after, after + static_cast<std::ptrdiff_t>(old.size()));
      due -= old.size() - 1;
      view_.reset();
    }
    ++thinned_;
  }
}

void Strip::drop_before(std::int64_t oldest_ms) {
  while (!chunks_.empty() && chunks_.front()->max_ms() < oldest_ms) {
    chunk_bytes_ -= chunks_.front()->bytes();
    chunks_.pop_front();
    thinned_ -= thinned_ == 0 ? 0 : 1;
    view_.reset();
  }
  while (closed_columns() != 0 && columns_.front()->max_ms() < oldest_ms) {
    column_bytes_ -= columns_.front()->bytes();
    columns_.pop_front();
    view_.reset();
  }
}

void Strip::cut_after(std::int64_t last_ms) {
  close();
  const auto cut = [&](auto& all, std::size_t& bytes) {
    for (auto& one : all) {
      bytes -= one->bytes();
      one = rules::cut_after(std::move(one), last_ms);
      bytes += one ? one->bytes() : 0;
    }
    std::erase(all, nullptr);
  };
  cut(columns_, column_bytes_);
  cut(chunks_, chunk_bytes_);
  thinned_ = std::min(thinned_, chunks_.size());
  for (Used& used : used_) used.last_ms = std::min(used.last_ms, last_ms);
  for (Directory::Slot& slot : own_directory().slots) {
    slot.born_ms = std::min(slot.born_ms, last_ms);
    slot.ended_ms = std::min(slot.ended_ms, last_ms);
  }
  view_.reset();
}

void Strip::find_dead(std::int64_t oldest_ms, std::vector<promql::SeriesRow>& rows) const {
  for (std::uint32_t slot = 0; slot < used_.size(); ++slot) {
    const Used& used = used_[slot];
    if (used.taken && used.owner == kNoOwner && used.last_ms < oldest_ms) rows.push_back(index_ * kStripSlots + slot);
  }
}

std::shared_ptr<const StripView> Strip::view() {
  if (view_) return view_;
  auto view = std::make_shared<StripView>();
  if (filled_ != 0) columns_.back() = encode_open();
  view->kind = kind_;
  view->recorded = recorded_;
  view->directory = directory_;
  directory_shown_ = true;
  view->chunks.assign(chunks_.begin(), chunks_.end());
  view->columns.assign(columns_.begin(), columns_.end());
  return view_ = std::move(view);
}

std::size_t Strip::bytes() const noexcept {
  const std::size_t bases = base_ ? (columns_.size() / kBaseColumns + 1) * base_->size() * sizeof(double) : 0;
  return sizeof(Strip) + used_.capacity() * sizeof(Used) + column_bytes_ + chunk_bytes_ + bases + sizeof(Directory) +
         directory_->slots.capacity() * sizeof(Directory::Slot) + directory_->cells.capacity() * sizeof(LabelId) +
         last_histograms_.capacity() * sizeof(HistogramPtr) + columns_.size() * 2 * sizeof(columns_[0]);
}

}  // namespace tocsin::rules
