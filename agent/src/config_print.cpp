// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include "agent/config.h"
#include "meters/base/number.h"
#include "meters/base/quantity.h"
#include "meters/base/text.h"

namespace tocsin::agent {

namespace {

constexpr std::string_view kSecret = "<secret>";

class TomlWriter {
 public:
  void section(std::string_view name) { out_ += "\n[" + std::string(name) + "]\n"; }
  void item(std::string_view name) { out_ += "\n[[" + std::string(name) + "]]\n"; }
  void text(std::string_view key, std::string_view value) { start(key), quote(value), out_ += '\n'; }
  void flag(std::string_view key, bool value) { start(key), out_ += value ? "true\n" : "false\n"; }
  void number(std::string_view key, std::int64_t value) { start(key), out_ += std::to_string(value) + '\n'; }
  void real(std::string_view key, double value) { start(key), append_double(out_, value), out_ += '\n'; }
  void duration(std::string_view key, nanoseconds value) { text(key, to_text(value)); }
  void bytes(std::string_view key, std::uint64_t value) { text(key, std::to_string(value) + "B"); }
  void texts(std::string_view key, const std::vector<std::string>& values, bool secret = false) {
    start(key);
    out_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i > 0) out_ += ", ";
      quote(secret ? kSecret : std::string_view(values[i]));
    }
    out_ += "]\n";
  }
  void numbers(std::string_view key, const std::vector<double>& values) {
    start(key);
    out_ += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::string text;
      append_double(text, values[i]);
      out_ += i == 0 ? "" : ", ";
      out_ += text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
    }
    out_ += "]\n";
  }
  void map(std::string_view key, const std::map<std::string, std::string>& values, bool secret) {
    if (values.empty()) return;
    start(key);
    out_ += '{';
    for (bool first = true; const auto& [name, value] : values) {
      out_ += first ? " " : ", ";
      first = false;
      quote(name);
      out_ += " = ";
      quote(secret ? kSecret : std::string_view(value));
    }
    out_ += " }\n";
  }
  std::string take() && { return std::move(out_); }

 private:
  void start(std::string_view key) { out_ += std::string(key) + " = "; }
  void quote(std::string_view value) { append_json_string(out_, value); }  // a JSON string is a TOML basic string
  std::string out_;
};

void write_access(TomlWriter& toml, const std::string& section, const AccessConfig& access) {
  if (access.users.empty() && access.bearer_tokens.empty()) return;
  toml.section(section + ".access");
  toml.map("users", access.users, true);
  toml.texts("bearer_tokens", access.bearer_tokens, true);
}

void write_tls(TomlWriter& toml, const std::string& section, const TlsConfig& tls) {
  if (tls.certificate_file.empty()) return;
  toml.section(section + ".tls");
  toml.text("certificate_file", tls.certificate_file);
  toml.text("key_file", tls.key_file);
  if (!tls.client_ca_file.empty()) toml.text("client_ca_file", tls.client_ca_file);
}

void write_listeners(TomlWriter& toml, const Config& config) {
  toml.section("http");
  toml.text("listen", config.http.listen);
  toml.texts("allowed_hosts", config.http.allowed_hosts);
  toml.number("workers", config.http.workers);
  write_access(toml, "http", config.http.access);
  write_tls(toml, "http", config.http.tls);
  toml.section("otlp");
  toml.text("grpc_listen", config.otlp.grpc_listen);
  toml.text("http_listen", config.otlp.http_listen);
  toml.texts("allowed_hosts", config.otlp.allowed_hosts);
  toml.number("workers", config.otlp.workers);
  toml.bytes("max_request", config.otlp.max_request_bytes);
  toml.bytes("max_in_flight", config.otlp.max_in_flight_bytes);
  toml.texts("promote", config.otlp.promote);
  toml.text("translation_strategy", std::string(meters::kNameStrategies[static_cast<std::size_t>(config.otlp.translation_strategy)]));
  toml.flag("span_meters", config.otlp.span_meters);
  toml.flag("namespace_in_server_name", config.otlp.namespace_in_server_name);
  toml.text("dc_attribute", config.otlp.dc_attribute);
  toml.text("server_host_attribute", config.otlp.server_host_attribute);
  toml.text("app_id_attribute", config.otlp.app_id_attribute);
  write_access(toml, "otlp", config.otlp.access);
  write_tls(toml, "otlp", config.otlp.tls);
  toml.section("statsd");
  toml.text("udp_listen", config.statsd.udp_listen);
  toml.text("tcp_listen", config.statsd.tcp_listen);
  toml.text("unix_socket", config.statsd.unix_socket);
  toml.numbers("timer_bounds", config.statsd.timer_bounds);
}

