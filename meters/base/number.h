// SPDX-License-Identifier: Apache-2.0
// Numbers to text and back, exactly and without locale.
//
//   append_double(out, 0.1);        // "0.1": the shortest text that reads back as the same double
//   append_go_double(out, 5e6);     // "5e+06": as Go's %g writes it, which Prometheus uses for le
//   parse_integer<int>("42");       // whole text or an error
//
// Threads: pure. Costs 10 to 30 ns a number; appending allocates only when `out` grows.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "meters/base/result.h"

namespace tocsin {

template <std::integral T>
void append_integer(std::string& out, T value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, static_cast<std::size_t>(end - buffer));
}

// Shortest round trip: "1", "0.1", "1e+21", "NaN", "+Inf", "-Inf".
void append_double(std::string& out, double value);

// As Go's strconv.FormatFloat(value, 'g', -1, 64): "100000", but "1e+06"; what Prometheus prints.
void append_go_double(std::string& out, double value);

// The whole text must be the number; surrounding space is an error. Errors: Fault::Input, quoting the text.
Result<double> parse_double(std::string_view text);

template <std::integral T>
Result<T> parse_integer(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    return Error{Fault::Input, "number out of range: \"" + std::string(text) + '"'};
  if (error != std::errc{} || end != text.data() + text.size())
    return Error{Fault::Input, "not a whole number: \"" + std::string(text) + '"'};
  return value;
}

}  // namespace tocsin
