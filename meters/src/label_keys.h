// SPDX-License-Identifier: Apache-2.0
// Label keys: for each row of a label table the places of its texts, side by side, so that comparing a row with texts
// touches one line before the texts themselves. Rows never move.
//
// Threads: one writer; matches() on any thread that learnt of the row by the writer's release store.
// Costs 8 bytes a row and label.
#pragma once

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "meters/labels.h"

namespace tocsin::meters::detail {

// Labels are short: comparing words in line beats the call of memcmp.
inline bool same_bytes(const char* a, const char* b, std::size_t size) noexcept {
  const auto same = [&]<class Word>(std::size_t at, Word) {
    Word x, y;
    std::memcpy(&x, a + at, sizeof x);
    std::memcpy(&y, b + at, sizeof y);
    return x == y;
  };
  if (size >= 8) {
    for (std::size_t at = 0; at + 8 < size; at += 8)
      if (!same(at, std::uint64_t{})) return false;
    return same(size - 8, std::uint64_t{});
  }
  if (size >= 4) return same(0, std::uint32_t{}) && same(size - 4, std::uint32_t{});
  for (std::size_t i = 0; i < size; ++i)
    if (a[i] != b[i]) return false;
  return true;
}

class LabelKeys {
 public:
  // Keeps the texts of the table alive. Requires: the table has no rows yet.
  explicit LabelKeys(LabelSetTable& table) : labels_(table.columns()), texts_(table.view()) {}

  // Requires: rows come in order; one id a label, later columns are left out.
  void append(Row row, const LabelSetTable& table, std::span<const ValueId> ids) {
    const std::uint32_t segment = segment_of(row);
    if (row == base_of(segment)) segments_[segment].reset(new const LabelText*[(kFirst << segment) * labels_]);
    const LabelText** key = segments_[segment].get() + (row - base_of(segment)) * labels_;
    for (std::size_t i = 0; i < labels_; ++i) key[i] = table.stored(i, i < ids.size() ? ids[i] : kNoValue);
  }

  bool matches(Row row, std::span<const std::string_view> texts) const noexcept {
    const std::uint32_t segment = segment_of(row);
    const LabelText* const* key = segments_[segment].get() + (row - base_of(segment)) * labels_;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const LabelText* stored = key[i];
      if (stored == nullptr ? !texts[i].empty()
                            : stored->size != texts[i].size() || !same_bytes(stored->data, texts[i].data(), stored->size))
        return false;
    }
    return true;
  }

 private:
  static constexpr std::uint32_t kFirst = 8;
  static std::uint32_t segment_of(Row row) noexcept { return static_cast<std::uint32_t>(std::bit_width(row / kFirst + 1)) - 1; }
  static Row base_of(std::uint32_t segment) noexcept { return ((1U << segment) - 1) * kFirst; }

  std::size_t labels_;
  std::shared_ptr<const LabelSets> texts_;
  std::array<std::unique_ptr<const LabelText*[]>, 22> segments_;  // 2^24 rows
};

}  // namespace tocsin::meters::detail
