// SPDX-License-Identifier: Apache-2.0
// The standard OTEL_* variables as destinations, exactly as the OpenTelemetry specification means them: only "true" is
// true, empty is unset, a value that cannot be is told and ignored.
//
//   OtlpEnvironment environment = read_otlp_environment();
//   for (const std::string& warning : environment.warnings) log(warning);
//   if (environment.metrics) Destination::make(*environment.metrics);
//
// Threads: reads the environment, so not while another thread changes it. Costs nothing worth naming; called once.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "exporters/destination.h"
#include "meters/attributes.h"

namespace tocsin::exporters {

// The value of a variable, or null: std::getenv, or a test's own.
using EnvironmentReader = std::function<const char*(const char* name)>;

struct OtlpEnvironment {
  bool disabled = false;        // OTEL_SDK_DISABLED: send nothing
  // By the variable of all signals, or by the signal's own; otherwise the endpoint is the specification's default.
  bool metrics_endpoint_given = false, traces_endpoint_given = false;
  // One for each signal, since each variable may be set for one signal alone; nothing where OTEL_METRICS_EXPORTER or
  // OTEL_TRACES_EXPORTER does not name otlp, or where disabled.
  std::optional<DestinationOptions> metrics, traces;
  meters::Attributes resource;  // OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME; normalized
  std::vector<std::string> warnings;

  // metrics and traces as one destination where they differ in nothing but the signal, else both.
  std::vector<DestinationOptions> destinations() const;
};

// Read: OTEL_SDK_DISABLED, OTEL_{METRICS,TRACES}_EXPORTER, OTEL_EXPORTER_OTLP_{,METRICS_,TRACES_}{ENDPOINT, PROTOCOL,
// HEADERS, TIMEOUT, COMPRESSION, CERTIFICATE, CLIENT_KEY, CLIENT_CERTIFICATE, INSECURE}, OTEL_EXPORTER_OTLP_METRICS_
// {TEMPORALITY_PREFERENCE, DEFAULT_HISTOGRAM_AGGREGATION}, OTEL_METRIC_EXPORT_{INTERVAL, TIMEOUT},
// OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME. A timeout of 0 is no limit. A program without gRPC says so: the endpoint
// that is not given is then http/protobuf's.
OtlpEnvironment read_otlp_environment(const EnvironmentReader& reader = {}, bool has_grpc = true);

}  // namespace tocsin::exporters
