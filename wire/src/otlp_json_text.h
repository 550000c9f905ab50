// SPDX-License-Identifier: Apache-2.0
// Values of OTLP/JSON as text: integers, reals, hexadecimal and base64, as the protobuf JSON mapping wants them.
// Threads: pure.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::wire::otlp_json {

// A JSON number, or "NaN", "Infinity", "-Infinity" or a number in quotes. Nothing where it is none or out of range.
std::optional<double> real(std::string_view text, bool quoted);
void append_real(std::string& out, double value);

// Either case; an even number of digits.
bool decode_hex(std::string_view text, std::string& bytes);
void append_hex(std::string& out, std::string_view bytes);
// Standard or URL-safe alphabet, padded or not.
bool decode_base64(std::string_view text, std::string& bytes);

// Whole digits, or a number such as 1e3 or 5.0 that is whole and exact.
template <std::integral T>
std::optional<T> integer(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc{} && at == end) return value;
  if (text.find_first_of(".eE") == std::string_view::npos) return std::nullopt;
  const std::optional<double> number = real(text, false);
  // The limits as doubles may round up to one too many, hence < on the upper one, which is a power of two.
  constexpr int kDigits = std::numeric_limits<T>::digits;
  if (!number || *number != std::trunc(*number) || *number >= std::ldexp(1.0, kDigits) ||
      *number < (std::signed_integral<T> ? -std::ldexp(1.0, kDigits) : 0.0))
    return std::nullopt;
  return static_cast<T>(*number);
}

}  // namespace tocsin::wire::otlp_json
