// SPDX-License-Identifier: Apache-2.0
#include "meters/base/number.h"

#include <cmath>

namespace tocsin {

namespace {

bool append_special(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    return false;
  }
  return true;
}

}  // namespace

void append_double(std::string& out, double value) {
  if (append_special(out, value)) return;
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, static_cast<std::size_t>(end - buffer));
}

// strconv/ftoa.go, format 'g' with precision -1: the exponent form where the exponent is below -4 or at least 6.
void append_go_double(std::string& out, double value) {
  if (append_special(out, value)) return;
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const char* exponent_text = text.data() + text.find('e') + 1;
  int exponent = 0;
  std::from_chars(exponent_text + (*exponent_text == '+' ? 1 : 0), end, exponent);
  if (exponent >= -4 && exponent < 6)
    end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr;
  out.append(buffer, static_cast<std::size_t>(end - buffer));
}

Result<double> parse_double(std::string_view text) {
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range)
    return Error{Fault::Input, "number out of range: \"" + std::string(text) + '"'};
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.starts_with('+') || digits.starts_with("-+"))
    return Error{Fault::Input, "not a number: \"" + std::string(text) + '"'};
  return value;
}

}  // namespace tocsin
