// SPDX-License-Identifier: Apache-2.0
// What each part of the agent is told, from the configuration. Threads: pure.
#pragma once

#include "agent/api/prometheus_api.h"
#include "agent/config.h"
#include "agent/intake.h"
#include "agent/receivers/otlp.h"
#include "agent/receivers/spans.h"
#include "exporters/scrape_handler.h"
#include "meters/registry.h"
#include "traces/span_meters.h"
#include "wire/grpc_server.h"
#include "wire/http_server.h"

namespace tocsin::agent {

IntakeOptions intake_options(const Config& config);
traces::SpanMetersOptions span_options(const Config& config);
SpanReceiver::Options span_receiver_options(const OtlpConfig& config);
OtlpReceiverOptions otlp_options(const OtlpConfig& config);
exporters::ScrapeOptions scrape_options(const ExpositionConfig& config);
QueryOptions query_options(const QueryConfig& config);
meters::RegistryOptions registry_options();
wire::HttpServerOptions http_options(const HttpConfig& config);
wire::HttpServerOptions otlp_http_options(const OtlpConfig& config);
wire::GrpcServerOptions otlp_grpc_options(const OtlpConfig& config);

}  // namespace tocsin::agent
