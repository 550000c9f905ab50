// SPDX-License-Identifier: Apache-2.0
#include "agent/notify/receiver_config.h"

#include <fstream>
#include <set>
#include <utility>

#include "agent/notify/src/webhook_message.h"
#include "agent/relabel_toml.h"
#include "agent/url_toml.h"

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;

void read_target(TomlTable& table, HttpTargetConfig& into, bool needed) {
  read_url(table, "url", into.url);
  if (needed && into.url.empty()) table.fault("url", "must be given, like \"http://127.0.0.1:9093\"");
  table.read_duration("timeout", into.timeout, 1ms, 10min);
  table.read("headers", into.headers);
  table.read("username", into.username);
  table.read("password", into.password);
  table.read("bearer_token", into.bearer_token);
  if (!into.bearer_token.empty() && !into.username.empty()) table.fault("bearer_token", "goes without username and password");
  const std::pair<const char*, std::string*> files[] = {
      {"ca_file", &into.ca_file}, {"certificate_file", &into.certificate_file}, {"key_file", &into.key_file}};
  for (const auto& [key, file] : files) {
    table.read(key, *file);
    if (!file->empty() && !std::ifstream(*file)) table.fault(key, "cannot read \"" + *file + '"');
  }
  table.read("insecure_skip_verify", into.insecure_skip_verify);
}

AlertmanagerConfig read_alertmanager(TomlTable& table) {
  AlertmanagerConfig into;
  table.read("name", into.name);
  read_target(table, into.target, true);
  table.read_duration("late_firing_for", into.late_firing_for, 0s, 24h);
  table.read_duration("max_retry_time", into.max_retry_time, 1s, 24h * 30);
  into.alert_relabel = read_relabel(table, "alert_relabel");
  return into;
}

WebhookConfig read_webhook(TomlTable& table) {
  WebhookConfig into;
  table.read("name", into.name);
  read_target(table, into.target, true);
  table.read("group_by", into.group_by);
  table.read_duration("group_wait", into.group_wait, 0s, 1h);
  table.read_duration("group_interval", into.group_interval, 0s, 24h);
  table.read_duration("repeat_interval", into.repeat_interval, 1s, 24h * 365);
  table.read("send_resolved", into.send_resolved);
  table.read("text", into.text);
  if (auto text = parse_message_text(into.text); !text) table.fault("text", text.error().message);
  table.read("max_alerts", into.max_alerts, 0, 1'000'000);
  table.read_duration("max_retry_time", into.max_retry_time, 1s, 24h * 30);
  into.alert_relabel = read_relabel(table, "alert_relabel");
  return into;
}

template <class Config, class Read>
void read_all(TomlTable& root, const char* section, std::vector<Config>& into, std::set<std::string>& names, Read read) {
  for (TomlTable& table : root.tables(section)) {
    Config one = read(table);
    if (one.name.empty()) one.name = shown_url(one.target.url);
    if (!names.insert(one.name).second) table.fault("name", "another receiver has the name \"" + one.name + "\": give each its own");
    into.push_back(std::move(one));
  }
}

}  // namespace

void read_notify(TomlTable& root, NotifyConfig& into) {
  TomlTable notify = root.table("notify");
  notify.read("external_labels", into.external_labels);
  notify.read_duration("resend_delay", into.resend_delay, 100ms, 1h);
  notify.read_duration("resolved_for", into.resolved_for, 0s, 24h);
  notify.read("max_waiting", into.max_waiting, 1, 10'000'000);
  into.alert_relabel = read_relabel(notify, "alert_relabel");
  std::set<std::string> names;
  read_all(root, "alertmanager", into.alertmanagers, names, read_alertmanager);
  read_all(root, "webhook", into.webhooks, names, read_webhook);
  TomlTable heartbeat = root.table("heartbeat");
  read_target(heartbeat, into.heartbeat.target, false);
  heartbeat.read_duration("interval", into.heartbeat.interval, 1s, 24h);
}

std::string AlertmanagerConfig::alerts_url() const {
  std::string url = target.url;
  while (url.ends_with('/')) url.pop_back();
  return url.ends_with("/api/v2/alerts") ? url : url + "/api/v2/alerts";
}

}  // namespace tocsin::agent
