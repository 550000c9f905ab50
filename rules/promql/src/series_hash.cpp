// SPDX-License-Identifier: Apache-2.0
#include "rules/promql/src/series_hash.h"

#include <bit>
#include <cstring>

namespace tocsin::rules::promql {
namespace {

constexpr std::uint64_t kPrime1 = 0x9e3779b185ebca87, kPrime2 = 0xc2b2ae3d27d4eb4f, kPrime3 = 0x165667b19e3779f9,
                        kPrime4 = 0x85ebca77c2b2ae63, kPrime5 = 0x27d4eb2f165667c5;

template <class T>
std::uint64_t read(const char* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

std::uint64_t round(std::uint64_t sum, std::uint64_t input) noexcept {
  return std::rotl(sum + input * kPrime2, 31) * kPrime1;
}

std::uint64_t merged(std::uint64_t sum, std::uint64_t lane) noexcept { return (sum ^ round(0, lane)) * kPrime1 + kPrime4; }

void append_sized(std::string& out, std::string_view text) {
  if (text.size() < 255) {
    out += static_cast<char>(text.size());
  } else {
    out += '\xff';
    for (int shift = 0; shift < 24; shift += 8) out += static_cast<char>(text.size() >> shift & 0xff);
  }
  out.append(text);
}

}  // namespace

std::uint64_t xxhash64(std::string_view data) noexcept {
  const char* at = data.data();
  std::size_t left = data.size();
  std::uint64_t sum = kPrime5;
  if (left >= 32) {
    std::uint64_t lanes[4] = {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
    for (; left >= 32; left -= 32)
      for (std::uint64_t& lane : lanes) lane = round(lane, read<std::uint64_t>(at)), at += 8;
    sum = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) + std::rotl(lanes[3], 18);
    for (const std::uint64_t lane : lanes) sum = merged(sum, lane);
  }
  sum += data.size();
  for (; left >= 8; left -= 8, at += 8) sum = std::rotl(sum ^ round(0, read<std::uint64_t>(at)), 27) * kPrime1 + kPrime4;
  if (left >= 4) {
    sum = std::rotl(sum ^ read<std::uint32_t>(at) * kPrime1, 23) * kPrime2 + kPrime3;
    at += 4, left -= 4;
  }
  for (; left > 0; --left, ++at) sum = std::rotl(sum ^ read<std::uint8_t>(at) * kPrime5, 11) * kPrime1;
  sum = (sum ^ sum >> 33) * kPrime2;
  sum = (sum ^ sum >> 29) * kPrime3;
  return sum ^ sum >> 32;
}

std::uint64_t series_hash(SeriesKey key, const LabelSpace& space) {
  std::string data;
  for (const LabelId& label : key.labels()) {
    append_sized(data, space.text(label.name));
    append_sized(data, space.text(label.value));
  }
  return xxhash64(data);
}

}  // namespace tocsin::rules::promql
