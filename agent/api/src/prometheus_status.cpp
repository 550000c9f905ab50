// SPDX-License-Identifier: Apache-2.0
#include "agent/api/prometheus_status.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <fstream>
#include <thread>
#include <utility>

#include "agent/api/src/api_answer.h"
#include "agent/version.h"
#include "meters/base/quantity.h"
#include "meters/base/text.h"
#include "wire/json_writer.h"
#include "wire/timestamp.h"

namespace tocsin::agent {
namespace {

using wire::JsonWriter;

// A text in YAML: a JSON string is one.
std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void append_relabel(std::string& yaml, const char* key, const std::vector<RelabelConfig>& rules) {
  if (!rules.empty()) yaml += std::string("  ") + key + ":\n";
  for (const RelabelConfig& rule : rules) {
    yaml += "  - action: " + std::string(relabel_actions()[static_cast<std::size_t>(rule.action)]) + '\n';
    if (!rule.source_labels.empty()) yaml += "    source_labels:\n";
    for (const std::string& label : rule.source_labels) yaml += "    - " + quoted(label) + '\n';
    yaml += "    separator: " + quoted(rule.separator) + "\n    regex: " + quoted(rule.regex) + "\n    replacement: " + quoted(rule.replacement) + '\n';
    if (rule.modulus != 0) yaml += "    modulus: " + std::to_string(rule.modulus) + '\n';
    if (!rule.target_label.empty()) yaml += "    target_label: " + quoted(rule.target_label) + '\n';
  }
}

void append_scrape(std::string& yaml, const ScrapeConfig& scrape) {
  yaml += "- job_name: " + quoted(scrape.name) + "\n  scheme: " + quoted(scrape.scheme) + "\n  metrics_path: " + quoted(scrape.path) +
          "\n  scrape_interval: " + to_text(scrape.interval) + "\n  scrape_timeout: " + to_text(scrape.timeout) +
          "\n  honor_labels: " + (scrape.honor_labels ? "true" : "false") +
          "\n  honor_timestamps: " + (scrape.honor_timestamps ? "true" : "false") + "\n  static_configs:\n  - targets:\n";
  for (const std::string& target : scrape.targets) yaml += "    - " + quoted(target) + '\n';
  if (!scrape.labels.empty()) yaml += "    labels:\n";
  for (const auto& [name, text] : scrape.labels) yaml += "      " + quoted(name) + ": " + quoted(text) + '\n';
  append_relabel(yaml, "relabel_configs", scrape.relabel);
  append_relabel(yaml, "metric_relabel_configs", scrape.metric_relabel);
}

std::string yaml_of(const Config& config) {
  std::string yaml = "global:\n  scrape_interval: " + to_text(config.tick) + "\n  evaluation_interval: " +
                     to_text(config.rules.interval.count() == 0 ? config.tick : config.rules.interval) + '\n';
  if (!config.notify.external_labels.empty()) yaml += "  external_labels:\n";
  for (const auto& [name, text] : config.notify.external_labels) yaml += "    " + quoted(name) + ": " + quoted(text) + '\n';
  if (!config.rules.files.empty()) yaml += "rule_files:\n";
  for (const std::string& pattern : config.rules.files) yaml += "- " + quoted(pattern) + '\n';
  if (!config.scrapes.empty()) yaml += "scrape_configs:\n";
  for (const ScrapeConfig& scrape : config.scrapes) append_scrape(yaml, scrape);
  yaml += "# This is tocsin: what has a counterpart in Prometheus' configuration stands above, all of it below.\n";
  const std::string toml = to_toml_without_secrets(config);
  for (const std::string_view line : split(toml, '\n')) yaml.append(line.empty() ? "#" : "# ").append(line).append("\n");
  return yaml;
}

std::string working_directory() {
  std::array<char, PATH_MAX> path{};
  return getcwd(path.data(), path.size()) == nullptr ? "" : path.data();
}

std::string host_name() {
  std::array<char, 256> name{};
  (void)gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::int64_t threads() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (std::int64_t count = 0; word == "Threads:" && status >> count) return count;
  return 0;
}

}  // namespace

std::string prometheus_config(const Config& config) {
  return success_text([&](JsonWriter& json) { json.field("yaml", yaml_of(config)); });
}

std::string prometheus_runtime(const Config& config, const RuntimeStatus& runtime) {
  return success_text([&](JsonWriter& json) {
    json.field("startTime", wire::format_rfc3339(runtime.start));
    json.field("CWD", working_directory());
    json.field("hostname", host_name());
    json.field("serverTime", wire::format_rfc3339(runtime.now));
    json.field("reloadConfigSuccess", runtime.last_reload_successful);
    json.field("lastConfigTime", wire::format_rfc3339(runtime.last_reload));
    json.field("corruptionCount", runtime.damaged_checkpoints);
    json.field("goroutineCount", threads());
    json.field("GOMAXPROCS", std::max(1U, std::thread::hardware_concurrency()));
    json.field("GOMEMLIMIT", INT64_MAX);  // what Go says where there is no limit
    json.field("GOGC", "");
    json.field("GODEBUG", "");
    json.field("storageRetention", to_text(config.history.retention));
  });
}

std::string prometheus_build() {
  return success_text([](JsonWriter& json) {
    json.field("version", kVersion);
    for (const char* absent : {"revision", "branch", "buildUser", "buildDate", "goVersion"}) json.field(absent, "");
  });
}

std::string prometheus_flags(const Config& config) {
  const auto flag = [](bool on) { return std::string(on ? "true" : "false"); };
  const auto flags = std::to_array<std::pair<const char*, std::string>>({
      {"config.file", config.file},
      {"enable-feature", config.query.experimental ? "promql-experimental-functions" : ""},
      {"query.lookback-delta", to_text(config.query.lookback)},
      {"query.max-samples", std::to_string(config.query.max_samples)},
      {"query.timeout", to_text(config.query.timeout)},
      {"storage.tsdb.path", config.data_dir},
      {"storage.tsdb.retention.size", std::to_string(config.history.max_bytes) + "B"},
      {"storage.tsdb.retention.time", to_text(config.history.retention)},
      {"web.enable-admin-api", flag(false)},
      {"web.enable-lifecycle", flag(true)},
      {"web.enable-otlp-receiver", flag(!config.otlp.http_listen.empty())},
      {"web.enable-remote-write-receiver", flag(config.remote_write.enabled)},
      {"web.external-url", config.external_url},
      {"web.listen-address", config.http.listen},
  });
  return success_text([&](JsonWriter& json) {
    for (const auto& [name, text] : flags) json.field(name, text);
  });
}

std::string prometheus_walreplay() {
  return success_text([](JsonWriter& json) {
    for (const char* name : {"min", "max", "current"}) json.field(name, 0);
  });
}

std::string prometheus_alertmanagers(const Config& config) {
  return success_text([&](JsonWriter& json) {
    json.key("activeAlertmanagers");
    json.begin_array();
    for (const AlertmanagerConfig& one : config.notify.alertmanagers) {
      json.begin_object();
      json.field("url", shown_url(one.alerts_url()));
      json.end();
    }
    json.end();
    json.key("droppedAlertmanagers");
    json.begin_array();
    json.end();
  });
}

std::string prometheus_scrape_pools(const Config& config) {
  return success_text([&](JsonWriter& json) {
    json.key("scrapePools");
    json.begin_array();
    for (const ScrapeConfig& scrape : config.scrapes) json.value(scrape.name);
    json.end();
  });
}

}  // namespace tocsin::agent
