// SPDX-License-Identifier: Apache-2.0
// Values as Go's fmt prints them: %v and its sisters.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "meters/base/clock.h"
#include "rules/template/value.h"

namespace tocsin::rules::templates {

// fmt.Sprintf, Sprint, Sprintln. None gives more than about `most` bytes a verb: wider widths are refused in Go's words.
std::string sprintf(std::string_view format, std::span<const Value> arguments);
std::string sprint(std::span<const Value> arguments);
std::string sprintln(std::span<const Value> arguments);
std::string to_text(const Value& value);  // %v

// strconv.FormatFloat(value, verb, precision, 64); precision -1: the shortest that reads back the same.
std::string format_float(double value, char verb, int precision);

}  // namespace tocsin::rules::templates
