// SPDX-License-Identifier: Apache-2.0
// A hash of label texts: seeded by chance, so that whoever chooses values cannot make them collide.
//
//   std::uint64_t hash = hash_labels(seed, texts);
//
// Threads: all. Costs about 2 ns a short text.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace tocsin::meters::detail {

inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

inline std::uint64_t word_at(const char* data, std::size_t bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, data, bytes);
  return word;
}

inline std::uint64_t hash_text(std::uint64_t seed, std::string_view text) noexcept {
  constexpr std::uint64_t kFirst = 0xA0761D6478BD642FULL, kSecond = 0xE7037ED1A0B428DBULL;
  const char* data = text.data();
  std::size_t left = text.size();
  for (; left > 16; left -= 16, data += 16) seed = fold(word_at(data, 8) ^ kFirst, word_at(data + 8, 8) ^ seed);
  std::uint64_t a = 0, b = 0;
  if (left >= 8) {
    a = word_at(data, 8);
    b = word_at(data + left - 8, 8);
  } else if (left >= 4) {
    a = word_at(data, 4);
    b = word_at(data + left - 4, 4);
  } else if (left > 0) {
    a = (static_cast<std::uint64_t>(static_cast<unsigned char>(data[0])) << 16U) |
        (static_cast<std::uint64_t>(static_cast<unsigned char>(data[left / 2])) << 8U) |
        static_cast<unsigned char>(data[left - 1]);
  }
  return fold(a ^ kFirst ^ text.size(), b ^ kSecond ^ seed);
}

inline std::uint64_t hash_labels(std::uint64_t seed, std::span<const std::string_view> texts) noexcept {
  std::uint64_t hash = seed;  // the texts' own hashes do not wait for each other
  for (const std::string_view text : texts) hash = hash * 0x9E3779B97F4A7C15ULL + hash_text(seed, text);
  return fold(hash, 0x8EBC6AF09C88C6E3ULL);
}

}  // namespace tocsin::meters::detail
