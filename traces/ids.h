// SPDX-License-Identifier: Apache-2.0
// Ids: trace and span ids, as bytes, as lower-case hex, and new ones.
//
//   TraceId trace = new_trace_id();                // never all zero
//   std::string text = to_hex(trace);              // 32 characters, lower case
//   std::optional<TraceId> back = parse_hex<TraceId>(text);
//
// New ids come from a generator of the thread (xoshiro256++), seeded by the kernel and seeded again after a fork, so that
// a child does not repeat its parent. They are hard to hit by chance, not secret.
// Threads: thread-safe. Costs about 5 ns; the first in a thread a system call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::traces {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

TraceId new_trace_id();
SpanId new_span_id();

template <std::size_t N>
constexpr bool is_zero(const std::array<std::uint8_t, N>& id) noexcept {
  for (const std::uint8_t byte : id)
    if (byte != 0) return false;
  return true;
}

template <std::size_t N>
std::string to_hex(const std::array<std::uint8_t, N>& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * N);
  for (const std::uint8_t byte : id) text += {kDigits[byte >> 4], kDigits[byte & 15]};
  return text;
}

// A digit of lower-case hex, else -1.
constexpr int lower_hex_digit(char c) noexcept {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Exactly its digits, in lower case (W3C Trace Context); all zero is no id.
template <class Id>
std::optional<Id> parse_hex(std::string_view text) noexcept {
  Id id{};
  if (text.size() != 2 * id.size()) return std::nullopt;
  for (std::size_t i = 0; i < id.size(); ++i) {
    const int high = lower_hex_digit(text[2 * i]), low = lower_hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return is_zero(id) ? std::nullopt : std::optional<Id>(id);
}

}  // namespace tocsin::traces
