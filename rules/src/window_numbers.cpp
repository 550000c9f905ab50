// SPDX-License-Identifier: Apache-2.0
#include "rules/src/window_numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace tocsin::rules {

namespace {

// So many differences share a width: what is rare and large costs its neighbours only.
constexpr std::size_t kGroup = 16;
constexpr unsigned kWidthBits = 7;

constexpr std::array<double, 7> kPowers{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
constexpr double kMostWhole = 9'007'199'254'740'992;  // 2^53

enum class Form : std::uint8_t { Constant, ConstantWhole, Xor, Decimal };  // Decimal + scale

std::uint64_t minus(std::uint64_t a, std::uint64_t b) noexcept { return a - b; }

// Differences of a sequence as unsigned distances from the least of them.
struct Distances {
  std::int64_t least = 0;
  std::vector<std::uint64_t> values;
  std::size_t bits = 0;  // what packing costs
};

Distances distances_of(std::span<const std::int64_t> numbers) {
  Distances distances;
  distances.values.resize(numbers.size() - 1);
  distances.least = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const auto difference = static_cast<std::int64_t>(
        minus(static_cast<std::uint64_t>(numbers[i]), static_cast<std::uint64_t>(numbers[i - 1])));
    distances.values[i - 1] = static_cast<std::uint64_t>(difference);
    distances.least = std::min(distances.least, difference);
  }
  if (distances.values.empty()) distances.least = 0;
  for (std::size_t i = 0; i < distances.values.size(); i += kGroup) {
    std::uint64_t most = 0;
    const std::size_t end = std::min(i + kGroup, distances.values.size());
    for (std::size_t j = i; j < end; ++j) {
      distances.values[j] -= static_cast<std::uint64_t>(distances.least);
      most |= distances.values[j];
    }
    distances.bits += kWidthBits + static_cast<std::size_t>(std::bit_width(most)) * (end - i);
  }
  return distances;
}

void write(const Distances& distances, ByteWriter& writer, std::string& bytes) {
  writer.signed_varint(distances.least);
  BitWriter bits(bytes);
  for (std::size_t i = 0; i < distances.values.size(); i += kGroup) {
    const std::size_t end = std::min(i + kGroup, distances.values.size());
    std::uint64_t most = 0;
    for (std::size_t j = i; j < end; ++j) most |= distances.values[j];
    const auto width = static_cast<unsigned>(std::bit_width(most));
    bits.bits(width, kWidthBits);
    for (std::size_t j = i; j < end; ++j) bits.bits(distances.values[j], width);
  }
}

// Adds the differences up, from into.back() on.
bool read(ByteReader& reader, std::size_t count, std::vector<std::int64_t>& into) {
  const auto least = static_cast<std::uint64_t>(reader.signed_varint());
  // What follows is not measured: widths say how long it is, so that a reader of bits works on all that is left.
  const std::string_view all = reader.rest();
  BitReader bits(all);
  std::uint64_t total = static_cast<std::uint64_t>(into.back());
  for (std::size_t i = 0; i < count; i += kGroup) {
    const auto width = static_cast<unsigned>(bits.bits(kWidthBits));
    if (width > 64 || !bits.ok()) return false;
    for (std::size_t j = i; j < std::min(i + kGroup, count); ++j) {
      total += least + bits.bits(width);
      into.push_back(static_cast<std::int64_t>(total));
    }
  }
  reader.bytes(bits.used());
  return bits.ok() && reader.ok();
}

bool as_decimals(std::span<const double> numbers, double power, std::vector<std::int64_t>& into) {
  into.clear();
  for (const double number : numbers) {
    const double scaled = std::nearbyint(number * power);
    if (!(std::abs(scaled) <= kMostWhole)) return false;
    const auto whole = static_cast<std::int64_t>(scaled);
    if (std::bit_cast<std::uint64_t>(static_cast<double>(whole) / power) != std::bit_cast<std::uint64_t>(number)) return false;
    into.push_back(whole);
  }
  return true;
}

void pack_xor(std::span<const double> numbers, ByteWriter& writer, std::string& bytes) {
  auto before = std::bit_cast<std::uint64_t>(numbers[0]);
  writer.fixed64(before);
  BitWriter bits(bytes);
  unsigned leading = 64, length = 0;  // of the differing bits last written
  for (const double number : numbers.subspan(1)) {
    const auto now = std::bit_cast<std::uint64_t>(number);
    const std::uint64_t differs = now ^ before;
    before = now;
    if (differs == 0) {
      bits.bits(0, 1);
      continue;
    }
    const auto zeros = static_cast<unsigned>(std::countl_zero(differs));
    const auto trailing = static_cast<unsigned>(std::countr_zero(differs));
    if (zeros >= leading && 64 - trailing <= leading + length && length < 64 - zeros - trailing + 12) {
      bits.bits(0b01, 2);
    } else {
      leading = zeros;
      length = 64 - zeros - trailing;
      bits.bits(0b11, 2);
      bits.bits(leading, 6);
      bits.bits(length - 1, 6);
    }
    bits.bits(differs >> (64 - leading - length), length);
  }
}

bool unpack_xor(ByteReader& reader, std::size_t count, std::vector<double>& into) {
  std::uint64_t before = reader.fixed64();
  into.push_back(std::bit_cast<double>(before));
  BitReader bits(reader.rest());
  unsigned leading = 0, length = 0;
  for (std::size_t i = 1; i < count; ++i) {
    if (bits.bits(1) != 0) {
      if (bits.bits(1) != 0) {
        leading = static_cast<unsigned>(bits.bits(6));
        length = static_cast<unsigned>(bits.bits(6)) + 1;
      }
      if (length == 0 || leading + length > 64) return false;
      before ^= bits.bits(length) << (64 - leading - length);
    }
    into.push_back(std::bit_cast<double>(before));
  }
  reader.bytes(bits.used());
  return bits.ok() && reader.ok();
}

}  // namespace

