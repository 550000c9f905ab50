// SPDX-License-Identifier: Apache-2.0
#include "wire/src/exposition_number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::wire {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::optional<double> word(std::string_view text, bool negative, bool has_sign) noexcept {
  if (equal_ignoring_case(text, "inf") || equal_ignoring_case(text, "infinity"))
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  if (!has_sign && equal_ignoring_case(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

// from_chars does not tell overflow from underflow, and refuses both; only the first is no number to us.
std::optional<double> out_of_range(std::string_view text) noexcept {
  const double value = std::strtod(std::string(text).c_str(), nullptr);
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

std::string om_number(double value) {
  std::string text;
  append_go_double(text, value);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::optional<double> exposition_number(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  const bool has_sign = text[0] == '-' || text[0] == '+';
  const bool negative = text[0] == '-';
  std::string_view digits = text.substr(has_sign ? 1 : 0);
  if (digits.empty()) return std::nullopt;
  if (!is_digit(digits[0]) && digits[0] != '.') return word(digits, negative, has_sign);
  // Most values are small whole numbers.
  if (digits.size() <= 15) {
    std::uint64_t whole = 0;
    std::size_t i = 0;
    for (; i < digits.size() && is_digit(digits[i]); ++i) whole = whole * 10 + static_cast<std::uint64_t>(digits[i] - '0');
    if (i == digits.size()) return negative ? -static_cast<double>(whole) : static_cast<double>(whole);
  }
  double value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size()) return std::nullopt;
  if (fault == std::errc::result_out_of_range) {
    const auto rescued = out_of_range(digits);
    if (!rescued) return std::nullopt;
    value = *rescued;
  } else if (fault != std::errc{}) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

std::int64_t milliseconds_of(double seconds) noexcept {
  const double ms = seconds * 1000;
  if (!(ms > -9.2e18)) return std::numeric_limits<std::int64_t>::min() + 1;
  if (!(ms < 9.2e18)) return std::numeric_limits<std::int64_t>::max();
  return std::llround(ms);
}

std::string_view bound_text(double bound, TextArena& texts) { return texts.keep(om_number(bound)); }

std::string_view canonical_bound(std::string_view text, double bound, TextArena& texts) {
  const std::string wanted = om_number(bound);
  return wanted == text ? text : texts.keep(wanted);
}

}  // namespace tocsin::wire
