// SPDX-License-Identifier: Apache-2.0
// RepeatFinder: which of very many hashes came before, in about 5 bytes a hash where few of them repeat. Two passes: the
// first notes all, roughly, so that the second keeps only those that may be there twice.
//
//   RepeatFinder finder(rows);
//   for (...) finder.note(hash);
//   for (...) if (finder.again(hash)) ...     // the same hashes: true from the second time on
//
// Threads: one.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tocsin::exporters {

class RepeatFinder {
 public:
  explicit RepeatFinder(std::size_t hashes)
      : once_(std::bit_ceil(hashes * kBits / 64 + 1)), twice_(once_.size()), kept_(64) {}

  void note(std::uint64_t hash) noexcept {
    const auto [word, bit] = place(hash);
    twice_[word] |= once_[word] & bit;
    once_[word] |= bit;
  }

  bool again(std::uint64_t hash) {
    const auto [word, bit] = place(hash);
    return (twice_[word] & bit) != 0 && !insert(hash | 1U);
  }

 private:
  static constexpr std::size_t kBits = 16;  // a hash; one in sixteen shares its bit with another

  std::pair<std::size_t, std::uint64_t> place(std::uint64_t hash) const noexcept {
    return {(hash >> 8) & (once_.size() - 1), std::uint64_t{1} << (hash >> 58)};
  }

  // False where it is there. Open addressing, 0 is free.
  bool insert(std::uint64_t hash) {
    if (count_ * 2 >= kept_.size()) grow();
    std::size_t at = (hash >> 1) & (kept_.size() - 1);
    for (; kept_[at] != 0; at = (at + 1) & (kept_.size() - 1))
      if (kept_[at] == hash) return false;
    kept_[at] = hash;
    ++count_;
    return true;
  }

  void grow() {
    std::vector<std::uint64_t> before(kept_.size() * 2);
    before.swap(kept_);
    count_ = 0;
    for (const std::uint64_t hash : before)
      if (hash != 0) insert(hash);
  }

  std::vector<std::uint64_t> once_, twice_;
  std::vector<std::uint64_t> kept_;
  std::size_t count_ = 0;
};

}  // namespace tocsin::exporters
