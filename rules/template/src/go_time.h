// SPDX-License-Identifier: Apache-2.0
// Times and durations as Go writes them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "meters/base/clock.h"

namespace tocsin::rules::templates {

struct CivilTime {  // UTC
  std::int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0, nanosecond = 0;
  int weekday = 4, year_day = 1;  // Sunday is 0; January 1st is 1
};
CivilTime civil(Time time) noexcept;

std::string format_time(Time time, std::string_view layout);  // time.Time.Format: "2006-01-02T15:04:05Z07:00"
std::string time_text(Time time);                             // time.Time.String
std::string duration_text(std::chrono::nanoseconds duration);  // time.Duration.String: "1h2m0.5s"
std::string_view month_name(int month) noexcept;
std::string_view weekday_name(int weekday) noexcept;

}  // namespace tocsin::rules::templates
