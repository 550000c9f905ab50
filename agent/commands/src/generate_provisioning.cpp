// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/commands/src/generate.h"
#include "agent/commands/src/made_folder.h"
#include "agent/config.h"
#include "agent/provisioning/provisioning.h"
#include "meters/base/quantity.h"

namespace tocsin::agent {

namespace {

// What all three have.
struct FolderOptions {
  std::optional<std::string> out;
  bool check = false, force = false;

  void flags(Arguments& arguments) {
    arguments.text("out", "DIR", "the folder to write to", out);
    arguments.flag("check", "writes nothing; exit status 1 where a file is not as it would be written", check);
    arguments.flag("force", "overwrites also what somebody changed by hand", force);
  }
};

// The status to end with, where the words are wrong or help is asked for.
std::optional<int> read_words(Arguments& arguments, Words words, const FolderOptions& folder) {
  if (const auto ended = read_generate_flags(arguments, words)) return ended;
  if (!folder.out) return generate_misuse("--out is missing", arguments);
  return std::nullopt;
}

int deliver(const Result<ProvisionedFiles>& files, const FolderOptions& options, const std::string& then) {
  if (!files) return std::fprintf(stderr, "tocsin generate: %s\n", files.error().message.c_str()), kExitMisuse;
  const auto outcome = write_made_folder(*options.out, *files, {options.force, options.check});
  if (!outcome) return std::fprintf(stderr, "tocsin generate: %s\n", outcome.error().message.c_str()), kExitMisuse;
  for (const std::string& path : outcome->changed) std::fprintf(stderr, "%s: was changed by hand\n", path.c_str());
  if (!outcome->changed.empty())
    return std::fprintf(stderr, "tocsin generate: nothing was written; --force overwrites what was changed\n"), kExitFindings;
  if (options.check) {
    for (const std::string& path : outcome->written) std::fprintf(stderr, "%s: is not as it would be written\n", path.c_str());
    for (const std::string& path : outcome->removed) std::fprintf(stderr, "%s: is not made any more\n", path.c_str());
    return outcome->written.empty() && outcome->removed.empty() ? kExitOk : kExitFindings;
  }
  for (const std::string& path : outcome->written) std::printf("%s\n", path.c_str());
  for (const std::string& path : outcome->removed) std::printf("%s: taken away\n", path.c_str());
  if (!outcome->written.empty()) std::printf("\n%s\n", then.c_str());
  return kExitOk;
}

std::string folder_text(const FolderOptions& options) {
  std::error_code ignored;
  return std::filesystem::absolute(*options.out, ignored).lexically_normal().string();
}

// As Prometheus and Grafana read it: "15s", "1m30s".
bool is_interval(const std::string& text) {
  const auto duration = parse_duration(text);
  return duration && *duration >= std::chrono::milliseconds(1);
}

int generate_grafana(Words words) {
  GrafanaOptions grafana;
  FolderOptions folder;
  std::optional<std::string> mounted_at, prometheus, traces, traces_url, interval, name;
  Arguments arguments("generate grafana", "Grafana's provisioning, ready to mount: data sources (an exemplar leads to its trace), and the "
                                          "dashboards in a folder. docs/provisioning.md");
  folder.flags(arguments);
  arguments.text("prometheus-url", "URL", "where Grafana reaches Prometheus, or the agent itself (default: http://127.0.0.1:9090)", prometheus);
  arguments.text("traces", "KIND", "what keeps traces: jaeger, tempo or none (default: jaeger)", traces);
  arguments.text("traces-url", "URL", "where Grafana reaches it (default: http://127.0.0.1:16686; tempo: http://127.0.0.1:3200)", traces_url);
  arguments.text("mounted-at", "DIR", "where Grafana sees the folder (default: /etc/grafana/provisioning)", mounted_at);
  arguments.text("scrape-interval", "DURATION", "of Prometheus (default: 15s)", interval);
  arguments.text("folder", "NAME", "the folder in Grafana (default: tocsin)", name);
  if (const auto ended = read_words(arguments, words, folder)) return *ended;
  grafana.prometheus_url = prometheus.value_or(grafana.prometheus_url);
  grafana.traces = traces.value_or(grafana.traces);
  grafana.traces_url = traces_url.value_or(grafana.traces == "tempo" ? "http://127.0.0.1:3200" : grafana.traces_url);
  grafana.mounted_at = mounted_at.value_or(grafana.mounted_at);
  grafana.interval = interval.value_or(grafana.interval);
  grafana.folder = name.value_or(grafana.folder);
  if (grafana.traces != "jaeger" && grafana.traces != "tempo" && grafana.traces != "none")
    return generate_misuse("--traces is jaeger, tempo or none", arguments);
  if (!is_interval(grafana.interval)) return generate_misuse("--scrape-interval is a duration like 15s", arguments);
  for (const auto& [flag, url] : {std::pair{"--prometheus-url", &grafana.prometheus_url}, {"--traces-url", &grafana.traces_url}})
    if (!url->starts_with("http://") && !url->starts_with("https://"))
      return generate_misuse(std::string(flag) + " must start with http:// or https://", arguments);
  while (grafana.mounted_at.ends_with('/')) grafana.mounted_at.pop_back();
  return deliver(grafana_files(grafana), folder,
                 "Mount it:  docker run --network host -v " + folder_text(folder) + ":" + grafana.mounted_at + ":ro grafana/grafana\n"
                 "or copy it there, and restart Grafana.");
}

// The address that others reach, of what the agent listens on.
std::string reached(const std::string& listen) {
  if (listen.starts_with("0.0.0.0:")) return "127.0.0.1" + listen.substr(7);
  if (listen.starts_with("[::]:")) return "[::1]" + listen.substr(4);
  return listen;
}

int generate_prometheus(Words words) {
  PrometheusOptions prometheus;
  FolderOptions folder;
  std::optional<std::string> version, interval, config, links;
  std::vector<std::string> agents, alertmanagers;
  bool no_alertmanager = false;
  Arguments arguments("generate prometheus", "Prometheus' configuration, ready to start with: how the agent is scraped, the shipped rules, "
                                             "whom alerts are sent to. docs/provisioning.md");
  folder.flags(arguments);
  arguments.text("version", "VERSION", "of Prometheus, from 2.42 on: what it can take differs (default: 3.15)", version);
  arguments.texts("agent", "ADDRESS", "an agent, as Prometheus reaches it (default: of the configuration, else 127.0.0.1:9464); may be repeated", agents);
  arguments.texts("alertmanager", "ADDRESS", "an Alertmanager (default: 127.0.0.1:9093); may be repeated", alertmanagers);
  arguments.flag("no-alertmanager", "none: the agent tells of alerts, or nobody", no_alertmanager);
  arguments.text("scrape-interval", "DURATION", "default: 15s", interval);
  arguments.text("config", "FILE", "the agent's configuration: its address, and the limits of [[threshold]]", config);
  arguments.text("links", "URL", "where people reach the agent: runbooks and dashboards in alerts are linked there (default: where a scraped agent says)", links);
  if (const auto ended = read_words(arguments, words, folder)) return *ended;
  if (version) {
    const auto parsed = parse_prometheus_version(*version);
    if (!parsed) return generate_misuse("--version: " + parsed.error().message, arguments);
    prometheus.version = *parsed;
  }
  if (config) {
    TomlFaults faults;
    const Config read = load_config({.file = config, .data_dir = {}, .settings = {}}, faults);
    for (const TomlFault& fault : faults) std::fprintf(stderr, "%s\n", fault.text().c_str());
    if (!faults.empty()) return kExitFindings;
    prometheus.agents = {reached(read.http.listen)};
    prometheus.tls = !read.http.tls.certificate_file.empty();
    prometheus.thresholds = read.thresholds;
  }
  if (!agents.empty()) prometheus.agents = agents;
  if (!alertmanagers.empty()) prometheus.alertmanagers = alertmanagers;
  if (no_alertmanager) prometheus.alertmanagers.clear();
  prometheus.interval = interval.value_or(prometheus.interval);
  prometheus.links = links.value_or(prometheus.links);
  while (prometheus.links.ends_with('/')) prometheus.links.pop_back();
  if (!is_interval(prometheus.interval)) return generate_misuse("--scrape-interval is a duration like 15s", arguments);
  for (const auto* addresses : {&prometheus.agents, &prometheus.alertmanagers})
    for (const std::string& address : *addresses)
      if (address.find("://") != std::string::npos || address.find(':') == std::string::npos)
        return generate_misuse("\"" + address + "\" is no address like 127.0.0.1:9464", arguments);
  return deliver(prometheus_files(prometheus), folder,
                 "How to start Prometheus is said at the top of " + folder_text(folder) + "/prometheus.yml.");
}

int generate_alertmanager(Words words) {
  AlertmanagerOptions alertmanager;
  FolderOptions folder;
  std::optional<std::string> critical, warning, info, watchdog;
  Arguments arguments("generate alertmanager", "Alertmanager's configuration: routes by severity, what is critical silences warnings, a dead "
                                               "man's switch. docs/provisioning.md");
  folder.flags(arguments);
  arguments.text("critical", "URL", "a webhook for what is critical; without it a receiver to be filled in", critical);
  arguments.text("warning", "URL", "the same for warnings", warning);
  arguments.text("info", "URL", "the same for what is only context", info);
  arguments.text("watchdog", "URL", "a dead man's switch: called each minute, it raises the alarm when that stops", watchdog);
  if (const auto ended = read_words(arguments, words, folder)) return *ended;
  for (const auto& [flag, url, into] : {std::tuple{"--critical", &critical, &alertmanager.critical}, {"--warning", &warning, &alertmanager.warning},
                                        {"--info", &info, &alertmanager.info}, {"--watchdog", &watchdog, &alertmanager.watchdog}}) {
    if (!*url) continue;
    if (!(*url)->starts_with("http://") && !(*url)->starts_with("https://"))
      return generate_misuse(std::string(flag) + " must start with http:// or https://", arguments);
    *into = **url;
  }
  return deliver(alertmanager_files(alertmanager), folder, "Start it:  alertmanager --config.file=" + folder_text(folder) + "/alertmanager.yml");
}

}  // namespace

std::optional<int> generate_provisioning(Words words) {
  if (words.empty()) return std::nullopt;
  if (words[0] == "grafana") return generate_grafana(words.subspan(1));
  if (words[0] == "prometheus") return generate_prometheus(words.subspan(1));
  if (words[0] == "alertmanager") return generate_alertmanager(words.subspan(1));
  return std::nullopt;
}

}  // namespace tocsin::agent