void write_export(TomlWriter& toml, const ExportConfig& config) {
  toml.item("export");
  toml.text("name", config.name);
  toml.text("protocol", config.protocol);
  if (!config.endpoint.empty()) toml.text("endpoint", shown_url(config.endpoint));
  if (!config.metrics_endpoint.empty()) toml.text("metrics_endpoint", shown_url(config.metrics_endpoint));
  if (!config.traces_endpoint.empty()) toml.text("traces_endpoint", shown_url(config.traces_endpoint));
  toml.flag("metrics", config.metrics);
  toml.flag("spans", config.spans);
  toml.duration("interval", config.interval);
  toml.duration("timeout", config.timeout);
  toml.duration("max_retry_time", config.max_retry_time);
  const bool otlp = config.protocol != kRemoteWrite;
  if (otlp) toml.text("compression", config.compression);
  toml.map("headers", config.headers, true);
  if (otlp) toml.text("temporality", config.temporality);
  toml.text("histogram_aggregation", config.histogram_aggregation);
  if (otlp) toml.map("resource_attributes", config.resource_attributes, false);
  if (!otlp) toml.map("labels", config.labels, false);
  toml.bytes("max_queue", config.max_queue_bytes);
  if (!config.ca_file.empty()) toml.text("ca_file", config.ca_file);
  if (!config.certificate_file.empty()) toml.text("certificate_file", config.certificate_file);
  if (!config.key_file.empty()) toml.text("key_file", config.key_file);
  if (config.insecure_skip_verify) toml.flag("insecure_skip_verify", true);
}

void write_relabel(TomlWriter& toml, std::string_view section, const std::vector<RelabelConfig>& rules) {
  for (const RelabelConfig& rule : rules) {
    toml.item(section);
    toml.text("action", relabel_actions()[static_cast<std::size_t>(rule.action)]);
    if (!rule.source_labels.empty()) toml.texts("source_labels", rule.source_labels);
    toml.text("separator", rule.separator);
    toml.text("regex", rule.regex);
    if (rule.modulus != 0) toml.number("modulus", static_cast<std::int64_t>(rule.modulus));
    if (!rule.target_label.empty()) toml.text("target_label", rule.target_label);
    toml.text("replacement", rule.replacement);
  }
}

void write_scrape_access(TomlWriter& toml, const ScrapeConfig& config) {
  if (!config.username.empty()) toml.text("username", config.username);
  if (!config.password.empty()) toml.text("password", kSecret);
  if (!config.password_file.empty()) toml.text("password_file", config.password_file);
  if (!config.bearer_token.empty()) toml.text("bearer_token", kSecret);
  if (!config.bearer_token_file.empty()) toml.text("bearer_token_file", config.bearer_token_file);
  if (!config.ca_file.empty()) toml.text("ca_file", config.ca_file);
  if (!config.certificate_file.empty()) toml.text("certificate_file", config.certificate_file);
  if (!config.key_file.empty()) toml.text("key_file", config.key_file);
  if (config.insecure_skip_verify) toml.flag("insecure_skip_verify", true);
}

