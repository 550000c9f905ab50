// SPDX-License-Identifier: Apache-2.0
#include "meters/catalogue.h"

namespace tocsin::meters {

MeterSpec spec_of(const DeclaredMeter& meter) {
  MeterSpec spec{std::string(meter.name), std::string(meter.unit), std::string(meter.help), {}};
  for (const DeclaredLabel& label : meter.labels) spec.labels.emplace_back(label.name);
  return spec;
}

HistogramShape shape_of(const DeclaredMeter& meter) {
  return {{meter.bounds.begin(), meter.bounds.end()}, meter.native};
}

Descriptor descriptor_of(const DeclaredMeter& meter) {
  return {std::string(meter.name), prometheus_name(meter.name, meter.unit, meter.kind), std::string(meter.unit),
          std::string(meter.help), meter.kind};
}

}  // namespace tocsin::meters
