// SPDX-License-Identifier: Apache-2.0
// What a Unix time says in UTC: hour, day_of_week, ...
#include <chrono>
#include <cmath>
#include <limits>

#include "rules/promql/src/instant_function.h"

namespace tocsin::rules::promql {
namespace {

namespace chrono = std::chrono;
using Scalars = std::span<const double>;

// Beyond these seconds the calendar's year does not fit; Go's integers wrap there too, to no useful date.
constexpr double kMostSeconds = 9.0e11;

struct Moment {
  explicit Moment(double seconds)
      : time(chrono::seconds(std::isfinite(seconds) && std::abs(seconds) < kMostSeconds ? static_cast<std::int64_t>(seconds)
                                                                                        : 0)),
        day(chrono::floor<chrono::days>(time)), date(day), clock(time - day) {}
  chrono::sys_seconds time;
  chrono::sys_days day;
  chrono::year_month_day date;
  chrono::hh_mm_ss<chrono::seconds> clock;
};

double days_in_month(double t, Scalars) {
  const auto date = Moment(t).date;
  return static_cast<unsigned>((date.year() / date.month() / chrono::last).day());
}
double day_of_month(double t, Scalars) { return static_cast<unsigned>(Moment(t).date.day()); }
double day_of_week(double t, Scalars) { return chrono::weekday(Moment(t).day).c_encoding(); }
double day_of_year(double t, Scalars) {
  const Moment moment(t);
  return static_cast<double>((moment.day - chrono::sys_days(moment.date.year() / 1 / 1)).count() + 1);
}
double hour(double t, Scalars) { return static_cast<double>(Moment(t).clock.hours().count()); }
double minute(double t, Scalars) { return static_cast<double>(Moment(t).clock.minutes().count()); }
double month(double t, Scalars) { return static_cast<unsigned>(Moment(t).date.month()); }
double year(double t, Scalars) { return static_cast<int>(Moment(t).date.year()); }

constexpr FloatRow kRows[] = {
    {"day_of_month", day_of_month}, {"day_of_week", day_of_week}, {"day_of_year", day_of_year},
    {"days_in_month", days_in_month}, {"hour", hour}, {"minute", minute}, {"month", month}, {"year", year},
};

}  // namespace

std::span<const FloatRow> date_functions() noexcept { return kRows; }

}  // namespace tocsin::rules::promql
