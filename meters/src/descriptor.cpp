// SPDX-License-Identifier: Apache-2.0
// Name translation follows prometheus/otlptranslator (metric_namer.go, label_namer.go, units.go).
#include "meters/descriptor.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "meters/base/text.h"

namespace tocsin::meters {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

using Word = std::pair<std::string_view, std::string_view>;

constexpr auto kUnits = std::to_array<Word>({
    {"d", "days"},          {"h", "hours"},        {"min", "minutes"},    {"s", "seconds"},    {"ms", "milliseconds"},
    {"us", "microseconds"}, {"ns", "nanoseconds"}, {"By", "bytes"},       {"KiBy", "kibibytes"}, {"MiBy", "mebibytes"},
    {"GiBy", "gibibytes"},  {"TiBy", "tibibytes"}, {"KBy", "kilobytes"},  {"kBy", "kilobytes"}, {"MBy", "megabytes"},
    {"GBy", "gigabytes"},   {"TBy", "terabytes"},  {"m", "meters"},       {"V", "volts"},      {"A", "amperes"},
    {"J", "joules"},        {"W", "watts"},        {"g", "grams"},        {"Cel", "celsius"},  {"Hz", "hertz"},
    {"1", ""},              {"%", "percent"},
});
constexpr auto kPerUnits = std::to_array<Word>({
    {"s", "second"}, {"m", "minute"}, {"h", "hour"}, {"d", "day"}, {"w", "week"}, {"mo", "month"}, {"y", "year"},
});

template <class Table>
std::string_view word_for(const Table& table, std::string_view unit) noexcept {
  for (const auto& [key, word] : table)
    if (key == unit) return word;
  return unit;
}

// Invalid characters become '_', runs of '_' one, none at the start. One may stay at the end, as in otlptranslator.
std::string clean_unit(std::string_view unit) {
  std::string out;
  for (const char c : unit) {
    if (is_letter_or_digit(c) || c == ':') {
      out += c;
    } else if (!out.empty() && out.back() != '_') {
      out += '_';
    }
  }
  return out;
}

void drop_last_underscore(std::string& text) {
  if (text.ends_with('_')) text.pop_back();
}

// "m/s" -> {"meters", "per_second"}; annotations in braces count for nothing.
struct UnitWords {
  std::string main, per;
};
UnitWords unit_words(std::string_view unit) {
  const auto slash = unit.find('/');
  const auto half = [](std::string_view text, const auto& table) -> std::string {
    const std::string_view trimmed = trim(text);
    if (trimmed.empty() || trimmed.find_first_of("{}") != std::string_view::npos) return {};
    return std::string(word_for(table, trimmed));
  };
  UnitWords words{half(unit.substr(0, slash), kUnits), {}};
  if (slash != std::string_view::npos) words.per = half(unit.substr(slash + 1), kPerUnits);
  if (!words.per.empty()) words.per.insert(0, "per_");
  return words;
}

UnitWords clean_unit_words(std::string_view unit) {
  UnitWords words = unit_words(unit);
  words.main = clean_unit(words.main);
  words.per = clean_unit(words.per);
  if (words.per == "per_") words.per.clear();
  drop_last_underscore(words.per);
  if (!words.per.empty()) drop_last_underscore(words.main);
  return words;
}

using Tokens = std::vector<std::string>;

void move_to_end(Tokens& tokens, std::string_view word) {
  std::erase(tokens, word);
  tokens.emplace_back(word);
}

bool has(const Tokens& tokens, std::string_view word) {
  return std::find(tokens.begin(), tokens.end(), word) != tokens.end();
}

Tokens tokens_of(std::string_view name) {
  Tokens tokens(1);
  for (const char c : name) {
    if (is_letter_or_digit(c) || c == ':') {
      tokens.back() += c;
    } else if (!tokens.back().empty()) {
      tokens.emplace_back();
    }
  }
  if (tokens.back().empty()) tokens.pop_back();
  return tokens;
}

std::string joined(const Tokens& tokens) {
  std::string name;
  for (const std::string& token : tokens) {
    if (!name.empty()) name += '_';
    name += token;
  }
  if (!name.empty() && is_digit(name[0])) name.insert(0, 1, '_');
  return name;
}

bool all_underscores(std::string_view name) noexcept {
  return name.find_first_not_of('_') == std::string_view::npos;
}

// Runs of invalid characters become one '_', none at the ends; the name's own underscores stay.
std::string underscored(std::string_view name) {
  std::string out;
  bool pending = false;
  for (const char c : name) {
    if (!is_letter_or_digit(c) && c != ':' && c != '_') {
      pending = !out.empty();
      continue;
    }
    if (std::exchange(pending, false)) out += '_';
    out += c;
  }
  if (!out.empty() && is_digit(out[0])) out.insert(0, 1, '_');
  return out;
}

// The suffix and the delimiter before it. Unlike otlptranslator, which makes "subtotal" into "su_total", only with one.
void drop_suffix(std::string& name, std::string_view suffix) {
  if (name.size() > suffix.size() + 1 && name.ends_with(suffix) && !is_letter_or_digit(name[name.size() - suffix.size() - 1]))
    name.resize(name.size() - suffix.size() - 1);
}

// With UTF-8 allowed the name stays as it is; suffixes are moved to its end.
std::string utf8_with_suffixes(std::string_view original, std::string_view unit, Kind kind) {
  std::string name(original), tail;
  const UnitWords words = unit_words(unit);
  if (kind == Kind::Counter) {
    drop_suffix(name, "total");
    tail = "_total";
  } else if (kind == Kind::Gauge && unit == "1") {
    drop_suffix(name, "ratio");
    tail = "_ratio";
  }
  if (!words.per.empty()) {
    drop_suffix(name, words.per);
    tail = '_' + words.per + tail;
  }
  if (!words.main.empty() && !name.ends_with(words.main)) name += '_' + words.main;
  return name + tail;
}

}  // namespace

