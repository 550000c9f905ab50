// SPDX-License-Identifier: Apache-2.0
#include "agent/api/src/label_name.h"

#include <array>
#include <charconv>
#include <cstdint>

namespace tocsin::agent {
namespace {

void append_character(std::string& out, std::uint32_t c) {
  const unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  constexpr std::array<std::uint32_t, 4> kFirst{0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kFirst.at(more) | (c >> (6 * more)));
  for (unsigned i = more; i > 0; --i) out += static_cast<char>(0x80U | ((c >> (6 * (i - 1))) & 0x3FU));
}

}  // namespace

std::string unescaped_label_name(std::string_view name) {
  constexpr std::string_view kPrefix = "U__";
  constexpr std::size_t kMostDigits = 6;
  if (!name.starts_with(kPrefix)) return std::string(name);
  std::string out;
  for (std::string_view rest = name.substr(kPrefix.size()); !rest.empty();) {
    if (rest.front() != '_') {
      out += rest.front();
      rest.remove_prefix(1);
      continue;
    }
    const std::size_t end = rest.find('_', 1);
    if (end == std::string_view::npos || end > kMostDigits + 1) return std::string(name);
    std::uint32_t c = '_';
    if (end > 1) {
      const auto read = std::from_chars(rest.data() + 1, rest.data() + end, c, 16);
      if (read.ec != std::errc() || read.ptr != rest.data() + end || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return std::string(name);
    }
    append_character(out, c);
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace tocsin::agent
