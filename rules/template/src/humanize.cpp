// SPDX-License-Identifier: Apache-2.0
// Numbers, times and durations for people, exactly as Prometheus writes them.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "rules/template/src/format.h"
#include "rules/template/src/functions.h"
#include "rules/template/src/go_time.h"
#include "rules/template/src/unicode.h"

namespace tocsin::rules::templates {
namespace {

using P = Parameter;

constexpr std::string_view kUp[] = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::string_view kUp1024[] = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
constexpr std::string_view kDown[] = {"m", "u", "n", "p", "f", "a", "z", "y"};

std::string four(double value) { return format_float(value, 'g', 4); }

std::string with_prefix(double value, std::span<const std::string_view> prefixes, double base, bool up) {
  std::string_view prefix;
  for (const std::string_view one : prefixes) {
    if (up ? std::fabs(value) < base : std::fabs(value) >= 1) break;
    prefix = one;
    value = up ? value / base : value * base;
  }
  return four(value).append(prefix);
}

std::string humanize(double value) {
  if (value == 0 || !std::isfinite(value)) return four(value);
  const bool up = std::fabs(value) >= 1;
  return with_prefix(value, up ? kUp : kDown, 1000, up);
}

std::string humanize1024(double value) {
  if (std::fabs(value) <= 1 || !std::isfinite(value)) return four(value);
  return with_prefix(value, kUp1024, 1024, true);
}

std::string humanize_duration(double value) {
  if (!std::isfinite(value)) return four(value);
  if (value == 0) return four(value) + "s";
  if (std::fabs(value) < 1) return with_prefix(value, kDown, 1000, false) + "s";
  const std::string sign = value < 0 ? "-" : "";
  value = std::fabs(value);
  // Go's conversion of a number too large gives the smallest integer.
  const std::int64_t all = value < 9.2233720368547748e18 ? static_cast<std::int64_t>(value) : std::numeric_limits<std::int64_t>::min();
  const std::string seconds = std::to_string(all % 60) + "s", minutes = std::to_string(all / 60 % 60) + "m ";
  const std::string hours = std::to_string(all / 3600 % 24) + "h ";
  if (all / 86400 != 0) return sign + std::to_string(all / 86400) + "d " + hours + minutes + seconds;
  if (all / 3600 % 24 != 0) return sign + hours + minutes + seconds;
  if (all / 60 % 60 != 0) return sign + minutes + seconds;
  return sign + four(value) + "s";
}

Time float_to_time(double value) {
  const double nanoseconds = value * 1e9;
  if (nanoseconds > 9.2233720368547758e18 || nanoseconds < -9.2233720368547758e18) {
    throw Failure{format_float(value, 'g', -1) + " cannot be represented as a nanoseconds timestamp since it overflows int64"};
  }
  // As Prometheus: whole milliseconds; exactly 2^63 is let through and wraps around.
  const std::int64_t whole = nanoseconds >= 9.2233720368547758e18 ? std::numeric_limits<std::int64_t>::min() : static_cast<std::int64_t>(nanoseconds);
  return from_unix_ns(whole / 1'000'000 * 1'000'000);
}

std::string humanize_timestamp(double value) {
  return std::isfinite(value) ? time_text(float_to_time(value)) : four(value);
}

Value to_time(const CallContext&, Arguments arguments) {
  const double value = to_number(arguments[0]);
  if (!std::isfinite(value)) throw Failure{"value is NaN or Inf"};
  return Value(float_to_time(value));
}

Value to_duration(const CallContext&, Arguments arguments) {
  const double nanoseconds = to_number(arguments[0]) * 1e9;
  const bool fits = nanoseconds < 9.2233720368547748e18 && nanoseconds > -9.2233720368547748e18;
  return Value(std::chrono::nanoseconds(fits ? static_cast<std::int64_t>(nanoseconds) : std::numeric_limits<std::int64_t>::min()));
}

// 1h30m, in this order of units; "0" and a sign before it all.
Value parse_duration(const CallContext&, Arguments arguments) {
  std::string_view text = arguments[0].text();
  const Failure bad{text.empty() ? std::string("empty duration string") : "not a valid duration string: " + quote(text)};
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text == "0") return Value(0.0);
  if (text.empty()) throw bad;
  constexpr std::pair<std::string_view, double> kUnits[] = {{"y", 31'536'000e3}, {"w", 604'800e3}, {"d", 86'400e3},
                                                            {"h", 3'600e3}, {"m", 60e3}, {"s", 1e3}, {"ms", 1}};
  double milliseconds = 0;
  std::size_t unit = 0;
  while (!text.empty()) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto length = std::min(text.find_first_of("0123456789", digits), text.size()) - digits;
    if (digits == 0 || digits > 18) throw bad;
    const std::string_view name = text.substr(digits, length);
    if (length == 0) throw bad;
    if (std::none_of(std::begin(kUnits), std::end(kUnits), [&](const auto& one) { return one.first == name; })) {
      throw Failure{"unknown unit " + quote(name) + " in duration " + quote(arguments[0].text())};
    }
    while (unit < std::size(kUnits) && kUnits[unit].first != name) ++unit;
    if (unit == std::size(kUnits)) throw bad;  // from the biggest to the smallest, each once
    milliseconds += std::strtod(std::string(text.substr(0, digits)).c_str(), nullptr) * kUnits[unit++].second;
    text.remove_prefix(digits + length);
  }
  if (milliseconds > 9.2e12) throw Failure{"duration out of range"};
  return Value((negative ? -milliseconds : milliseconds) / 1000);
}

constexpr Function kFunctions[] = {
    {"humanize", {P::Any}, 1, false, [](const CallContext&, Arguments a) { return Value(humanize(to_number(a[0]))); }},
    {"humanize1024", {P::Any}, 1, false, [](const CallContext&, Arguments a) { return Value(humanize1024(to_number(a[0]))); }},
    {"humanizeDuration", {P::Any}, 1, false, [](const CallContext&, Arguments a) { return Value(humanize_duration(to_number(a[0]))); }},
    {"humanizePercentage", {P::Any}, 1, false, [](const CallContext&, Arguments a) { return Value(four(to_number(a[0]) * 100) + "%"); }},
    {"humanizeTimestamp", {P::Any}, 1, false, [](const CallContext&, Arguments a) { return Value(humanize_timestamp(to_number(a[0]))); }},
    {"now", {}, 0, false, [](const CallContext& context, Arguments) { return Value(static_cast<double>(std::chrono::floor<std::chrono::milliseconds>(context.environment.now).time_since_epoch().count()) / 1000); }},
    {"parseDuration", {P::Text}, 1, false, parse_duration},
    {"toDuration", {P::Any}, 1, false, to_duration},
    {"toTime", {P::Any}, 1, false, to_time},
};

}  // namespace

std::span<const Function> humanize_functions() noexcept { return kFunctions; }

double parse_number(const std::string& text) {
  const Failure bad{"strconv.ParseFloat: parsing " + quote(text) + ": invalid syntax"};
  std::string_view body = text;
  if (!body.empty() && (body[0] == '+' || body[0] == '-')) body.remove_prefix(1);
  std::string lower(body);
  for (char& c : lower) c = static_cast<char>(to_lower(static_cast<unsigned char>(c)));
  const bool word = lower == "inf" || lower == "infinity" || (lower == "nan" && body.size() == text.size());
  const bool hexadecimal = lower.starts_with("0x");
  const bool digits = lower.find_first_of("0123456789") != std::string::npos && lower.find_first_not_of(hexadecimal ? "0123456789abcdef.xp+-" : "0123456789.e+-") == std::string::npos;
  if (!word && (!digits || (hexadecimal && lower.find('p') == std::string::npos))) throw bad;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size()) throw bad;
  if (!word && std::isinf(value)) throw Failure{"strconv.ParseFloat: parsing " + quote(text) + ": value out of range"};
  return value;
}

double to_number(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::Float: return value.number();
    case Value::Kind::Int: return static_cast<double>(value.integer());
    case Value::Kind::UInt: return static_cast<double>(value.unsigned_integer());
    case Value::Kind::Text: return parse_number(value.text());
    default: throw Failure{"can't convert " + value.type() + " to float"};
  }
}

}  // namespace tocsin::rules::templates
