// SPDX-License-Identifier: Apache-2.0
#include "agent/provisioning/provisioning.h"
#include "agent/provisioning/src/yaml_text.h"

namespace tocsin::agent {

namespace {

constexpr std::string_view kPrometheus = "tocsin-prometheus", kTraces = "tocsin-traces";

// In these files "$" begins a variable of the environment: what is meant for Grafana is written "$$".
std::string data_sources(const GrafanaOptions& options) {
  std::string text =
      "# Grafana: data sources. An exemplar of a latency panel leads to its trace.\n"
      "apiVersion: 1\n"
      "datasources:\n"
      "  - name: tocsin\n"
      "    uid: " + std::string(kPrometheus) + "\n"
      "    type: prometheus\n"
      "    access: proxy\n"
      "    url: " + yaml_quoted(options.prometheus_url) + "\n"
      "    editable: false\n"
      "    jsonData:\n"
      "      httpMethod: POST\n"
      "      prometheusType: Prometheus\n"
      "      timeInterval: " + options.interval + "   # $__rate_interval is four times this, at least\n";
  if (options.traces == "none") return text;
  text +=
      "      exemplarTraceIdDestinations:\n"
      "        - name: trace_id\n"
      "          datasourceUid: " + std::string(kTraces) + "\n"
      "          urlDisplayLabel: Trace\n"
      "  - name: traces of tocsin\n"
      "    uid: " + std::string(kTraces) + "\n"
      "    type: " + options.traces + "\n"
      "    access: proxy\n"
      "    url: " + yaml_quoted(options.traces_url) + "\n"
      "    editable: false\n"
      "    jsonData:\n"
      "      nodeGraph:\n"
      "        enabled: true\n";
  return text;
}

std::string provider(const GrafanaOptions& options) {
  return "# Grafana: the folder of dashboards; what is changed in Grafana itself is not kept.\n"
         "apiVersion: 1\n"
         "providers:\n"
         "  - name: tocsin\n"
         "    orgId: 1\n"
         "    folder: " + yaml_quoted(options.folder) + "\n"
         "    type: file\n"
         "    disableDeletion: true\n"
         "    allowUiUpdates: false\n"
         "    updateIntervalSeconds: 30\n"
         "    options:\n"
         "      path: " + yaml_quoted(options.mounted_at + "/dashboards/tocsin") + "\n"
         "      foldersFromFilesStructure: false\n";
}

}  // namespace

Result<ProvisionedFiles> grafana_files(const GrafanaOptions& options) {
  auto boards = carried_files("/dashboards/", ".json");
  if (!boards) return boards.error();
  ProvisionedFiles files{{"datasources/tocsin.yml", data_sources(options)}, {"dashboards/tocsin.yml", provider(options)}};
  for (CarriedFile& board : *boards) files.push_back({"dashboards/tocsin/" + board.name, std::move(board.text)});
  return files;
}

}  // namespace tocsin::agent
