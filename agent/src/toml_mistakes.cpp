// SPDX-License-Identifier: Apache-2.0
#include "agent/src/toml_mistakes.h"

#include <algorithm>

#include "meters/base/text.h"

namespace tocsin::agent {

std::string_view usual_mistake(std::string_view line) {
  line = trim(line);
  if (line.starts_with('[')) return line.find(']') == std::string_view::npos ? "a ] is missing" : "";
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return "";
  const std::string_view value = trim(line.substr(equals + 1));
  if (value.empty()) return "a value is missing";
  if (value.starts_with('"') && std::count(value.begin(), value.end(), '"') % 2 != 0) return "a \" is missing";
  const bool letter = (value[0] >= 'a' && value[0] <= 'z') || (value[0] >= 'A' && value[0] <= 'Z') || value[0] == '/' || value[0] == '$';
  const bool digit = value[0] >= '0' && value[0] <= '9';
  if (letter && !value.starts_with("true") && !value.starts_with("false")) return "a text stands in quotes: \"...\"";
  if (digit && value.find_first_not_of("0123456789._+-eE") != std::string_view::npos) return "a text, a duration or a size stands in quotes: \"...\"";
  if (digit && std::count(value.begin(), value.end(), '.') > 1) return "a text stands in quotes: \"...\"";
  return "";
}

std::string_view line_of(std::string_view text, std::size_t number) {
  for (std::size_t line = 1; line < number; ++line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace tocsin::agent
