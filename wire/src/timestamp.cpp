// SPDX-License-Identifier: Apache-2.0
#include "wire/timestamp.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

namespace tocsin::wire {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

struct Parts {
  std::chrono::year_month_day date;
  std::chrono::weekday weekday;
  std::chrono::hh_mm_ss<nanoseconds> time;
};

Parts parts_of(Time time) {
  const auto day = std::chrono::floor<days>(time);
  return {std::chrono::year_month_day(day), std::chrono::weekday(day), std::chrono::hh_mm_ss(nanoseconds(time - day))};
}

// Reads exactly `count` digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// ".25" in nanoseconds; digits beyond the ninth are cut off.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, ".")) return 0;
  std::int64_t value = 0;
  std::int64_t unit = kNsPerSecond;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    unit /= 10;
    value += (text[digits] - '0') * unit;
  }
  text.remove_prefix(digits);
  if (digits == 0) return std::nullopt;
  return value;
}

std::optional<minutes> take_zone(std::string_view& text) {
  if (take(text, "Zz")) return minutes(0);
  const bool west = text.starts_with('-');
  if (!take(text, "+-")) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  const minutes offset = hours(*hour) + minutes(*minute);
  return west ? -offset : offset;
}

std::optional<Time> from_seconds(std::int64_t unix_seconds, std::int64_t ns) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / kNsPerSecond - 1;
  if (unix_seconds < -kMost || unix_seconds > kMost) return std::nullopt;
  return from_unix_ns(unix_seconds * kNsPerSecond + ns);
}

std::optional<Time> parse_rfc3339(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !take(text, "Tt ")) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_digits(text, 2);
  const auto fraction = take_fraction(text);
  const auto zone = take_zone(text);
  if (!second || !fraction || !zone || !text.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;  // 60: a leap second
  const seconds since = std::chrono::sys_days(date).time_since_epoch() + hours(*hour) + minutes(*minute) + seconds(*second) - *zone;
  return from_seconds(since.count(), *fraction);
}

// In decimal, so that 1700000000.123456789 keeps its digits; with an exponent, through a double.
std::optional<Time> parse_unix(std::string_view text) {
  std::string_view rest = text;
  const bool negative = take(rest, "-");
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), whole);
  if (error == std::errc{} && rest.front() != '-') {
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const auto fraction = take_fraction(rest);
    if (fraction && rest.empty()) return negative ? from_seconds(-whole, -*fraction) : from_seconds(whole, *fraction);
  }
  double real = 0;
  const auto [real_end, real_error] = std::from_chars(text.data(), text.data() + text.size(), real);
  if (real_error != std::errc{} || real_end != text.data() + text.size() || !(std::abs(real) < 9.2e9)) return std::nullopt;
  const double floor = std::floor(real);
  return from_seconds(static_cast<std::int64_t>(floor), std::llround((real - floor) * 1e9));
}

}  // namespace

std::string format_rfc3339(Time time) {
  const Parts p = parts_of(time);
  std::array<char, 64> text{};
  int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(p.date.year()),
                           static_cast<unsigned>(p.date.month()), static_cast<unsigned>(p.date.day()),
                           static_cast<int>(p.time.hours().count()), static_cast<int>(p.time.minutes().count()),
                           static_cast<int>(p.time.seconds().count()));
  std::string out(text.data(), static_cast<std::size_t>(size));
  if (const long long ns = p.time.subseconds().count(); ns != 0) {
    size = std::snprintf(text.data(), text.size(), ".%09lld", ns);
    out.append(text.data(), static_cast<std::size_t>(size));
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + 'Z';
}

std::string format_http_date(Time time) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Parts p = parts_of(time);
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT",
                                 kDays[p.weekday.c_encoding()], static_cast<unsigned>(p.date.day()),
                                 kMonths[static_cast<unsigned>(p.date.month()) - 1], static_cast<int>(p.date.year()),
                                 static_cast<int>(p.time.hours().count()), static_cast<int>(p.time.minutes().count()),
                                 static_cast<int>(p.time.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

Result<Time> parse_timestamp(std::string_view text) {
  auto time = parse_unix(text);
  if (!time) time = parse_rfc3339(text);
  if (!time) return Error{Fault::Input, "\"" + std::string(text) + "\" is no time: write Unix seconds or RFC 3339"};
  return *time;
}

}  // namespace tocsin::wire
