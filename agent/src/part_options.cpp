// SPDX-License-Identifier: Apache-2.0
#include "agent/src/part_options.h"

#include <unistd.h>

#include <memory>

#include "agent/version.h"
#include "exporters/patterns.h"

namespace tocsin::agent {

namespace {

wire::HttpServerTls tls(const TlsConfig& config) {
  return {config.certificate_file, config.key_file, config.client_ca_file};
}

wire::Credentials credentials(const AccessConfig& access) {
  wire::Credentials credentials;
  for (const auto& [name, secret] : access.users) credentials.users.push_back({name, secret});
  credentials.bearer_tokens = access.bearer_tokens;
  return credentials;
}

}  // namespace

IntakeOptions intake_options(const Config& config) {
  IntakeOptions options;
  options.limits.label_sets = static_cast<std::uint32_t>(config.limits.label_sets);
  options.limits.series = static_cast<std::size_t>(config.limits.series);
  options.limits.silent_after = std::chrono::duration_cast<std::chrono::seconds>(config.limits.silent_after);
  options.limits.idle_after = std::chrono::duration_cast<std::chrono::seconds>(config.limits.idle_after);
  options.promoted = config.otlp.promote;
  options.names = config.otlp.translation_strategy;
  return options;
}

traces::SpanMetersOptions span_options(const Config& config) {
  traces::SpanMetersOptions options;
  options.service_namespace = config.otlp.namespace_in_server_name;
  options.dc_attribute = config.otlp.dc_attribute;
  options.server_host_attribute = config.otlp.server_host_attribute;
  options.app_id_attribute = config.otlp.app_id_attribute;
  options.promoted = config.otlp.promote;
  options.names = config.otlp.translation_strategy;
  options.max_label_sets = static_cast<std::uint32_t>(config.limits.label_sets);
  options.max_series = static_cast<std::uint32_t>(config.limits.span_series);
  options.silent_after = config.limits.silent_after;
  options.idle_after = config.limits.idle_after;
  return options;
}

SpanReceiver::Options span_receiver_options(const OtlpConfig& config) {
  return {config.span_meters, config.app_id_attribute};
}

// What the agent says of itself is scraped without job and instance (the scraper's hold), and pushed with a resource.
QueryOptions query_options(const QueryConfig& config) {
  using std::chrono::duration_cast, std::chrono::milliseconds;
  return {duration_cast<milliseconds>(config.lookback), duration_cast<milliseconds>(config.timeout),
          static_cast<std::uint64_t>(config.max_samples),
          config.experimental};
}

meters::RegistryOptions registry_options() {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  auto resource = std::make_shared<meters::Resource>();
  resource->attributes = {{"service.instance.id", host}, {"service.name", "tocsin"}, {"service.version", kVersion}};
  meters::normalize(resource->attributes);
  meters::RegistryOptions options;
  options.resource = std::move(resource);
  return options;
}

exporters::ScrapeOptions scrape_options(const ExpositionConfig& config) {
  exporters::ScrapeOptions options;
  options.exposition.created_lines = config.created_lines;
  options.exposition.scope_labels = config.scope_labels;
  options.exposition.target_info = config.target_info;
  options.compile_pattern = exporters::compile_pattern;
  return options;
}

OtlpReceiverOptions otlp_options(const OtlpConfig& config) {
  OtlpReceiverOptions options;
  options.max_request_bytes = config.max_request_bytes;
  options.max_in_flight_bytes = config.max_in_flight_bytes;
  return options;
}

wire::HttpServerOptions http_options(const HttpConfig& config) {
  wire::HttpServerOptions options;
  options.listen = config.listen;
  options.thread_name = "http";
  options.workers = static_cast<unsigned>(config.workers);
  options.max_body_bytes = 8 * 1024 * 1024;  // queries and settings, no data
  options.credentials = credentials(config.access);
  options.allowed_hosts = config.allowed_hosts;
  options.tls = tls(config.tls);
  return options;
}

wire::HttpServerOptions otlp_http_options(const OtlpConfig& config) {
  wire::HttpServerOptions options;
  options.listen = config.http_listen;
  options.thread_name = "otlp";
  options.workers = static_cast<unsigned>(config.workers);
  options.max_body_bytes = config.max_request_bytes;
  options.max_bodies_bytes = config.max_in_flight_bytes;
  options.on_refusal = OtlpReceiver::refuse;
  options.credentials = credentials(config.access);
  options.allowed_hosts = config.allowed_hosts;
  options.tls = tls(config.tls);
  return options;
}

wire::GrpcServerOptions otlp_grpc_options(const OtlpConfig& config) {
  wire::GrpcServerOptions options;
  options.listen = config.grpc_listen;
  options.methods = OtlpReceiver::grpc_methods();
  options.thread_name = "otlp-grpc";
  options.max_message_bytes = config.max_request_bytes;
  options.max_in_flight_bytes = config.max_in_flight_bytes;
  if (!config.tls.certificate_file.empty())
    options.tls = wire::GrpcTls{config.tls.certificate_file, config.tls.key_file, config.tls.client_ca_file};
  auto check = std::make_shared<wire::CredentialCheck>(credentials(config.access));
  if (check->asks())
    options.authorize = [check](std::string_view authorization) { return check->accepts(authorization); };
  return options;
}

}  // namespace tocsin::agent
