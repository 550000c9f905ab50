// SPDX-License-Identifier: Apache-2.0
// Descriptor: what a meter is, apart from its series. Names are translated here once, at registration.
//
// Threads: immutable once shared.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "meters/base/clock.h"
#include "meters/base/result.h"

namespace tocsin::meters {

enum class Kind : std::uint8_t {
  Counter,        // only grows; a monotonic sum in OpenTelemetry
  UpDownCounter,  // a sum that also falls; a gauge to Prometheus
  Gauge,
  Histogram,  // with explicit bounds, exponential, or both
  Summary,
};
std::string_view to_text(Kind kind) noexcept;  // "counter", "up-down counter", ...

struct Descriptor {
  std::string name;             // as declared or received: "http.server.request.duration"
  std::string prometheus_name;  // the family as scraped in text 0.0.4: "http_server_request_duration_seconds"
  std::string unit;             // UCUM, as in OpenTelemetry: "s", "By", "{request}"; may be empty
  std::string help;
  Kind kind = Kind::Gauge;
  bool observed = false;  // its values are asked for at each collection, not recorded: OpenTelemetry's asynchronous ones
  // After a rename: the meter under its name before, as which a Snapshot shows it, too, until then. Null: none.
  std::shared_ptr<const Descriptor> formerly = nullptr;
  Time formerly_until = {};

  bool operator==(const Descriptor& other) const noexcept;  // whatever it was called before
};

// Fills `formerly`: of the same kind and unit, with a help that leads to the new name.
void set_formerly(Descriptor& descriptor, std::string_view name, Time until);

// How names become Prometheus' (OpenTelemetry specification, "Prometheus and OpenMetrics compatibility").
inline constexpr std::array<std::string_view, 4> kNameStrategies{
    "UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes", "NoUTF8EscapingWithSuffixes", "NoTranslation"};
enum class NameStrategy : std::uint8_t {
  UnderscoreEscapingWithSuffixes,
  UnderscoreEscapingWithoutSuffixes,
  NoUtf8EscapingWithSuffixes,
  NoTranslation,
};

// The family's name with unit and _total suffixes by the OpenTelemetry rules, as prometheus/otlptranslator writes it.
// Empty where nothing of the name is left ("@#$%"): such a metric has no name in Prometheus.
std::string prometheus_name(std::string_view name, std::string_view unit, Kind kind,
                            NameStrategy strategy = NameStrategy::UnderscoreEscapingWithSuffixes);
// Invalid characters become '_', a leading digit gets "key_" before it, a leading underscore "key"; repeated underscores
// stay (otlptranslator). Of a name that it refuses, since only underscores would be left, "key" and these are made.
std::string prometheus_label_name(std::string_view name,
                                  NameStrategy strategy = NameStrategy::UnderscoreEscapingWithSuffixes);
// The Prometheus word for a unit, "By" -> "bytes", "m/s" -> "meters_per_second"; empty where the unit adds nothing.
std::string prometheus_unit(std::string_view unit);

// [a-zA-Z_:][a-zA-Z0-9_:]* and [a-zA-Z_][a-zA-Z0-9_]* (not starting with __). Errors: Fault::Configuration with the
// position of the first bad character.
Result<void> check_metric_name(std::string_view name);
Result<void> check_label_name(std::string_view name);
// What a meter may be declared as: a metric name, or an instrument name of OpenTelemetry ([a-zA-Z][a-zA-Z0-9_./-]*), of
// at most 255 characters. And its labels: a label name, or an attribute name with dots ("http.route").
Result<void> check_instrument_name(std::string_view name);
Result<void> check_attribute_name(std::string_view name);

}  // namespace tocsin::meters
