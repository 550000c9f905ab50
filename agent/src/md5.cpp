// SPDX-License-Identifier: Apache-2.0
// RFC 1321.
#include "agent/src/md5.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>

namespace tocsin::agent {
namespace {

using State = std::array<std::uint32_t, 4>;

constexpr int kShifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

const std::array<std::uint32_t, 64>& sines() {
  static const std::array<std::uint32_t, 64> table = [] {
    std::array<std::uint32_t, 64> values{};
    for (std::size_t i = 0; i < 64; ++i)
      values[i] = static_cast<std::uint32_t>(std::floor(std::abs(std::sin(static_cast<double>(i + 1))) * 4294967296.0));
    return values;
  }();
  return table;
}

void add_block(State& state, const char* block) {
  std::array<std::uint32_t, 16> words{};
  std::memcpy(words.data(), block, 64);
  auto [a, b, c, d] = state;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::size_t round = i / 16;
    std::uint32_t mixed = 0;
    std::size_t word = 0;
    if (round == 0) mixed = (b & c) | (~b & d), word = i;
    else if (round == 1) mixed = (d & b) | (~d & c), word = (5 * i + 1) % 16;
    else if (round == 2) mixed = b ^ c ^ d, word = (3 * i + 5) % 16;
    else mixed = c ^ (b | ~d), word = (7 * i) % 16;
    const std::uint32_t rotated = std::rotl(a + mixed + sines()[i] + words[word], kShifts[round][i % 4]);
    a = d;
    d = c;
    c = b;
    b += rotated;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

}  // namespace

std::uint64_t md5_low64(std::string_view text) {
  static_assert(std::endian::native == std::endian::little);
  std::string padded(text);
  padded.push_back('\x80');
  while (padded.size() % 64 != 56) padded.push_back('\0');
  const std::uint64_t bits = std::uint64_t{text.size()} * 8;
  padded.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  for (std::size_t at = 0; at < padded.size(); at += 64) add_block(state, padded.data() + at);
  return (std::uint64_t{__builtin_bswap32(state[2])} << 32) | __builtin_bswap32(state[3]);
}

}  // namespace tocsin::agent