void write_scrape(TomlWriter& toml, const ScrapeConfig& config) {
  toml.item("scrape");
  toml.text("name", config.name);
  toml.texts("targets", config.targets);
  toml.text("scheme", config.scheme);
  toml.text("path", config.path);
  toml.duration("interval", config.interval);
  toml.duration("timeout", config.timeout);
  toml.map("params", config.params, false);
  toml.map("labels", config.labels, false);
  toml.flag("honor_labels", config.honor_labels);
  toml.flag("honor_timestamps", config.honor_timestamps);
  toml.flag("follow_redirects", config.follow_redirects);
  write_scrape_access(toml, config);
  toml.number("sample_limit", config.sample_limit);
  toml.number("label_limit", config.label_limit);
  toml.number("label_name_length_limit", config.label_name_length_limit);
  toml.number("label_value_length_limit", config.label_value_length_limit);
  toml.bytes("body_size_limit", config.body_size_limit);
  toml.flag("assume_zero", config.assume_zero);
  toml.flag("native_histograms", config.native_histograms);
  toml.flag("classic_histograms", config.classic_histograms);
  toml.flag("strict_openmetrics", config.strict_openmetrics);
  write_relabel(toml, "scrape.relabel", config.relabel);
  write_relabel(toml, "scrape.metric_relabel", config.metric_relabel);
}

void write_target(TomlWriter& toml, const HttpTargetConfig& target) {
  toml.text("url", shown_url(target.url));
  toml.duration("timeout", target.timeout);
  toml.map("headers", target.headers, true);
  if (!target.username.empty()) toml.text("username", target.username), toml.text("password", kSecret);
  if (!target.bearer_token.empty()) toml.text("bearer_token", kSecret);
  if (!target.ca_file.empty()) toml.text("ca_file", target.ca_file);
  if (!target.certificate_file.empty()) toml.text("certificate_file", target.certificate_file);
  if (!target.key_file.empty()) toml.text("key_file", target.key_file);
  if (target.insecure_skip_verify) toml.flag("insecure_skip_verify", true);
}

void write_notify(TomlWriter& toml, const NotifyConfig& config) {
  toml.section("notify");
  toml.map("external_labels", config.external_labels, false);
  toml.duration("resend_delay", config.resend_delay);
  toml.duration("resolved_for", config.resolved_for);
  toml.number("max_waiting", config.max_waiting);
  write_relabel(toml, "notify.alert_relabel", config.alert_relabel);
  for (const AlertmanagerConfig& one : config.alertmanagers) {
    toml.item("alertmanager");
    toml.text("name", one.name);
    write_target(toml, one.target);
    toml.duration("late_firing_for", one.late_firing_for);
    toml.duration("max_retry_time", one.max_retry_time);
    write_relabel(toml, "alertmanager.alert_relabel", one.alert_relabel);
  }
  for (const WebhookConfig& one : config.webhooks) {
    toml.item("webhook");
    toml.text("name", one.name);
    write_target(toml, one.target);
    toml.texts("group_by", one.group_by);
    toml.duration("group_wait", one.group_wait);
    toml.duration("group_interval", one.group_interval);
    toml.duration("repeat_interval", one.repeat_interval);
    toml.flag("send_resolved", one.send_resolved);
    if (!one.text.empty()) toml.text("text", one.text);
    toml.number("max_alerts", one.max_alerts);
    toml.duration("max_retry_time", one.max_retry_time);
    write_relabel(toml, "webhook.alert_relabel", one.alert_relabel);
  }
  if (config.heartbeat.target.url.empty()) return;
  toml.section("heartbeat");
  write_target(toml, config.heartbeat.target);
  toml.duration("interval", config.heartbeat.interval);
}

void write_rules(TomlWriter& toml, const RulesConfig& config) {
  toml.section("rules");
  toml.texts("files", config.files);
  if (config.interval.count() > 0) toml.duration("interval", config.interval);
  toml.duration("query_offset", config.query_offset);
  toml.duration("lookback", config.lookback);
  toml.duration("timeout", config.timeout);
  toml.flag("experimental", config.experimental);
  if (config.on_missing_data) toml.text("on_missing_data", policy_text(*config.on_missing_data));
  toml.duration("missing_data_held", config.missing_data_held);
  for (const MissingDataChoice& choice : config.missing_data) {
    toml.item("rules.missing_data");
    toml.text("group", choice.group);
    toml.text("alert", choice.alert);
    toml.text("policy", policy_text(choice.policy));
  }
}

