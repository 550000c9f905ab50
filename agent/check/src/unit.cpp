// SPDX-License-Identifier: Apache-2.0
#include "agent/check/unit.h"

#include <cmath>

#include "meters/base/number.h"

namespace tocsin::agent {

namespace {

using Base = Unit::Base;

struct Word {
  std::string_view name;
  Base base;
  bool per_second;
  double scale;
};

constexpr Word kUcum[] = {
    {"", Base::One, false, 1},           {"1", Base::One, false, 1},          {"%", Base::One, false, 0.01},
    {"ns", Base::Seconds, false, 1e-9},  {"us", Base::Seconds, false, 1e-6},  {"ms", Base::Seconds, false, 1e-3},
    {"s", Base::Seconds, false, 1},      {"min", Base::Seconds, false, 60},   {"h", Base::Seconds, false, 3600},
    {"d", Base::Seconds, false, 86400},  {"By", Base::Bytes, false, 1},       {"kBy", Base::Bytes, false, 1e3},
    {"MBy", Base::Bytes, false, 1e6},    {"KiBy", Base::Bytes, false, 1024},  {"MiBy", Base::Bytes, false, 1048576},
    {"By/s", Base::Bytes, true, 1},
};

// Grafana's, those that say what is measured.
constexpr Word kPanel[] = {
    {"", Base::Any, false, 1},            {"short", Base::Any, false, 1},        {"none", Base::Any, false, 1},
    {"sishort", Base::Any, false, 1},     {"locale", Base::Any, false, 1},       {"percentunit", Base::One, false, 1},
    {"percent", Base::One, false, 0.01},  {"ns", Base::Seconds, false, 1e-9},    {"µs", Base::Seconds, false, 1e-6},
    {"ms", Base::Seconds, false, 1e-3},   {"s", Base::Seconds, false, 1},        {"m", Base::Seconds, false, 60},
    {"h", Base::Seconds, false, 3600},    {"d", Base::Seconds, false, 86400},    {"dtdurationms", Base::Seconds, false, 1e-3},
    {"dtdurations", Base::Seconds, false, 1}, {"clockms", Base::Seconds, false, 1e-3}, {"clocks", Base::Seconds, false, 1},
    {"dateTimeAsIso", Base::Seconds, false, 1e-3}, {"dateTimeAsLocal", Base::Seconds, false, 1e-3},
    {"dateTimeFromNow", Base::Seconds, false, 1e-3}, {"bytes", Base::Bytes, false, 1}, {"decbytes", Base::Bytes, false, 1},
    {"kbytes", Base::Bytes, false, 1024}, {"deckbytes", Base::Bytes, false, 1e3}, {"mbytes", Base::Bytes, false, 1048576},
    {"decmbytes", Base::Bytes, false, 1e6}, {"Bps", Base::Bytes, true, 1},       {"binBps", Base::Bytes, true, 1},
    {"reqps", Base::Count, true, 1},      {"ops", Base::Count, true, 1},         {"cps", Base::Count, true, 1},
    {"rps", Base::Count, true, 1},        {"wps", Base::Count, true, 1},         {"iops", Base::Count, true, 1},
    {"eps", Base::Count, true, 1},        {"mps", Base::Count, true, 1},         {"pps", Base::Count, true, 1},
    {"recps", Base::Count, true, 1},      {"rowsps", Base::Count, true, 1},      {"reqpm", Base::Count, true, 1.0 / 60},
    {"opm", Base::Count, true, 1.0 / 60}, {"cpm", Base::Count, true, 1.0 / 60},  {"rpm", Base::Count, true, 1.0 / 60},
    {"wpm", Base::Count, true, 1.0 / 60}, {"epm", Base::Count, true, 1.0 / 60},  {"mpm", Base::Count, true, 1.0 / 60},
};

bool near(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b)); }

std::string number(double value) {
  std::string text;
  append_double(text, value);
  return text;
}

}  // namespace

Unit Unit::of(std::string_view ucum) {
  for (const Word& word : kUcum)
    if (word.name == ucum) return {word.base, {}, word.per_second, word.scale};
  if (ucum.starts_with('{') && ucum.ends_with('}')) return {Base::Count, std::string(ucum), false, 1};
  if (ucum.starts_with('{') && ucum.ends_with("}/s")) return {Base::Count, std::string(ucum.substr(0, ucum.size() - 2)), true, 1};
  return {};
}

Unit Unit::rate() const {
  Unit made = *this;
  if (base == Base::Seconds) return one(scale);
  if (base == Base::One) return {Base::Count, {}, true, scale};
  if (base == Base::Count || base == Base::Bytes) {
    if (per_second) return {};
    made.per_second = true;
    return made;
  }
  return {};
}

Unit Unit::times(double factor) const {
  Unit made = *this;
  if (factor != 0) made.scale /= factor;
  return made;
}

Unit Unit::divided_by(const Unit& other) const {
  if (!known() || !other.known()) return {};
  const double ratio = scale / other.scale;
  if (other.base == Base::One) {
    Unit made = *this;
    made.scale = ratio;
    return made;
  }
  if (base == other.base && per_second == other.per_second && (thing == other.thing || thing.empty() || other.thing.empty()))
    return one(ratio);
  // Seconds or bytes for each request: both over the same time.
  if (other.base == Base::Count && base == Base::Seconds && !other.per_second) return {Base::Seconds, {}, false, ratio};
  if (other.base == Base::Count && base == Base::One && other.per_second) return {Base::Seconds, {}, false, ratio};
  if (other.base == Base::Count && base == Base::Bytes && per_second == other.per_second) return {Base::Bytes, {}, false, ratio};
  return {};
}

bool Unit::fits(const Unit& other) const noexcept {
  if (base == Base::Unknown || base == Base::Literal || !other.known()) return true;
  if (base == Base::Any) return other.base == Base::Count || other.base == Base::One;
  if (base != other.base || per_second != other.per_second) return false;
  // A ratio may be of anything to anything; what is mistaken is per cent.
  if (base == Base::One) return !near(scale, other.scale * 100) && !near(scale * 100, other.scale);
  return near(scale, other.scale);
}

std::string Unit::words() const {
  const auto scaled = [&](const std::string& what) { return near(scale, 1) ? what : what + " times " + number(1 / scale); };
  switch (base) {
    case Base::Unknown:
    case Base::Literal:
    case Base::Any: return "numbers";
    case Base::One: return near(scale, 0.01) ? "per cent" : scaled("a ratio or plain number");
    case Base::Count: {
      const std::string what = thing.empty() ? "a count" : thing;
      if (per_second && near(scale * 60, 1)) return what + " a minute";
      return scaled(what + (per_second ? " a second" : ""));
    }
    case Base::Seconds:
      for (const auto& [of, word] : {std::pair{1.0, "seconds"}, {1e-3, "milliseconds"}, {1e-6, "microseconds"}, {1e-9, "nanoseconds"},
                                     {60.0, "minutes"}, {3600.0, "hours"}})
        if (near(scale, of)) return word;
      return scaled("seconds");
    case Base::Bytes: break;
  }
  return scaled(per_second ? "bytes a second" : "bytes");
}

std::optional<Unit> panel_unit(std::string_view name) {
  for (const Word& word : kPanel)
    if (word.name == name) return Unit{word.base, {}, word.per_second, word.scale};
  return std::nullopt;
}

}  // namespace tocsin::agent
