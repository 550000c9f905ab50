// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_series.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tocsin::rules {

using promql::LabelId;
using promql::SeriesRow;
using promql::Symbol;

namespace {

// A name with so many series gets strips of its own: they go as a whole when it is refused.
constexpr std::size_t kOwnStrips = 128;

std::uint64_t pool_key(StripKind kind, Symbol name, bool recorded) noexcept {
  return (std::uint64_t{name} << 8) | (recorded ? 0x80U : 0U) | static_cast<std::uint64_t>(kind);
}

}  // namespace

SeriesSet::SeriesSet() : name_symbol_(symbols_->intern("__name__")), index_(64) {}

std::uint32_t SeriesSet::hash(std::span<const LabelId> labels) noexcept {
  std::uint64_t hash = 0x51ED270B;
  for (const LabelId& label : labels) {
    hash = (hash ^ ((std::uint64_t{label.name} << 32) | label.value)) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  }
  return static_cast<std::uint32_t>(hash >> 16);
}

std::optional<SeriesRow> SeriesSet::find(std::span<const LabelId> labels) const noexcept {
  const std::uint32_t wanted = hash(labels);
  for (std::size_t at = wanted & (index_.size() - 1);; at = (at + 1) & (index_.size() - 1)) {
    const std::uint64_t entry = index_[at];
    if (entry == 0) return std::nullopt;
    if (entry >> 32 != wanted) continue;
    const auto row = static_cast<SeriesRow>(entry) - 1;
    const auto found = strips_[row / kStripSlots]->labels(slot(row));
    if (std::equal(found.begin(), found.end(), labels.begin(), labels.end())) return row;
  }
}

void SeriesSet::grow_index() {
  std::vector<std::uint64_t> grown(index_.size() * 2);
  for (const std::uint64_t entry : index_) {
    if (entry == 0) continue;
    std::size_t at = (entry >> 32) & (grown.size() - 1);
    while (grown[at] != 0) at = (at + 1) & (grown.size() - 1);
    grown[at] = entry;
  }
  index_ = std::move(grown);
}

Strip& SeriesSet::strip_with_room(StripKind kind, Symbol name, std::size_t rows_of_name, bool recorded) {
  auto& pool = pools_[pool_key(kind, rows_of_name < kOwnStrips ? promql::kEmptySymbol : name, recorded)];
  while (!pool.empty() && (!strips_[pool.back()] || strips_[pool.back()]->full())) pool.pop_back();
  if (pool.empty()) {
    const auto free = std::find(strips_.begin(), strips_.end(), nullptr);
    const auto at = static_cast<std::uint32_t>(free - strips_.begin());
    if (free == strips_.end()) strips_.emplace_back();
    strips_[at] = std::make_unique<Strip>(at, kind, recorded);
    pool.push_back(at);
  }
  return *strips_[pool.back()];
}

void SeriesSet::index(SeriesRow row, std::uint32_t key) {
  if ((std::size_t{series_} + 1) * 4 > index_.size() * 3) grow_index();
  std::size_t at = key & (index_.size() - 1);
  while (index_[at] != 0) at = (at + 1) & (index_.size() - 1);
  index_[at] = (std::uint64_t{key} << 32) | (std::uint64_t{row} + 1);
  ++series_;
}

bool SeriesSet::restore(std::unique_ptr<Strip> restored) {
  if (restored->empty()) return true;
  Strip& strip = *restored;
  strips_.push_back(std::move(restored));
  for (std::uint32_t slot = 0; slot < strip.slots(); ++slot) {
    if (!strip.taken(slot)) continue;
    if (find(strip.labels(slot))) return false;
    const SeriesRow row = strip.index() * kStripSlots + slot;
    index(row, hash(strip.labels(slot)));
    names_[name(row)].rows.push_back(row);
  }
  if (!strip.full()) pools_[pool_key(strip.kind(), promql::kEmptySymbol, strip.recorded())].push_back(strip.index());
  return true;
}

SeriesRow SeriesSet::add(std::span<const LabelId> labels, StripKind kind, std::int64_t born_ms, bool recorded) {
  const auto named = std::find_if(labels.begin(), labels.end(), [&](const LabelId& l) { return l.name == name_symbol_; });
  const Symbol metric = named == labels.end() ? promql::kEmptySymbol : named->value;
  Name& name = names_[metric];
  Strip& strip = strip_with_room(kind, metric, name.rows.size(), recorded);
  const SeriesRow row = strip.index() * kStripSlots + strip.add(labels, born_ms);

  index(row, hash(labels));
  name.rows.insert(std::upper_bound(name.rows.begin(), name.rows.end(), row), row);
  name.shown.reset();
  shown_names_.reset();
  return row;
}

Symbol SeriesSet::name(SeriesRow row) noexcept {
  for (const LabelId& label : strip(row).labels(slot(row)))
    if (label.name == name_symbol_) return label.value;
  return promql::kEmptySymbol;
}

