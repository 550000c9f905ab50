// SPDX-License-Identifier: Apache-2.0
// Unit: what the numbers of an expression measure, so that a panel that shows microseconds as seconds is found.
//
//   Unit unit = Unit::of("us");                       // seconds, each number a millionth
//   Unit shown = *panel_unit("ms");
//   if (!shown.fits(unit)) say(unit.words());         // "microseconds"
//
// Threads: values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::agent {

struct Unit {
  enum class Base : unsigned char { Unknown, Literal, Any, One, Count, Seconds, Bytes };
  Base base = Base::Unknown;
  std::string thing;        // of Count: "{request}"; empty: any
  bool per_second = false;  // of Count and Bytes; seconds a second are One
  double scale = 1;         // a number n stands for n * scale

  // By UCUM, as a meter declares it. Unknown where it is none that we know.
  static Unit of(std::string_view ucum);
  static Unit one(double scale = 1) { return {Base::One, {}, false, scale}; }
  static Unit literal() { return {Base::Literal, {}, false, 1}; }

  bool known() const noexcept { return base != Base::Unknown && base != Base::Literal && base != Base::Any; }
  Unit rate() const;                      // of what it measures, a second
  Unit times(double factor) const;        // of numbers multiplied by it
  Unit divided_by(const Unit& other) const;
  // Whether numbers of `other` may be shown as this. What is not known fits.
  bool fits(const Unit& other) const noexcept;
  std::string words() const;  // "microseconds", "{request} a second", "a ratio"
};

// Of a unit of Grafana ("reqps", "percentunit"); nothing where it is none that we know. Empty is "short".
std::optional<Unit> panel_unit(std::string_view name);

}  // namespace tocsin::agent
