// SPDX-License-Identifier: Apache-2.0
// Provisioning: configuration that other programs start with, ready to mount: Grafana's data sources and dashboards, Prometheus'
// scrape configuration and rules, Alertmanager's routes. What they carry is embedded in this program.
//
//   auto files = prometheus_files({.version = {3, 15}, .agents = {"127.0.0.1:9464"}});
//   for (const ProvisionedFile& file : *files) write(folder / file.name, file.text);
//
// Pure: the same options make the same files. docs/provisioning.md tells people. Threads: all. Costs some milliseconds.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "agent/rules/thresholds.h"
#include "meters/base/result.h"

namespace tocsin::agent {

struct ProvisionedFile {
  std::string name;  // relative to the folder
  std::string text;
};
using ProvisionedFiles = std::vector<ProvisionedFile>;

struct GrafanaOptions {
  std::string mounted_at = "/etc/grafana/provisioning";  // where Grafana sees the folder
  std::string prometheus_url = "http://127.0.0.1:9090";  // or the agent's
  std::string traces = "jaeger";                         // jaeger, tempo, none
  std::string traces_url = "http://127.0.0.1:16686";
  std::string interval = "15s";                          // of scraping
  std::string folder = "tocsin";
};
// Errors here and below: Fault::Input where the program carries no such file: our own mistake.
Result<ProvisionedFiles> grafana_files(const GrafanaOptions& options);

struct PrometheusVersion {
  int major = 3, minor = 15;
  auto operator<=>(const PrometheusVersion&) const = default;
};
// "3.15", "2.42.0", "3". Errors: Fault::Configuration; older than 2.42, too.
Result<PrometheusVersion> parse_prometheus_version(std::string_view text);

struct PrometheusOptions {
  PrometheusVersion version;
  std::vector<std::string> agents = {"127.0.0.1:9464"};
  bool tls = false;  // to the agents
  std::vector<std::string> alertmanagers = {"127.0.0.1:9093"};
  std::string interval = "15s";
  std::string links;  // where people reach the agent; runbooks and dashboards of alerts are linked there. Empty: as they are
  std::vector<Threshold> thresholds;
};
Result<ProvisionedFiles> prometheus_files(const PrometheusOptions& options);

struct AlertmanagerOptions {
  std::string critical, warning, info, watchdog;  // URLs that are told, by webhook; empty: nobody
};
ProvisionedFiles alertmanager_files(const AlertmanagerOptions& options);

}  // namespace tocsin::agent
