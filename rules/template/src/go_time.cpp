// SPDX-License-Identifier: Apache-2.0
#include "rules/template/src/go_time.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace tocsin::rules::templates {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"January", "February", "March", "April", "May", "June", "July",
                                                   "August", "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
                                                    "Saturday"};

std::string padded(std::int64_t value, int width, char fill = '0') {
  char text[32];
  std::snprintf(text, sizeof text, fill == '0' ? "%0*lld" : "%*lld", width, static_cast<long long>(value));
  return text;
}

std::string fraction(const CivilTime& at, std::size_t digits, bool trim, char point) {
  std::string text = padded(at.nanosecond, 9).substr(0, digits);
  if (trim) {
    while (!text.empty() && text.back() == '0') text.pop_back();
    if (text.empty()) return {};
  }
  return point + text;
}

// The parts of a layout, longest first where one begins another.
struct Part {
  std::string_view layout;
  std::string (*write)(const CivilTime&);
};
constexpr auto hour12 = [](const CivilTime& t) { return t.hour % 12 == 0 ? 12 : t.hour % 12; };
const std::array<Part, 30> kParts{{
    {"January", [](const CivilTime& t) { return std::string(month_name(t.month)); }},
    {"Jan", [](const CivilTime& t) { return std::string(month_name(t.month).substr(0, 3)); }},
    {"Monday", [](const CivilTime& t) { return std::string(weekday_name(t.weekday)); }},
    {"Mon", [](const CivilTime& t) { return std::string(weekday_name(t.weekday).substr(0, 3)); }},
    {"MST", [](const CivilTime&) { return std::string("UTC"); }},
    {"2006", [](const CivilTime& t) { return padded(t.year, 4); }},
    {"002", [](const CivilTime& t) { return padded(t.year_day, 3); }},
    {"__2", [](const CivilTime& t) { return padded(t.year_day, 3, ' '); }},
    {"01", [](const CivilTime& t) { return padded(t.month, 2); }},
    {"02", [](const CivilTime& t) { return padded(t.day, 2); }},
    {"03", [](const CivilTime& t) { return padded(hour12(t), 2); }},
    {"04", [](const CivilTime& t) { return padded(t.minute, 2); }},
    {"05", [](const CivilTime& t) { return padded(t.second, 2); }},
    {"06", [](const CivilTime& t) { return padded(t.year % 100, 2); }},
    {"15", [](const CivilTime& t) { return padded(t.hour, 2); }},
    {"_2", [](const CivilTime& t) { return padded(t.day, 2, ' '); }},
    {"PM", [](const CivilTime& t) { return std::string(t.hour >= 12 ? "PM" : "AM"); }},
    {"pm", [](const CivilTime& t) { return std::string(t.hour >= 12 ? "pm" : "am"); }},
    {"-07:00:00", [](const CivilTime&) { return std::string("+00:00:00"); }},
    {"-07:00", [](const CivilTime&) { return std::string("+00:00"); }},
    {"-070000", [](const CivilTime&) { return std::string("+000000"); }},
    {"-0700", [](const CivilTime&) { return std::string("+0000"); }},
    {"-07", [](const CivilTime&) { return std::string("+00"); }},
    {"Z07:00", [](const CivilTime&) { return std::string("Z"); }},
    {"Z0700", [](const CivilTime&) { return std::string("Z"); }},
    {"1", [](const CivilTime& t) { return std::to_string(t.month); }},
    {"2", [](const CivilTime& t) { return std::to_string(t.day); }},
    {"3", [](const CivilTime& t) { return std::to_string(hour12(t)); }},
    {"4", [](const CivilTime& t) { return std::to_string(t.minute); }},
    {"5", [](const CivilTime& t) { return std::to_string(t.second); }},
}};

// ".000" or ",999" after which no digit follows; 0 where there is none.
std::size_t fraction_length(std::string_view layout) noexcept {
  if (layout.size() < 2 || (layout[0] != '.' && layout[0] != ',') || (layout[1] != '0' && layout[1] != '9')) return 0;
  std::size_t end = 1;
  while (end < layout.size() && layout[end] == layout[1]) ++end;
  return end < layout.size() && layout[end] >= '0' && layout[end] <= '9' ? 0 : end;
}

}  // namespace

CivilTime civil(Time time) noexcept {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{std::chrono::sys_days(day)};
  const auto rest = (time - day).count();
  CivilTime out;
  out.year = static_cast<int>(date.year());
  out.month = static_cast<int>(static_cast<unsigned>(date.month()));
  out.day = static_cast<int>(static_cast<unsigned>(date.day()));
  out.nanosecond = static_cast<int>(rest % 1'000'000'000);
  const auto seconds = rest / 1'000'000'000;
  out.hour = static_cast<int>(seconds / 3600), out.minute = static_cast<int>(seconds / 60 % 60);
  out.second = static_cast<int>(seconds % 60);
  out.weekday = static_cast<int>(std::chrono::weekday(std::chrono::sys_days(day)).c_encoding());
  const std::chrono::sys_days first{date.year() / std::chrono::January / 1};
  out.year_day = static_cast<int>((std::chrono::sys_days(day) - first).count()) + 1;
  return out;
}

std::string format_time(Time time, std::string_view layout) {
  const CivilTime at = civil(time);
  std::string out;
  while (!layout.empty()) {
    if (const std::size_t length = fraction_length(layout)) {
      out += fraction(at, std::min<std::size_t>(length - 1, 9), layout[1] == '9', layout[0]);
      layout.remove_prefix(length);
      continue;
    }
    const auto part = std::find_if(kParts.begin(), kParts.end(), [&](const Part& one) { return layout.starts_with(one.layout); });
    if (part == kParts.end()) {
      out += layout.front();
      layout.remove_prefix(1);
    } else {
      out += part->write(at);
      layout.remove_prefix(part->layout.size());
    }
  }
  return out;
}

std::string time_text(Time time) { return format_time(time, "2006-01-02 15:04:05.999999999 -0700 MST"); }

std::string duration_text(std::chrono::nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count == 0) return "0s";
  const auto size = count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
  // `value` units of `scale` nanoseconds, without zeros at the end.
  const auto decimal = [](std::uint64_t value, std::uint64_t scale) {
    std::string text = std::to_string(value / scale);
    if (std::uint64_t rest = value % scale; rest != 0) {
      std::string digits = std::to_string(scale + rest).substr(1);
      while (digits.back() == '0') digits.pop_back();
      text += '.' + digits;
    }
    return text;
  };
  std::string out = count < 0 ? "-" : "";
  if (size < 1'000) return out + std::to_string(size) + "ns";
  if (size < 1'000'000) return out + decimal(size, 1'000) + "µs";
  if (size < 1'000'000'000) return out + decimal(size, 1'000'000) + "ms";
  const std::uint64_t minutes = size / 60'000'000'000U;
  if (minutes >= 60) out += std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  return out + decimal(size % 60'000'000'000U, 1'000'000'000) + "s";
}

std::string_view month_name(int month) noexcept { return kMonths[static_cast<std::size_t>(month - 1) % 12]; }
std::string_view weekday_name(int weekday) noexcept { return kWeekdays[static_cast<std::size_t>(weekday) % 7]; }

}  // namespace tocsin::rules::templates