bool Descriptor::operator==(const Descriptor& other) const noexcept {
  return name == other.name && prometheus_name == other.prometheus_name && unit == other.unit && help == other.help &&
         kind == other.kind && observed == other.observed;
}

void set_formerly(Descriptor& descriptor, std::string_view name, Time until) {
  auto before = std::make_shared<Descriptor>(descriptor);
  before->name = name;
  before->prometheus_name = prometheus_name(name, descriptor.unit, descriptor.kind);
  before->help = "Now " + descriptor.name + ". " + descriptor.help;
  descriptor.formerly = std::move(before);
  descriptor.formerly_until = until;
}

std::string_view to_text(Kind kind) noexcept {
  switch (kind) {
    case Kind::Counter: return "counter";
    case Kind::UpDownCounter: return "up-down counter";
    case Kind::Gauge: return "gauge";
    case Kind::Histogram: return "histogram";
    case Kind::Summary: return "summary";
  }
  return "unknown";
}

std::string prometheus_name(std::string_view name, std::string_view unit, Kind kind, NameStrategy strategy) {
  if (strategy == NameStrategy::NoTranslation) return std::string(name);
  if (strategy == NameStrategy::NoUtf8EscapingWithSuffixes) return utf8_with_suffixes(name, unit, kind);
  if (strategy == NameStrategy::UnderscoreEscapingWithoutSuffixes) {
    std::string made = underscored(name);
    return made != name && all_underscores(made) ? std::string{} : made;
  }
  Tokens tokens = tokens_of(name);
  UnitWords words = clean_unit_words(unit);
  if (!words.main.empty() && !has(tokens, words.main)) tokens.push_back(std::move(words.main));
  if (!words.per.empty()) tokens.push_back(std::move(words.per));
  if (kind == Kind::Counter) move_to_end(tokens, "total");
  if (kind == Kind::Gauge && unit == "1") move_to_end(tokens, "ratio");
  return joined(tokens);
}

std::string prometheus_label_name(std::string_view name, NameStrategy strategy) {
  if (name.empty() || strategy == NameStrategy::NoTranslation || strategy == NameStrategy::NoUtf8EscapingWithSuffixes)
    return std::string(name);
  std::string out;
  for (const char c : name) {
    const bool continues_a_character = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    if (is_letter_or_digit(c))
      out += c;
    else if (!continues_a_character)
      out += '_';
  }
  if (out.empty() || (all_underscores(out) && out != name)) return "key" + out;
  if (is_digit(out[0])) return "key_" + out;
  if (out[0] == '_' && !out.starts_with("__")) return "key" + out;
  return out;
}

std::string prometheus_unit(std::string_view unit) {
  UnitWords words = clean_unit_words(unit);
  drop_last_underscore(words.main);
  if (words.per.empty()) return words.main;
  return words.main.empty() ? words.per : words.main + '_' + words.per;
}

namespace {

// `extra` are the characters that are allowed besides letters, digits and '_'.
Result<void> check_name(std::string_view name, std::string_view what, std::string_view extra) {
  const auto fault = [&](const std::string& why) {
    return Error{Fault::Configuration, std::string(what) + " \"" + std::string(name) + "\": " + why};
  };
  if (name.empty()) return fault("must not be empty");
  if (name.size() > 255) return fault("longer than 255 characters");
  if (is_digit(name[0])) return fault("must not start with a digit");
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool inner = i > 0 || name[i] == ':';
    if (is_letter_or_digit(name[i]) || name[i] == '_' || (inner && extra.find(name[i]) != std::string_view::npos)) continue;
    std::string allowed = "a-z A-Z 0-9 _";
    for (const char c : extra) allowed.append(1, ' ').append(1, c);
    return fault("character " + std::to_string(i + 1) + " is not one of " + allowed);
  }
  return {};
}

Result<void> refuse_reserved(std::string_view name) {
  if (!name.starts_with("__")) return {};
  return Error{Fault::Configuration, "label name \"" + std::string(name) + "\": names that start with __ are reserved"};
}

}  // namespace

Result<void> check_metric_name(std::string_view name) { return check_name(name, "metric name", ":"); }
Result<void> check_instrument_name(std::string_view name) { return check_name(name, "meter name", ":./-"); }

Result<void> check_label_name(std::string_view name) {
  if (auto checked = check_name(name, "label name", ""); !checked) return checked;
  return refuse_reserved(name);
}
Result<void> check_attribute_name(std::string_view name) {
  if (auto checked = check_name(name, "label name", "."); !checked) return checked;
  return refuse_reserved(name);
}

}  // namespace tocsin::meters
