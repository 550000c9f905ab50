// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/statsd_line.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>

namespace tocsin::agent {

namespace {

// Cuts up to the first separator off the front.
std::string_view take(std::string_view& text, char separator) noexcept {
  const auto at = text.find(separator);
  const std::string_view piece = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return piece;
}

std::optional<double> number(std::string_view text) noexcept {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<StatsdType> type_of(std::string_view text) noexcept {
  constexpr std::array<std::pair<std::string_view, StatsdType>, 6> kTypes{{{"c", StatsdType::Counter},
                                                                          {"g", StatsdType::Gauge},
                                                                          {"ms", StatsdType::Timer},
                                                                          {"h", StatsdType::Histogram},
                                                                          {"d", StatsdType::Distribution},
                                                                          {"s", StatsdType::Set}}};
  for (const auto& [word, type] : kTypes)
    if (word == text) return type;
  return std::nullopt;
}

StatsdFault read_tags(std::string_view text, StatsdLine& line) {
  while (!text.empty()) {
    std::string_view tag = take(text, ',');
    if (tag.empty()) continue;  // "a:1,,b:2" is what some clients send
    const auto colon = tag.find(':');
    const std::string_view key = tag.substr(0, colon);
    if (key.empty()) return StatsdFault::BadTag;
    line.tags.emplace_back(key, colon == std::string_view::npos ? std::string_view{} : tag.substr(colon + 1));
  }
  return StatsdFault::None;
}

// What stands behind the type: "@0.1", "#a:b", "c:container", "T1656581400". Unknown fields are of later versions.
StatsdFault read_extensions(std::string_view text, StatsdLine& line) {
  while (!text.empty()) {
    const std::string_view field = take(text, '|');
    if (field.starts_with('@')) {
      const auto rate = number(field.substr(1));
      if (!rate || *rate <= 0 || *rate > 1) return StatsdFault::BadRate;
      line.rate = *rate;
    } else if (field.starts_with('#')) {
      if (const StatsdFault fault = read_tags(field.substr(1), line); fault != StatsdFault::None) return fault;
    }
  }
  return StatsdFault::None;
}

StatsdFault read_values(std::string_view text, StatsdLine& line) {
  if (line.type == StatsdType::Set) {
    line.members.push_back(text);
    return StatsdFault::None;
  }
  line.relative = line.type == StatsdType::Gauge && (text.starts_with('+') || text.starts_with('-'));
  for (bool more = true; more;) {
    more = text.find(':') != std::string_view::npos;
    const auto value = number(take(text, ':'));
    if (!value) return StatsdFault::BadValue;
    if (line.type != StatsdType::Gauge && *value < 0) return StatsdFault::BadValue;
    line.values.push_back(*value);
  }
  return StatsdFault::None;
}

}  // namespace

std::string_view to_text(StatsdFault fault) noexcept {
  constexpr std::array<std::string_view, 10> kWords{"none",     "empty",    "no_name", "no_value",     "bad_value",
                                                    "bad_type", "bad_rate", "bad_tag", "not_a_metric", "too_long"};
  return kWords[static_cast<std::size_t>(fault)];
}

StatsdFault parse_statsd_line(std::string_view text, StatsdLine& line) {
  line.values.clear();
  line.members.clear();
  line.tags.clear();
  line.relative = false;
  line.rate = 1;
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return StatsdFault::Empty;
  if (text.size() > kMaxStatsdLine) return StatsdFault::TooLong;
  if (text.starts_with("_e{") || text.starts_with("_sc|")) return StatsdFault::NotAMetric;
  const auto colon = text.find(':');
  const auto bar = text.find('|');
  if (colon == 0 || bar == 0) return StatsdFault::NoName;
  if (colon == std::string_view::npos || bar == std::string_view::npos || bar < colon) return StatsdFault::NoValue;
  line.name = text.substr(0, colon);
  const std::string_view values = text.substr(colon + 1, bar - colon - 1);
  if (values.empty()) return StatsdFault::NoValue;
  std::string_view rest = text.substr(bar + 1);
  const auto type = type_of(take(rest, '|'));
  if (!type) return StatsdFault::BadType;
  line.type = *type;
  if (const StatsdFault fault = read_values(values, line); fault != StatsdFault::None) return fault;
  return read_extensions(rest, line);
}

}  // namespace tocsin::agent