void write_threshold(TomlWriter& toml, const Threshold& threshold) {
  toml.item("threshold");
  toml.text("alert", threshold.alert);
  if (!threshold.server_name.empty()) toml.text("server_name", threshold.server_name);
  if (!threshold.host.empty()) toml.text("host", threshold.host);
  toml.real("value", threshold.value);
}

void write_slo(TomlWriter& toml, const rules::Slo& slo) {
  toml.item("slo");
  toml.text("name", slo.name);
  if (!slo.description.empty()) toml.text("description", slo.description);
  if (slo.latency) {
    toml.text("latency", slo.total.text);
    toml.real("bound", slo.threshold);
  } else {
    toml.text("total", slo.total.text);
    toml.text("bad", slo.bad.text);
  }
  toml.texts("by", slo.by);
  toml.real("target", slo.target);
  toml.duration("period", slo.period);
  toml.real("min_bad_events", slo.min_bad_events);
  for (const rules::BurnPair& pair : slo.burn) {
    toml.item("slo.burn");
    toml.real("rate", pair.rate);
    toml.duration("long", pair.long_window);
    toml.duration("short", pair.short_window);
    toml.text("severity", pair.severity);
  }
}

}  // namespace

std::string to_toml_without_secrets(const Config& config) {
  constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};
  constexpr std::array<std::string_view, 3> kFormats{"automatic", "text", "json"};
  TomlWriter toml;
  toml.text("data_dir", config.data_dir);
  if (!config.external_url.empty()) toml.text("external_url", config.external_url);
  if (!config.dashboards_url.empty()) toml.text("dashboards_url", config.dashboards_url);
  if (!config.trace_url.empty()) toml.text("trace_url", config.trace_url);
  toml.duration("tick", config.tick);
  toml.duration("stop_timeout", config.stop_timeout);
  toml.flag("host_meters", config.host_meters);
  toml.section("log");
  toml.text("level", kLevels[static_cast<std::size_t>(config.log_level)]);
  toml.text("format", kFormats[static_cast<std::size_t>(config.log_format)]);
  write_listeners(toml, config);
  toml.section("limits");
  toml.number("label_sets", config.limits.label_sets);
  toml.number("series", config.limits.series);
  toml.number("span_series", config.limits.span_series);
  toml.duration("silent_after", config.limits.silent_after);
  toml.duration("idle_after", config.limits.idle_after);
  toml.section("history");
  toml.duration("retention", config.history.retention);
  toml.duration("recorded_retention", config.history.recorded_retention);
  toml.bytes("max_memory", config.history.max_bytes);
  toml.duration("checkpoint", config.history.checkpoint);
  toml.section("query");
  toml.duration("lookback", config.query.lookback);
  toml.duration("timeout", config.query.timeout);
  toml.number("max_samples", config.query.max_samples);
  toml.flag("experimental_functions", config.query.experimental);
  toml.section("exposition");
  toml.flag("created_lines", config.exposition.created_lines);
  toml.flag("scope_labels", config.exposition.scope_labels);
  toml.flag("target_info", config.exposition.target_info);
  for (const ScrapeConfig& item : config.scrapes) write_scrape(toml, item);
  toml.section("remote_write");
  toml.flag("enabled", config.remote_write.enabled);
  toml.bytes("max_request", config.remote_write.max_request_bytes);
  for (const ExportConfig& item : config.exports) write_export(toml, item);
  write_notify(toml, config.notify);
  write_rules(toml, config.rules);
  toml.section("dashboards");
  toml.texts("files", config.dashboards);
  for (const Threshold& item : config.thresholds) write_threshold(toml, item);
  for (const SloConfig& one : config.slos) write_slo(toml, one.slo);
  return std::move(toml).take();
}

}  // namespace tocsin::agent
