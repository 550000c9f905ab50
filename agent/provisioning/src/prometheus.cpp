// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "agent/provisioning/provisioning.h"
#include "agent/provisioning/src/yaml_text.h"
#include "meters/base/number.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

constexpr PrometheusVersion kOldest{2, 42}, kKeepsClassic{2, 45}, kStartTimes{2, 48}, kRenamedClassic{3, 0}, kScrapesNative{3, 8};

std::string to_text(PrometheusVersion version) { return std::to_string(version.major) + '.' + std::to_string(version.minor); }

// What no configuration file can say: how it is to be started.
std::string flags(PrometheusVersion version) {
  std::string features = "exemplar-storage";
  if (version >= kKeepsClassic && version < kScrapesNative) features += ",native-histograms";
  if (version >= kStartTimes) features += ",created-timestamp-zero-ingestion";
  return "--enable-feature=" + features;
}

std::string head(const PrometheusOptions& options) {
  std::string text = "# Prometheus " + to_text(options.version) + ". Start it with\n#\n#   prometheus --config.file=prometheus.yml " +
                     flags(options.version) + "\n#\n# exemplar-storage keeps what leads from a latency to its trace.\n";
  if (options.version >= kStartTimes)
    text += "# created-timestamp-zero-ingestion takes start times, so that the first increment of a new series is not lost.\n";
  else
    text += "# This version knows no start times: the first increment of a series that was not declared is lost.\n";
  return text;
}

std::string histograms(PrometheusVersion version) {
  if (version >= kScrapesNative)
    return "    scrape_native_histograms: true\n"
           "    always_scrape_classic_histograms: true   # the buckets that rules and dashboards use stay beside them\n";
  if (version >= kRenamedClassic) return "    always_scrape_classic_histograms: true   # beside the native ones of the feature flag\n";
  if (version >= kKeepsClassic) return "    scrape_classic_histograms: true   # beside the native ones of the feature flag\n";
  return "    # No native histograms: this version would drop the classic buckets, which rules and dashboards use.\n";
}

std::string configuration(const PrometheusOptions& options) {
  std::string text = head(options) +
                     "global:\n"
                     "  scrape_interval: " + options.interval + "\n"
                     "  evaluation_interval: 30s\n"
                     "\n"
                     "rule_files: ['rules/*.yml']\n"
                     "\n";
  if (!options.alertmanagers.empty())
    text += "alerting:\n  alertmanagers:\n    - static_configs:\n        - targets: " + yaml_list(options.alertmanagers) + "\n\n";
  text +=
      "scrape_configs:\n"
      "  - job_name: tocsin\n"
      "    honor_labels: true   # job and instance are those of the senders, where they have them\n" +
      histograms(options.version);
  if (options.tls) text += "    scheme: https\n";
  return text + "    static_configs:\n      - targets: " + yaml_list(options.agents) + "\n";
}

std::string thresholds_file(const std::vector<Threshold>& thresholds) {
  std::string text =
      "# Limits of alerts that are not the rules' own, as [[threshold]] of the agent's configuration says them. For a Prometheus that\n"
      "# scrapes the agent this file says nothing new; for one that does not, it is the place.\n"
      "groups:\n"
      "  - name: tocsin-thresholds\n"
      "    interval: 30s\n"
      "    rules:\n";
  for (const Threshold& one : thresholds) {
    std::string value;
    append_double(value, one.value);
    text += "      - record: tocsin_alert_threshold\n        expr: vector(" + value + ")\n        labels: {alert: " + yaml_quoted(one.alert);
    if (!one.server_name.empty()) text += ", server_name: " + yaml_quoted(one.server_name);
    if (!one.host.empty()) text += ", host: " + yaml_quoted(one.host);
    text += "}\n";
  }
  return text;
}

// Where annotations of the shipped rules lead (docs/decisions/0110-links-of-alerts.md). It has no instance, so it comes before
// what agents that are scraped say.
std::string links_file(const std::string& links) {
  return "# Where runbooks and dashboards of the shipped alerts are, for a Prometheus that is told otherwise by no agent, or wrongly.\n"
         "groups:\n"
         "  - name: tocsin-links\n"
         "    interval: 30s\n"
         "    rules:\n"
         "      - record: tocsin_links_info\n"
         "        expr: vector(1)\n"
         "        labels: {runbooks: " + yaml_quoted(links) + ", dashboards: " + yaml_quoted(links) + "}\n";
}

}  // namespace

Result<PrometheusVersion> parse_prometheus_version(std::string_view text) {
  const std::vector<std::string_view> parts = split(text.starts_with('v') ? text.substr(1) : text, '.');
  const auto wrong = [&](const std::string& why) {
    return Error{Fault::Configuration, "\"" + std::string(text) + "\" " + why};
  };
  PrometheusVersion version{0, 0};
  for (std::size_t i = 0; i < parts.size() && i < 3; ++i) {
    const auto number = parse_integer<int>(parts[i]);
    if (!number || *number < 0 || parts.size() > 3) return wrong("is no version of Prometheus, like 3.15 or 2.42");
    if (i == 0) version.major = *number;
    if (i == 1) version.minor = *number;
  }
  if (parts.size() == 1 && version.major == 3) version.minor = PrometheusVersion{}.minor;  // "3" is the one tested
  if (version < kOldest) return wrong("is too old: the rules need keep_firing_for, of Prometheus 2.42");
  return version;
}

Result<ProvisionedFiles> prometheus_files(const PrometheusOptions& options) {
  auto rules = carried_files("/library/", ".yml");
  if (!rules) return rules.error();
  ProvisionedFiles files{{"prometheus.yml", configuration(options)}};
  for (CarriedFile& file : *rules) files.push_back({"rules/" + file.name, std::move(file.text)});
  if (!options.links.empty()) files.push_back({"rules/links.yml", links_file(options.links)});
  if (!options.thresholds.empty()) files.push_back({"rules/thresholds.yml", thresholds_file(options.thresholds)});
  return files;
}

}  // namespace tocsin::agent