void SeriesSet::unindex(SeriesRow row) {
  const std::size_t mask = index_.size() - 1;
  std::size_t at = hash(strip(row).labels(slot(row))) & mask;
  while (static_cast<std::uint32_t>(index_[at]) != row + 1) at = (at + 1) & mask;
  // What follows without a gap moves up where its own place allows: no marks of what was removed are left.
  for (std::size_t next = (at + 1) & mask; index_[next] != 0; next = (next + 1) & mask) {
    const std::size_t home = (index_[next] >> 32) & mask;
    if (((next - home) & mask) < ((next - at) & mask)) continue;
    index_[at] = index_[next];
    at = next;
  }
  index_[at] = 0;
  --series_;
}

void SeriesSet::remove(std::span<const SeriesRow> gone) {
  if (gone.empty()) return;
  std::unordered_map<Symbol, std::vector<SeriesRow>> by_name;
  for (const SeriesRow row : gone) {
    by_name[name(row)].push_back(row);
    unindex(row);
    Strip& of = strip(row);
    const bool was_full = of.full();
    of.release(slot(row));
    if (was_full) pools_[pool_key(of.kind(), promql::kEmptySymbol, of.recorded())].push_back(of.index());
  }
  for (const auto& [symbol, rows] : by_name) {
    const auto named = names_.find(symbol);
    std::vector<SeriesRow> left;
    std::set_difference(named->second.rows.begin(), named->second.rows.end(), rows.begin(), rows.end(),
                        std::back_inserter(left));
    named->second.rows = std::move(left);
    named->second.shown.reset();
    if (named->second.rows.empty()) names_.erase(named);
  }
  ++generation_;
  shown_names_.reset();
  drop_empty_strips();
}

void SeriesSet::drop_empty_strips() {
  for (auto& strip : strips_) {
    if (!strip || !strip->empty()) continue;
    for (auto& [key, pool] : pools_) std::erase(pool, strip->index());
    strip.reset();
  }
  while (!strips_.empty() && !strips_.back()) strips_.pop_back();
}

std::size_t SeriesSet::bytes() const noexcept {
  std::size_t bytes = symbols_->bytes() + index_.capacity() * sizeof(index_[0]);
  for (const auto& strip : strips_)
    if (strip) bytes += strip->bytes();
  for (const auto& [symbol, name] : names_)
    bytes += 64 + name.rows.capacity() * sizeof(SeriesRow) + (name.shown ? name.shown->bytes() : 0);
  return bytes;
}

void SeriesSet::renumber() {
  const std::shared_ptr<Symbols> before = std::exchange(symbols_, std::make_shared<Symbols>());
  name_symbol_ = symbols_->intern("__name__");
  const auto again = [&](Symbol symbol) { return symbols_->intern(before->text(symbol)); };
  std::fill(index_.begin(), index_.end(), 0);
  series_ = 0;
  names_.clear();
  pools_.clear();
  for (const auto& strip : strips_) {
    if (!strip) continue;
    strip->relabel([&](LabelId label) { return LabelId{again(label.name), again(label.value)}; });
    for (std::uint32_t slot = 0; slot < strip->slots(); ++slot) {
      if (!strip->taken(slot)) continue;
      const SeriesRow row = strip->index() * kStripSlots + slot;
      index(row, hash(strip->labels(slot)));
      names_[name(row)].rows.push_back(row);
    }
    if (!strip->full()) pools_[pool_key(strip->kind(), promql::kEmptySymbol, strip->recorded())].push_back(strip->index());
  }
  shown_names_.reset();
  texts_then_ = symbols_->size();
  ++generation_;
}

std::unordered_map<Symbol, std::size_t> SeriesSet::bytes_by_name() const {
  std::vector<std::size_t> of_slot;
  for (const auto& strip : strips_) of_slot.push_back(!strip || strip->empty() ? 0 : strip->bytes() / strip->live());
  std::unordered_map<Symbol, std::size_t> bytes;
  for (const auto& [symbol, name] : names_)
    for (const SeriesRow row : name.rows) bytes[symbol] += of_slot[row / kStripSlots];
  return bytes;
}

std::span<const SeriesRow> SeriesSet::rows_of(Symbol name) const noexcept {
  const auto found = names_.find(name);
  return found == names_.end() ? std::span<const SeriesRow>() : found->second.rows;
}

bool SeriesSet::is_recorded(Symbol name) const noexcept {
  const auto rows = rows_of(name);
  return std::any_of(rows.begin(), rows.end(), [&](SeriesRow row) { return strips_[row / kStripSlots]->recorded(); });
}

std::vector<std::shared_ptr<const StripView>> SeriesSet::view_strips() {
  std::vector<std::shared_ptr<const StripView>> views;
  views.reserve(strips_.size());
  for (const auto& strip : strips_) views.push_back(strip ? strip->view() : nullptr);
  return views;
}

std::shared_ptr<const NameRows> SeriesSet::view_names() {
  if (shown_names_) return shown_names_;
  auto names = std::make_shared<NameRows>();
  for (auto& [symbol, name] : names_) {
    if (!name.shown) name.shown = std::make_shared<const NamePostings>(name.rows);
    names->emplace(symbol, name.shown);
  }
  return shown_names_ = std::move(names);
}

}  // namespace tocsin::rules
