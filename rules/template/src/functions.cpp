// SPDX-License-Identifier: Apache-2.0
#include "rules/template/src/functions.h"

#include <algorithm>
#include <cmath>

#include "rules/template/src/format.h"
#include "rules/template/src/go_time.h"

namespace tocsin::rules::templates {
namespace {

using P = Parameter;

std::int64_t unix_seconds(Time time) { return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(); }
double in(const Value& duration, double unit) { return static_cast<double>(duration.duration().count()) / unit; }

constexpr Function kTimeMethods[] = {
    {"Format", {P::Raw, P::Text}, 2, false, [](const CallContext&, Arguments a) { return Value(format_time(a[0].time(), a[1].text())); }},
    {"UTC", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return a[0]; }},
    {"Unix", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(unix_seconds(a[0].time())); }},
    {"UnixMilli", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(std::int64_t{std::chrono::floor<std::chrono::milliseconds>(a[0].time()).time_since_epoch().count()}); }},
    {"UnixNano", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(to_unix_ns(a[0].time())); }},
    {"Year", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(civil(a[0].time()).year); }},
    {"Month", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(month_name(civil(a[0].time()).month)); }},
    {"Day", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(civil(a[0].time()).day); }},
    {"Hour", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(civil(a[0].time()).hour); }},
    {"Minute", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(civil(a[0].time()).minute); }},
    {"Second", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(civil(a[0].time()).second); }},
    {"Nanosecond", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(civil(a[0].time()).nanosecond); }},
    {"Weekday", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(weekday_name(civil(a[0].time()).weekday)); }},
    {"YearDay", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(civil(a[0].time()).year_day); }},
    {"String", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(time_text(a[0].time())); }},
    {"Add", {P::Raw, P::Duration}, 2, false, [](const CallContext&, Arguments a) { return Value(from_unix_ns(static_cast<std::int64_t>(static_cast<std::uint64_t>(to_unix_ns(a[0].time())) + static_cast<std::uint64_t>(a[1].duration().count())))); }},
};

constexpr Function kDurationMethods[] = {
    {"Hours", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(in(a[0], 3.6e12)); }},
    {"Minutes", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(in(a[0], 6e10)); }},
    {"Seconds", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(in(a[0], 1e9)); }},
    {"Milliseconds", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(std::int64_t{a[0].duration().count() / 1'000'000}); }},
    {"Microseconds", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(std::int64_t{a[0].duration().count() / 1'000}); }},
    {"Nanoseconds", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(std::int64_t{a[0].duration().count()}); }},
    {"String", {P::Raw}, 1, false, [](const CallContext&, Arguments a) { return Value(duration_text(a[0].duration())); }},
};

const Function* find_in(std::span<const Function> table, std::string_view name) noexcept {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Function& one) { return one.name == name; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace

std::string_view type_name(Parameter parameter) noexcept {
  switch (parameter) {
    case Parameter::Raw: return "reflect.Value";
    case Parameter::Any: return "interface {}";
    case Parameter::Text: return "string";
    case Parameter::Rows: return kRowsType;
    case Parameter::Sample: return kSampleType;
    case Parameter::Duration: return "time.Duration";
    case Parameter::Number: return "float64";
  }
  return {};
}

const Function* find_function(std::string_view name) noexcept {
  for (const auto table : {go_functions(), comparison_functions(), prometheus_functions(), humanize_functions()}) {
    if (const Function* found = find_in(table, name)) return found;
  }
  return nullptr;
}

const Function* find_method(Value::Kind kind, std::string_view name) noexcept {
  if (kind == Value::Kind::Time) return find_in(kTimeMethods, name);
  if (kind == Value::Kind::Duration) return find_in(kDurationMethods, name);
  return nullptr;
}

bool is_function(std::string_view name) noexcept { return find_function(name) != nullptr; }

std::vector<std::string> function_names() {
  std::vector<std::string> out;
  for (const auto table : {go_functions(), comparison_functions(), prometheus_functions(), humanize_functions()}) {
    for (const Function& one : table) out.emplace_back(one.name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace tocsin::rules::templates
