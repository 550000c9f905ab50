// SPDX-License-Identifier: Apache-2.0
// LabelSpace: the label sets of one evaluation, as numbers. The reader's symbols, and above kFirstOwn those of texts that
// the evaluation made (label_replace, count_values). Equal texts are equal symbols, so sets are compared as integers.
//
// Threads: one evaluation's. Costs: dropping a name is a smaller span; a set that is really new is copied to an arena.
#pragma once

#include <cstring>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rules/promql/series_reader.h"

namespace tocsin::rules::promql {

// The labels of a series, sorted by the names' texts. drop_name: the name goes when the evaluation ends, not before
// (delayed name removal).
struct SeriesKey {
  const LabelId* data = nullptr;
  std::uint32_t size = 0;
  std::uint32_t drop_name = 0;  // a flag without padding behind it: copied whole, in two words

  std::span<const LabelId> labels() const noexcept { return {data, size}; }
};

inline SeriesKey key_of(std::span<const LabelId> labels, bool drop_name = false) noexcept {
  return {labels.data(), static_cast<std::uint32_t>(labels.size()), drop_name};
}

inline bool same_labels(SeriesKey a, SeriesKey b) noexcept {
  return a.size == b.size && (a.data == b.data || a.size == 0 || std::memcmp(a.data, b.data, a.size * sizeof(LabelId)) == 0);
}

inline std::uint64_t mix(std::uint64_t hash, std::uint64_t value) noexcept {
  hash = (hash ^ value) * 0x9e37'79b9'7f4a'7c15;
  return hash ^ (hash >> 29);
}

inline std::uint64_t hash_of(SeriesKey key) noexcept {
  std::uint64_t hash = key.size;
  for (const LabelId label : key.labels()) hash = mix(hash, std::uint64_t{label.name} << 32 | label.value);
  return hash;
}

class LabelSpace {
 public:
  explicit LabelSpace(const SeriesReader& reader);
  LabelSpace(const LabelSpace&) = delete;
  LabelSpace& operator=(const LabelSpace&) = delete;

  std::string_view text(Symbol symbol) const noexcept {
    return symbol < kFirstOwn ? reader_.text(symbol) : std::string_view(own_[symbol - kFirstOwn]);
  }
  Symbol intern(std::string_view text);

  Symbol name() const noexcept { return name_; }  // __name__
  std::uint64_t bytes() const noexcept { return bytes_; }  // of own texts and sets
  // kEmptySymbol where the series does not have the label.
  static Symbol value(SeriesKey key, Symbol label) noexcept {
    for (const LabelId& each : key.labels())
      if (each.name == label) return each.value;
    return kEmptySymbol;
  }
  std::string_view metric_name(SeriesKey key) const noexcept { return text(value(key, name_)); }
  

  // Without __name__, __type__ and __unit__, as Prometheus drops them.
  SeriesKey without_name(SeriesKey key) {
    // Almost always the name stands first, and no series of the reader tells type and unit.
    if (plain_ && key.size > 0 && key.data[0].name == name_) [[likely]]
      return {key.data + 1, key.size - 1, key.drop_name};
    const Symbol names[] = {name_, type_, unit_};
    return without(key, names);
  }
  // Only, or without, the labels named (any order; kept: those that the series has).
  SeriesKey keep(SeriesKey key, std::span<const Symbol> names);
  SeriesKey without(SeriesKey key, std::span<const Symbol> names) { return lasting(without_view(key, names)); }
  // The same, but the labels may lie where the next call puts its own; lasting() copies such.
  SeriesKey without_view(SeriesKey key, std::span<const Symbol> names);
  SeriesKey lasting(SeriesKey key);
  // With this label set, or removed where the value is empty.
  SeriesKey with(SeriesKey key, Symbol label, Symbol value);
  // From labels in any order; empty values are left out.
  SeriesKey make(std::vector<LabelId> labels);

  int compare(SeriesKey a, SeriesKey b) const noexcept;  // as labels are sorted in an answer
  std::string to_string(SeriesKey key) const;            // {__name__="name", a="b"}, as errors say it

 private:
  static constexpr Symbol kFirstOwn = 0x8000'0000;

  std::span<LabelId> take(std::size_t count);
  SeriesKey store(std::span<const LabelId> labels, bool drop_name);

  const SeriesReader& reader_;
  std::deque<std::string> own_;
  std::unordered_map<std::string_view, Symbol> own_symbols_;
  std::vector<std::unique_ptr<LabelId[]>> chunks_;
  LabelId* next_ = nullptr;  // free room of the last chunk
  std::size_t left_ = 0;
  std::vector<LabelId> scratch_;
  std::uint64_t bytes_ = 0;
  Symbol name_, type_, unit_;
  bool plain_;  // the reader does not know __type__ and __unit__
};

// Equal label sets become equal numbers, from 0 on in the order they come.
class KeyTable {
 public:
  explicit KeyTable(std::size_t expected = 16);
  // The number of this set; keys().size() grows where it is new.
  std::uint32_t number(SeriesKey key);
  const std::vector<SeriesKey>& keys() const noexcept { return keys_; }
  std::vector<SeriesKey>& keys() noexcept { return keys_; }  // to put an equal set in the place of one

 private:
  void grow();
  struct Slot {
    std::uint32_t hash = 0, number = 0;  // number + 1; 0 is free
  };
  std::vector<SeriesKey> keys_;
  std::vector<Slot> slots_;
};

}  // namespace tocsin::rules::promql
