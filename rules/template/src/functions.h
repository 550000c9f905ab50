// SPDX-License-Identifier: Apache-2.0
// The functions a template may call: name, what they take, what they do, in one row each.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "rules/template/src/node.h"
#include "rules/template/template.h"
#include "rules/template/value.h"

namespace tocsin::rules::templates {

inline constexpr std::string_view kRowsType = "template.queryResult", kSampleType = "*template.sample";

enum class Parameter : std::uint8_t {
  Raw,   // whatever it is, as Go's reflect.Value
  Any,   // interface {}
  Text, Rows, Sample, Duration, Number,
};
std::string_view type_name(Parameter parameter) noexcept;  // as Go names it

struct CallContext {
  const Environment& environment;
  const Limits& limits;
  mutable std::size_t spent_bytes = 0;  // by query results, which are held while the template runs
};

using Arguments = std::span<const Value>;

struct Function {
  std::string_view name;
  std::array<Parameter, 3> parameters;
  std::size_t fixed;   // how many of them must be given
  bool variadic;       // any number of the parameter after those
  Value (*call)(const CallContext&, Arguments);  // throws Failure with words for "error calling NAME: "
};

// One table a family; find_function looks through all.
std::span<const Function> go_functions() noexcept;
std::span<const Function> comparison_functions() noexcept;
std::span<const Function> prometheus_functions() noexcept;
std::span<const Function> humanize_functions() noexcept;
const Function* find_function(std::string_view name) noexcept;

// Methods of times and durations; the receiver is the first argument.
const Function* find_method(Value::Kind kind, std::string_view name) noexcept;

double to_number(const Value& value);  // a number, or a text that is one; throws Failure
double parse_number(const std::string& text);  // strconv.ParseFloat; throws Failure
std::string query_escape(std::string_view text);  // url.QueryEscape

}  // namespace tocsin::rules::templates
