// SPDX-License-Identifier: Apache-2.0
// Config: everything a person can set, with its default. With no file every member stands as it does here.
//
//   TomlFaults faults;
//   Config config = load_config(options, faults);       // all faults at once; none: it can be run
//
// Each key is described in docs/configuration.md; a test compares that page with what load_config reads.
// Threads: a value; shared as shared_ptr<const Config> and replaced whole on a reload.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/export_config.h"
#include "agent/log.h"
#include "agent/scrape_config.h"
#include "agent/notify/receiver_config.h"
#include "agent/rules/rules_config.h"
#include "agent/rules/thresholds.h"
#include "agent/slo/slo_config.h"
#include "agent/toml.h"
#include "agent/url_toml.h"
#include "meters/descriptor.h"

namespace tocsin::agent {

using std::chrono::nanoseconds;

struct TlsConfig {
  std::string certificate_file, key_file, client_ca_file;  // PEM
  bool operator==(const TlsConfig&) const = default;
};

// How a client must prove who it is. With neither users nor tokens a listener is open to whoever reaches it.
struct AccessConfig {
  std::map<std::string, std::string> users;  // basic: name to password, or to its crypt(3) hash
  std::vector<std::string> bearer_tokens;
  bool operator==(const AccessConfig&) const = default;
};

struct HttpConfig {
  std::string listen = "127.0.0.1:9464";
  std::vector<std::string> allowed_hosts;
  std::int64_t workers = 16;
  AccessConfig access;
  TlsConfig tls;
  bool operator==(const HttpConfig&) const = default;
};

// An empty address switches a listener off.
struct OtlpConfig {
  std::string grpc_listen = "127.0.0.1:4317";
  std::string http_listen = "127.0.0.1:4318";
  std::vector<std::string> allowed_hosts;
  std::int64_t workers = 16;
  std::uint64_t max_request_bytes = 64U << 20;    // after decompression
  std::uint64_t max_in_flight_bytes = 256U << 20; // of all requests at once; beyond it 429
  std::vector<std::string> promote;               // resource attributes that become labels of every series
  // How the names of metrics and attributes become Prometheus'; the words are Prometheus' own.
  meters::NameStrategy translation_strategy = meters::NameStrategy::UnderscoreEscapingWithSuffixes;
  bool span_meters = true;                        // spans become request meters
  bool namespace_in_server_name = false;          // server_name = service.namespace/service.name
  std::string dc_attribute;             // of the resource; goes before the standard ones for dc
  std::string server_host_attribute;    // of the resource; the label is left out when empty
  std::string app_id_attribute;         // of the resource or the span; the label is left out when empty
  AccessConfig access;
  TlsConfig tls;
  bool operator==(const OtlpConfig&) const = default;
};

struct StatsdConfig {
  std::string udp_listen = "127.0.0.1:8125";
  std::string tcp_listen;
  std::string unix_socket;
  std::vector<double> timer_bounds;  // milliseconds; empty: the default ladder
  bool operator==(const StatsdConfig&) const = default;
};

struct LimitsConfig {
  std::int64_t label_sets = 2'000;   // a sender and meter
  std::int64_t series = 2'000'000;     // received as metrics, in all
  std::int64_t span_series = 200'000;  // derived from spans, in all
  nanoseconds silent_after = std::chrono::minutes{5};
  nanoseconds idle_after = std::chrono::hours{1};
  bool operator==(const LimitsConfig&) const = default;
};

struct HistoryConfig {
  nanoseconds retention = std::chrono::hours{2};
  nanoseconds recorded_retention = std::chrono::hours{24 * 35};  // of recorded series, at one-minute steps
  std::uint64_t max_bytes = 512U << 20;
  nanoseconds checkpoint = std::chrono::minutes{5};  // how often it is saved
  bool operator==(const HistoryConfig&) const = default;
};

struct QueryConfig {
  nanoseconds lookback = std::chrono::minutes{5};
  nanoseconds timeout = std::chrono::minutes{2};
  std::int64_t max_samples = 50'000'000;
  bool experimental = false;
  bool operator==(const QueryConfig&) const = default;
};

struct ExpositionConfig {
  bool created_lines = false;  // _created in OpenMetrics
  bool scope_labels = true;
  bool target_info = true;
  bool operator==(const ExpositionConfig&) const = default;
};

struct Config {
  std::string file;      // empty: none, the defaults
  std::string data_dir;  // never empty after load_config
  std::string external_url;    // where people reach the agent; load_config puts the listener's address where none is given
  std::string dashboards_url;  // where they reach the dashboards: the same, or a Grafana that has them
  std::string trace_url;       // where a trace is shown, with {trace_id} in it; empty: the page links no traces
  nanoseconds tick = std::chrono::seconds{15};
  nanoseconds stop_timeout = std::chrono::seconds{10};
  bool host_meters = true;
  LogLevel log_level = LogLevel::Info;
  LogOptions::Format log_format = LogOptions::Format::Automatic;
  HttpConfig http;
  OtlpConfig otlp;
  StatsdConfig statsd;
  LimitsConfig limits;
  HistoryConfig history;
  QueryConfig query;
  ExpositionConfig exposition;
  std::vector<ScrapeConfig> scrapes;
  RemoteWriteConfig remote_write;
  std::vector<ExportConfig> exports;
  NotifyConfig notify;
  RulesConfig rules;
  std::vector<std::string> dashboards;  // a person's own: patterns, relative to the configuration's folder
  std::vector<Threshold> thresholds;
  std::vector<SloConfig> slos;
};

// Where the relative patterns of its files begin: its own folder; empty: where the program runs.
std::string folder_of(const Config& config);

struct ConfigOptions {
  std::optional<std::string> file;  // --config; otherwise ./tocsin.toml if there is one
  std::optional<std::string> data_dir;
  std::vector<std::string> settings;  // --set section.key=value
};

// Reads the file and the settings over it and checks every value on its own and against the others.
Config load_config(const ConfigOptions& options, TomlFaults& faults);

// The same from text, for checks and tests.
Config read_config(std::string_view text, const std::string& file, const ConfigOptions& options, TomlFaults& faults);

// Every key that is read, as "http.listen" or "export.name", sorted.
std::vector<std::string> config_keys();

// The configuration in force as TOML; passwords, tokens and header values are replaced by "<secret>".
std::string to_toml_without_secrets(const Config& config);

}  // namespace tocsin::agent
