// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/label_space.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "rules/promql/print.h"

namespace tocsin::rules::promql {
namespace {

constexpr std::size_t kChunk = 4096;

bool contains(std::span<const Symbol> names, Symbol name) noexcept {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

LabelSpace::LabelSpace(const SeriesReader& reader)
    : reader_(reader), name_(intern("__name__")), type_(intern("__type__")), unit_(intern("__unit__")),
      plain_(type_ >= kFirstOwn && unit_ >= kFirstOwn) {}

Symbol LabelSpace::intern(std::string_view text) {
  if (text.empty()) return kEmptySymbol;
  if (const Symbol known = reader_.symbol(text); known != kNoSymbol) return known;
  if (const auto found = own_symbols_.find(text); found != own_symbols_.end()) return found->second;
  const auto symbol = static_cast<Symbol>(kFirstOwn + own_.size());
  own_.emplace_back(text);
  bytes_ += text.size() + 128;  // with what the map takes
  own_symbols_.emplace(own_.back(), symbol);
  return symbol;
}

std::span<LabelId> LabelSpace::take(std::size_t count) {
  if (count > left_ || chunks_.empty()) {
    left_ = std::max(kChunk, count);
    bytes_ += left_ * sizeof(LabelId);
    chunks_.push_back(std::make_unique<LabelId[]>(left_));
    next_ = chunks_.back().get();
  }
  LabelId* const start = std::exchange(next_, next_ + count);
  left_ -= count;
  return {start, count};
}

SeriesKey LabelSpace::store(std::span<const LabelId> labels, bool drop_name) {
  const auto space = take(labels.size());
  std::copy(labels.begin(), labels.end(), space.begin());
  return key_of(space, drop_name);
}

SeriesKey LabelSpace::keep(SeriesKey key, std::span<const Symbol> names) {
  scratch_.clear();
  for (const LabelId& label : key.labels())
    if (contains(names, label.name)) scratch_.push_back(label);
  return scratch_.size() == key.size ? key : store(scratch_, key.drop_name);
}

SeriesKey LabelSpace::without_view(SeriesKey key, std::span<const Symbol> names) {
  std::uint32_t first = 0;
  while (first < key.size && contains(names, key.data[first].name)) ++first;
  const auto rest = key.labels().subspan(first);
  if (std::none_of(rest.begin(), rest.end(), [&](LabelId label) { return contains(names, label.name); })) {
    return key_of(rest, key.drop_name);
  }
  scratch_.clear();
  for (const LabelId& label : rest)
    if (!contains(names, label.name)) scratch_.push_back(label);
  return key_of(scratch_, key.drop_name);
}

SeriesKey LabelSpace::lasting(SeriesKey key) {
  return key.data == scratch_.data() && key.size > 0 ? store(key.labels(), key.drop_name) : key;
}

SeriesKey LabelSpace::with(SeriesKey key, Symbol label, Symbol value) {
  if (LabelSpace::value(key, label) == value) return key;
  plain_ = plain_ && label != type_ && label != unit_;
  scratch_.clear();
  bool placed = value == kEmptySymbol;
  for (const LabelId& each : key.labels()) {
    if (each.name == label) continue;
    if (!placed && text(label) < text(each.name)) {
      scratch_.push_back({label, value});
      placed = true;
    }
    scratch_.push_back(each);
  }
  if (!placed) scratch_.push_back({label, value});
  return store(scratch_, key.drop_name);
}

SeriesKey LabelSpace::make(std::vector<LabelId> labels) {
  std::erase_if(labels, [](LabelId label) { return label.value == kEmptySymbol; });
  std::sort(labels.begin(), labels.end(), [&](LabelId a, LabelId b) { return text(a.name) < text(b.name); });
  return store(labels, false);
}

int LabelSpace::compare(SeriesKey a, SeriesKey b) const noexcept {
  for (std::uint32_t i = 0; i < std::min(a.size, b.size); ++i) {
    if (a.data[i] == b.data[i]) continue;
    if (a.data[i].name != b.data[i].name) return text(a.data[i].name).compare(text(b.data[i].name));
    return text(a.data[i].value).compare(text(b.data[i].value));
  }
  return a.size < b.size ? -1 : a.size > b.size;
}

std::string LabelSpace::to_string(SeriesKey key) const {
  std::string out = "{";
  for (const LabelId& label : key.labels()) {
    if (out.size() > 1) out += ", ";
    const std::string_view name = text(label.name);
    const bool plain = !name.empty() && (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    out.append(plain ? std::string(name) : quoted(name)).append("=").append(quoted(text(label.value)));
  }
  return out + '}';
}

KeyTable::KeyTable(std::size_t expected) : slots_(std::bit_ceil(std::max<std::size_t>(16, expected * 2))) {
  keys_.reserve(expected);
}

std::uint32_t KeyTable::number(SeriesKey key) {
  if (keys_.size() * 2 >= slots_.size()) grow();
  const std::uint64_t hash = hash_of(key);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.number == 0) {
      keys_.push_back(key);
      slot = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(keys_.size())};
      return slot.number - 1;
    }
    if (slot.hash == static_cast<std::uint32_t>(hash >> 32) && same_labels(keys_[slot.number - 1], key)) {
      return slot.number - 1;
    }
  }
}

void KeyTable::grow() {
  std::vector<Slot> larger(slots_.size() * 2);
  const std::size_t mask = larger.size() - 1;
  for (std::uint32_t i = 0; i < keys_.size(); ++i) {
    const std::uint64_t hash = hash_of(keys_[i]);
    std::size_t at = hash & mask;
    while (larger[at].number != 0) at = (at + 1) & mask;
    larger[at] = {static_cast<std::uint32_t>(hash >> 32), i + 1};
  }
  slots_ = std::move(larger);
}

}  // namespace tocsin::rules::promql
