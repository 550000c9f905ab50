// SPDX-License-Identifier: Apache-2.0
// Who is told of alerts, as the configuration says it: [notify], [[alertmanager]], [[webhook]], [heartbeat].
//
//   read_notify(root, config.notify);        // every mistake is a fault of the table it stands in
//
// Threads: values. Each key is described in docs/configuration.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/relabel.h"
#include "agent/toml.h"

namespace tocsin::agent {

// Where to send, and how to prove who we are.
struct HttpTargetConfig {
  std::string url;
  std::chrono::nanoseconds timeout = std::chrono::seconds{10};
  std::map<std::string, std::string> headers;
  std::string username, password, bearer_token;
  std::string ca_file, certificate_file, key_file;
  bool insecure_skip_verify = false;
  bool operator==(const HttpTargetConfig&) const = default;
};

struct AlertmanagerConfig {
  // Where alerts are posted: `target.url`, or below it.
  std::string alerts_url() const;

  std::string name;
  HttpTargetConfig target;
  // An alert that ended before it could be told is told as firing for so long, then as resolved: Alertmanager notifies
  // of nothing that it first sees resolved, and waits for its group_wait and group_interval.
  std::chrono::nanoseconds late_firing_for = std::chrono::minutes{6};
  std::chrono::nanoseconds max_retry_time = std::chrono::hours{24};  // after the alert ended
  std::vector<RelabelConfig> alert_relabel;                           // after those of all receivers
  bool operator==(const AlertmanagerConfig&) const = default;
};

struct WebhookConfig {
  std::string name;
  HttpTargetConfig target;
  std::vector<std::string> group_by = {"alertname"};
  std::chrono::nanoseconds group_wait = std::chrono::seconds{10};
  std::chrono::nanoseconds group_interval = std::chrono::minutes{1};
  std::chrono::nanoseconds repeat_interval = std::chrono::hours{4};
  bool send_resolved = true;
  std::string text;              // a template; its result is the member "text" of the message. Empty: none
  std::int64_t max_alerts = 0;   // in one message; 0: all
  std::chrono::nanoseconds max_retry_time = std::chrono::hours{24};
  std::vector<RelabelConfig> alert_relabel;
  bool operator==(const WebhookConfig&) const = default;
};

struct HeartbeatConfig {
  HttpTargetConfig target;  // no url: none is sent
  std::chrono::nanoseconds interval = std::chrono::minutes{1};
  bool operator==(const HeartbeatConfig&) const = default;
};

struct NotifyConfig {
  std::map<std::string, std::string> external_labels;  // added to alerts that have no such label
  std::chrono::nanoseconds resend_delay = std::chrono::minutes{1};
  std::chrono::nanoseconds resolved_for = std::chrono::minutes{15};  // an end is repeated to Alertmanagers for so long
  std::int64_t max_waiting = 10'000;  // ended alerts that somebody was not told; beyond it the oldest is given up
  std::vector<RelabelConfig> alert_relabel;  // of all receivers, after external_labels: rewrites, or drops what is not told
  std::vector<AlertmanagerConfig> alertmanagers;
  std::vector<WebhookConfig> webhooks;
  HeartbeatConfig heartbeat;
  bool operator==(const NotifyConfig&) const = default;
};

// Whether a webhook's `text` asks for a field that there is not, of the example of an alert without labels; empty: not as far as is seen.
std::string fault_of_text(std::string_view text);

void read_notify(TomlTable& root, NotifyConfig& into);

}  // namespace tocsin::agent
