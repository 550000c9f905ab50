// SPDX-License-Identifier: Apache-2.0
#include "wire/media_type.h"

#include <algorithm>
#include <cmath>

#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::wire {
namespace {

constexpr std::size_t kMostElements = 64;

// Up to the next separator that is not inside a quoted string; takes it off `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
  bool quoted = false;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    if (rest[at] == '"') quoted = !quoted;
    if (quoted && rest[at] == '\\') ++at;
    if (!quoted && at < rest.size() && rest[at] == separator) break;
  }
  at = std::min(at, rest.size());
  const std::string_view part = trim(rest.substr(0, at));
  rest.remove_prefix(std::min(at + 1, rest.size()));
  return part;
}

std::string unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  std::string out;
  for (std::size_t i = 1; i + 1 < value.size(); ++i) {
    if (value[i] == '\\' && i + 2 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

std::optional<std::pair<std::string, std::string>> parse_parameter(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string name = to_lower(trim(text.substr(0, equals)));
  if (name.empty()) return std::nullopt;
  return std::pair(std::move(name), unquote(trim(text.substr(equals + 1))));
}

// A weight that cannot be read counts as 1, one out of range as the nearest that is in it.
double parse_weight(std::string_view text) {
  const auto weight = parse_double(text);
  return weight && std::isfinite(*weight) ? std::clamp(*weight, 0.0, 1.0) : 1.0;
}

// Splits a list into elements and calls `visit` with the part before ';' and the parameters; "q" is taken out of them.
template <class Visit>
void for_each_element(std::string_view header, Visit visit) {
  for (std::size_t count = 0; !header.empty() && count < kMostElements; ++count) {
    std::string_view element = take_until(header, ',');
    const std::string_view name = take_until(element, ';');
    std::vector<std::pair<std::string, std::string>> parameters;
    double weight = 1.0;
    while (!element.empty()) {
      auto parameter = parse_parameter(take_until(element, ';'));
      if (!parameter) continue;
      if (parameter->first == "q") {
        weight = parse_weight(parameter->second);
      } else {
        parameters.push_back(std::move(*parameter));
      }
    }
    if (!name.empty()) visit(name, std::move(parameters), weight);
  }
}

bool is_type(std::string_view text) {
  const std::size_t slash = text.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
         text.find('/', slash + 1) == std::string_view::npos && text.find_first_of(" \t\"") == std::string_view::npos;
}

template <class Element>
void sort_by_weight(std::vector<Element>& list) {
  std::stable_sort(list.begin(), list.end(), [](const Element& a, const Element& b) { return a.weight > b.weight; });
}

}  // namespace

std::string_view MediaType::parameter(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::optional<MediaType> parse_media_type(std::string_view text) {
  MediaType media;
  media.type = to_lower(take_until(text, ';'));
  if (!is_type(media.type)) return std::nullopt;
  while (!text.empty()) {
    if (auto parameter = parse_parameter(take_until(text, ';'))) media.parameters.push_back(std::move(*parameter));
  }
  return media;
}

std::vector<Preference> parse_accept(std::string_view header) {
  std::vector<Preference> list;
  for_each_element(header, [&](std::string_view name, auto parameters, double weight) {
    if (is_type(name)) list.push_back({{to_lower(name), std::move(parameters)}, weight});
  });
  sort_by_weight(list);
  return list;
}

std::vector<WeightedToken> parse_weighted_list(std::string_view header) {
  std::vector<WeightedToken> list;
  for_each_element(header, [&](std::string_view name, const auto&, double weight) {
    list.push_back({to_lower(name), weight});
  });
  sort_by_weight(list);
  return list;
}

Encoding choose_encoding(std::string_view accept_encoding, std::initializer_list<Encoding> offered) {
  const std::vector<WeightedToken> wanted = parse_weighted_list(accept_encoding);
  const auto weight_of = [&](std::string_view name) {
    double any = 0;
    for (const WeightedToken& one : wanted) {
      if (one.token == name || (one.token == "x-gzip" && name == "gzip")) return one.weight;
      if (one.token == "*") any = one.weight;
    }
    return any;
  };
  Encoding best = Encoding::Identity;
  double best_weight = 0;
  for (const Encoding encoding : offered) {
    const double weight = weight_of(encoding_name(encoding));
    if (weight > best_weight) {
      best = encoding;
      best_weight = weight;
    }
  }
  // Unnamed, identity is acceptable but never what was asked for; named, it counts like any other.
  const bool prefers_identity = std::any_of(wanted.begin(), wanted.end(), [&](const WeightedToken& one) {
    return one.token == "identity" && one.weight > best_weight;
  });
  return prefers_identity ? Encoding::Identity : best;
}

}  // namespace tocsin::wire
