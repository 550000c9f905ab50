// SPDX-License-Identifier: Apache-2.0
// The catalogue: meters as they are declared in meters/catalogue/*.toml, apart from any registry. What is generated from
// those files (meters/generated/*.h) and what is read from a person's file are the same type.
//
//   for (const DeclaredMeter& meter : kRequestCatalogue) print(meter.name, meter.unit, meter.help);
//   registry.counter(spec_of(kLlmTokensTotal));
//   Descriptor descriptor = descriptor_of(kLlmTokensTotal);
//
// Views only: whoever made them keeps the texts. Generated ones last as long as the program.
// Threads: immutable. Costs nothing at run time.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "meters/descriptor.h"
#include "meters/registry.h"

namespace tocsin::meters {

struct DeclaredLabel {
  std::string_view handle;   // what it is called in code: "token_kind"
  std::string_view name;     // as declared: "kind"
  std::string_view meaning;
  std::span<const std::string_view> values = {};  // of a closed label; empty: any
  bool optional = false;                          // a series may lack it

  constexpr bool closed() const noexcept { return !values.empty(); }
};

enum class DeclaredNumber : std::uint8_t { Integer, Double };
// Who holds the value: the instrument that records it, or what is asked for it at each collection.
enum class DeclaredForm : std::uint8_t { Recorded, Observed };

struct DeclaredMeter {
  std::string_view name;
  Kind kind = Kind::Counter;
  std::string_view unit;
  std::string_view help;
  std::span<const DeclaredLabel> labels = {};
  DeclaredNumber number = DeclaredNumber::Integer;
  DeclaredForm form = DeclaredForm::Recorded;
  std::span<const double> bounds = {};  // of a histogram; empty: native buckets only
  bool native = false;                  // exponential buckets, too
  // Label sets that stand at zero from the start, label by label: sets x labels.size() values.
  std::span<const std::string_view> sets = {};
  // Its name before it was renamed, as which it is shown, too, until that day begins (UTC). Empty: none.
  std::string_view formerly = {};
  std::chrono::year_month_day formerly_until = {};
};

std::string to_text(std::chrono::year_month_day day);  // "2027-03-01"

MeterSpec spec_of(const DeclaredMeter& meter);
HistogramShape shape_of(const DeclaredMeter& meter);
Descriptor descriptor_of(const DeclaredMeter& meter);

}  // namespace tocsin::meters