void pack(std::span<const std::int64_t> numbers, ByteWriter& writer, std::string& bytes) {
  const Distances first = distances_of(numbers);
  std::vector<std::int64_t> steps(numbers.size());
  for (std::size_t i = 1; i < numbers.size(); ++i)
    steps[i] = static_cast<std::int64_t>(
        minus(static_cast<std::uint64_t>(numbers[i]), static_cast<std::uint64_t>(numbers[i - 1])));
  const bool second_pays = numbers.size() > 2 && [&] {
    const Distances second = distances_of(std::span(steps).subspan(1));
    return second.bits + 8 < first.bits;
  }();
  writer.byte(second_pays ? 1 : 0);
  writer.signed_varint(numbers[0]);
  if (!second_pays) return write(first, writer, bytes);
  writer.signed_varint(steps[1]);
  write(distances_of(std::span(steps).subspan(1)), writer, bytes);
}

bool unpack(ByteReader& reader, std::size_t count, std::vector<std::int64_t>& into) {
  const std::uint8_t order = reader.byte();
  const std::int64_t first = reader.signed_varint();
  if (!reader.ok() || order > 1 || count == 0) return false;
  if (order == 0) {
    into.push_back(first);
    return read(reader, count - 1, into);
  }
  if (count < 3) return false;
  const std::size_t start = into.size();
  into.push_back(reader.signed_varint());
  if (!read(reader, count - 2, into)) return false;
  // From steps to numbers.
  into.insert(into.begin() + static_cast<std::ptrdiff_t>(start), first);
  for (std::size_t i = start + 1; i < into.size(); ++i)
    into[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(into[i]) + static_cast<std::uint64_t>(into[i - 1]));
  return true;
}

void pack(std::span<const double> numbers, ByteWriter& writer, std::string& bytes) {
  const auto same = [&](double other) {
    return std::bit_cast<std::uint64_t>(other) == std::bit_cast<std::uint64_t>(numbers[0]);
  };
  const bool constant = std::all_of(numbers.begin(), numbers.end(), same);
  std::vector<std::int64_t> wholes;
  if (constant) {
    const bool whole = as_decimals(numbers.first(1), 1, wholes);
    writer.byte(static_cast<std::uint8_t>(whole ? Form::ConstantWhole : Form::Constant));
    return whole ? writer.signed_varint(wholes[0]) : writer.fixed64(std::bit_cast<std::uint64_t>(numbers[0]));
  }
  for (std::size_t scale = 0; scale < kPowers.size(); ++scale) {
    if (!as_decimals(numbers, kPowers[scale], wholes)) continue;
    writer.byte(static_cast<std::uint8_t>(static_cast<std::size_t>(Form::Decimal) + scale));
    return pack(std::span<const std::int64_t>(wholes), writer, bytes);
  }
  writer.byte(static_cast<std::uint8_t>(Form::Xor));
  pack_xor(numbers, writer, bytes);
}

bool unpack(ByteReader& reader, std::size_t count, std::vector<double>& into) {
  const std::uint8_t form = reader.byte();
  if (!reader.ok() || count == 0) return false;
  if (form <= static_cast<std::uint8_t>(Form::ConstantWhole)) {
    const double value = form == static_cast<std::uint8_t>(Form::Constant)
                             ? std::bit_cast<double>(reader.fixed64())
                             : static_cast<double>(reader.signed_varint());
    into.insert(into.end(), count, value);
    return reader.ok();
  }
  if (form == static_cast<std::uint8_t>(Form::Xor)) return unpack_xor(reader, count, into);
  const std::size_t scale = form - static_cast<std::size_t>(Form::Decimal);
  if (scale >= kPowers.size()) return false;
  std::vector<std::int64_t> wholes;
  wholes.reserve(count);
  if (!unpack(reader, count, wholes)) return false;
  for (const std::int64_t whole : wholes) into.push_back(static_cast<double>(whole) / kPowers[scale]);
  return true;
}

}  // namespace tocsin::rules
