// SPDX-License-Identifier: Apache-2.0
#include "meters/catalogue.h"

#include <array>
#include <cstdio>

namespace tocsin::meters {

std::string to_text(std::chrono::year_month_day day) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                static_cast<unsigned>(day.day()));
  return text.data();
}

MeterSpec spec_of(const DeclaredMeter& meter) {
  MeterSpec spec{std::string(meter.name), std::string(meter.unit), std::string(meter.help), {}};
  for (const DeclaredLabel& label : meter.labels) spec.labels.emplace_back(label.name);
  if (meter.formerly.empty()) return spec;
  spec.formerly = meter.formerly;
  spec.formerly_until = std::chrono::sys_days(meter.formerly_until);
  return spec;
}

HistogramShape shape_of(const DeclaredMeter& meter) {
  return {{meter.bounds.begin(), meter.bounds.end()}, meter.native};
}

Descriptor descriptor_of(const DeclaredMeter& meter) {
  Descriptor made{std::string(meter.name), prometheus_name(meter.name, meter.unit, meter.kind), std::string(meter.unit),
                  std::string(meter.help), meter.kind, meter.form == DeclaredForm::Observed};
  if (!meter.formerly.empty()) set_formerly(made, meter.formerly, std::chrono::sys_days(meter.formerly_until));
  return made;
}

}  // namespace tocsin::meters
