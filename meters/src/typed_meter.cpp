// SPDX-License-Identifier: Apache-2.0
#include "meters/typed_meter.h"

namespace tocsin::meters {

namespace detail {

template <>
Result<Meter<Counter>> declare_in(Registry& registry, const DeclaredMeter& meter, SourcePlace place) {
  return registry.counter(spec_of(meter), place);
}
template <>
Result<Meter<DoubleCounter>> declare_in(Registry& registry, const DeclaredMeter& meter, SourcePlace place) {
  return registry.double_counter(spec_of(meter), place);
}
template <>
Result<Meter<UpDownCounter>> declare_in(Registry& registry, const DeclaredMeter& meter, SourcePlace place) {
  return registry.up_down_counter(spec_of(meter), place);
}
template <>
Result<Meter<DoubleUpDownCounter>> declare_in(Registry& registry, const DeclaredMeter& meter, SourcePlace place) {
  return registry.double_up_down_counter(spec_of(meter), place);
}
template <>
Result<Meter<Gauge>> declare_in(Registry& registry, const DeclaredMeter& meter, SourcePlace place) {
  return registry.gauge(spec_of(meter), place);
}
template <>
Result<Meter<IntegerGauge>> declare_in(Registry& registry, const DeclaredMeter& meter, SourcePlace place) {
  return registry.integer_gauge(spec_of(meter), place);
}
template <>
Result<Meter<Histogram>> declare_in(Registry& registry, const DeclaredMeter& meter, SourcePlace place) {
  return registry.histogram(spec_of(meter), shape_of(meter), place);
}

}  // namespace detail

Result<Observation> observe(Registry& registry, const DeclaredMeter& meter, Callback callback, SourcePlace place) {
  switch (meter.kind) {
    case Kind::Counter: return registry.observable_counter(spec_of(meter), std::move(callback), place);
    case Kind::UpDownCounter: return registry.observable_up_down_counter(spec_of(meter), std::move(callback), place);
    case Kind::Gauge: return registry.observable_gauge(spec_of(meter), std::move(callback), place);
    case Kind::Histogram:
    case Kind::Summary: break;
  }
  return Error{Fault::Configuration, "meter \"" + std::string(meter.name) + "\": only counters and gauges can be observed"};
}

}  // namespace tocsin::meters
