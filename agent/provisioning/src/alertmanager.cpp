// SPDX-License-Identifier: Apache-2.0
#include "agent/provisioning/provisioning.h"
#include "agent/provisioning/src/yaml_text.h"

namespace tocsin::agent {

namespace {

std::string receiver(std::string_view name, const std::string& url, std::string_view what) {
  std::string text = "  - name: " + std::string(name) + "\n";
  if (url.empty()) return text + "    # Nobody is told yet: " + std::string(what) + "\n";
  return text + "    webhook_configs:\n      - url: " + yaml_quoted(url) + "\n        send_resolved: " +
         (name == "watchdog" ? "false" : "true") + "\n";
}

}  // namespace

ProvisionedFiles alertmanager_files(const AlertmanagerOptions& options) {
  std::string text =
      "# Alertmanager 0.22 and later. What severities mean:\n"
      "#   critical  people are hurt and somebody must act now\n"
      "#   warning   somebody should act in working hours\n"
      "#   info      context: told only while something of the same service is critical or a warning\n"
      "#   none      never told; the Watchdog goes to whoever calls you when it stops\n"
      "route:\n"
      "  receiver: warning\n"
      "  group_by: [alertname, server_name, dc]\n"
      "  group_wait: 30s\n"
      "  group_interval: 5m\n"
      "  repeat_interval: 4h\n"
      "  routes:\n"
      "    - receiver: watchdog\n"
      "      matchers: [alertname=\"Watchdog\"]\n"
      "      group_wait: 0s\n"
      "      group_interval: 1m\n"
      "      repeat_interval: 1m\n"
      "    - receiver: nobody\n"
      "      matchers: [severity=\"none\"]\n"
      "    - receiver: critical\n"
      "      matchers: [severity=\"critical\"]\n"
      "      group_wait: 10s\n"
      "      repeat_interval: 1h\n"
      "    - receiver: info\n"
      "      matchers: [severity=\"info\"]\n"
      "      repeat_interval: 12h\n"
      "    - receiver: warning\n"
      "      matchers: [severity=\"warning\"]\n"
      "\n"
      "inhibit_rules:\n"
      "  # What is critical silences the warnings of the same service, also those that are of no data centre, or of the same machine.\n"
      "  - source_matchers: [severity=\"critical\", server_name=~\".+\"]\n"
      "    target_matchers: [severity=\"warning\"]\n"
      "    equal: [server_name, dc]\n"
      "  - source_matchers: [severity=\"critical\", server_name=~\".+\"]\n"
      "    target_matchers: [severity=\"warning\", dc=\"\"]\n"
      "    equal: [server_name]\n"
      "  - source_matchers: [severity=\"critical\", server_name=\"\", instance=~\".+\"]\n"
      "    target_matchers: [severity=\"warning\", server_name=\"\"]\n"
      "    equal: [instance]\n"
      "  # InfoInhibitor (rules/routing.yml) fires for a service whose alerts are all of severity info.\n"
      "  - source_matchers: [alertname=\"InfoInhibitor\"]\n"
      "    target_matchers: [severity=\"info\"]\n"
      "    equal: [server_name]\n"
      "\n"
      "receivers:\n";
  text += receiver("critical", options.critical, "write webhook_configs, pagerduty_configs, slack_configs or email_configs here");
  text += receiver("warning", options.warning, "write slack_configs or email_configs here");
  text += receiver("info", options.info, "write slack_configs or email_configs here");
  text += receiver("watchdog", options.watchdog, "write the URL of a dead man's switch here; it is called each minute");
  text += "  - name: nobody\n";
  return {{"alertmanager.yml", std::move(text)}};
}

}  // namespace tocsin::agent
