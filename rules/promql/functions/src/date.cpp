// SPDX-License-Identifier: Apache-2.0
// What a Unix time says in UTC: hour, day_of_week, ...
#include <array>
#include <cstdint>
#include <limits>

#include "rules/promql/src/instant_function.h"

namespace tocsin::rules::promql {
namespace {

using Scalars = std::span<const double>;

constexpr std::uint64_t kSecondsOfDay = 86'400;
// Days are counted from a 1st of March, so that a leap day ends its year, and from a year so early that every 64-bit second
// comes after it: Go's time package does the same, and wraps where it does.
constexpr std::int64_t kFirstYear = -292'277'022'400;
constexpr std::uint64_t kDaysOf400Years = 146'097, kDaysOfCentury = 36'524, kDaysOf4Years = 1'461, kDaysOfYear = 365;
constexpr std::uint64_t kDaysBefore1970 = -kFirstYear / 400 * kDaysOf400Years + 719'468;
constexpr std::uint64_t kWednesday = 3;  // the first day
constexpr std::array<std::uint8_t, 12> kDaysOfMonth = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

// As Go's conversion on amd64: what does not fit, and NaN, is the least number.
std::int64_t whole(double seconds) noexcept {
  if (seconds >= -0x1p63 && seconds < 0x1p63) return static_cast<std::int64_t>(seconds);
  return std::numeric_limits<std::int64_t>::min();
}

struct Moment {
  explicit Moment(double seconds) noexcept {
    const std::uint64_t since = static_cast<std::uint64_t>(whole(seconds)) + kDaysBefore1970 * kSecondsOfDay;
    second = since % kSecondsOfDay;
    days = since / kSecondsOfDay;
    const std::uint64_t of_era = days % kDaysOf400Years;
    const std::uint64_t year_of_era = (of_era - of_era / (kDaysOf4Years - 1) + of_era / kDaysOfCentury - of_era / (kDaysOf400Years - 1)) / kDaysOfYear;
    const std::uint64_t of_year = of_era - (kDaysOfYear * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::uint64_t from_march = (5 * of_year + 2) / 153;
    day = of_year - (153 * from_march + 2) / 5 + 1;
    month = from_march < 10 ? from_march + 3 : from_march - 9;
    year = kFirstYear + static_cast<std::int64_t>(days / kDaysOf400Years * 400 + year_of_era) + (month <= 2 ? 1 : 0);
  }
  bool leap() const noexcept { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
  std::uint64_t days_of(std::uint64_t of_month) const noexcept {
    return kDaysOfMonth[of_month - 1] + (of_month == 2 && leap() ? 1U : 0U);
  }

  std::int64_t year;
  std::uint64_t month, day;   // from 1
  std::uint64_t days, second;  // since the first day, of the day
};

double days_in_month(double t, Scalars) {
  const Moment moment(t);
  return static_cast<double>(moment.days_of(moment.month));
}
double day_of_month(double t, Scalars) { return static_cast<double>(Moment(t).day); }
double day_of_week(double t, Scalars) { return static_cast<double>((Moment(t).days + kWednesday) % 7); }
double day_of_year(double t, Scalars) {
  const Moment moment(t);
  std::uint64_t days = moment.day;
  for (std::uint64_t month = 1; month < moment.month; ++month) days += moment.days_of(month);
  return static_cast<double>(days);
}
double hour(double t, Scalars) { return static_cast<double>(Moment(t).second / 3'600); }
double minute(double t, Scalars) { return static_cast<double>(Moment(t).second / 60 % 60); }
double month(double t, Scalars) { return static_cast<double>(Moment(t).month); }
double year(double t, Scalars) { return static_cast<double>(Moment(t).year); }

constexpr FloatRow kRows[] = {
    {"day_of_month", day_of_month}, {"day_of_week", day_of_week}, {"day_of_year", day_of_year},
    {"days_in_month", days_in_month}, {"hour", hour}, {"minute", minute}, {"month", month}, {"year", year},
};

}  // namespace

std::span<const FloatRow> date_functions() noexcept { return kRows; }

}  // namespace tocsin::rules::promql
