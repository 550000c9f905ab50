// SPDX-License-Identifier: Apache-2.0
#include "agent/notify/src/webhook_message.h"

#include "agent/notify/receiver_config.h"

#include <algorithm>
#include <utility>

#include "wire/json_writer.h"
#include "wire/timestamp.h"

namespace tocsin::agent {
namespace {

using rules::AlertLabels;
using rules::templates::Template;
using rules::templates::Value;

constexpr std::string_view kNoTime = "0001-01-01T00:00:00Z";  // Go's zero time, which receivers look for

AlertLabels common(const std::vector<MessageAlert>& alerts, AlertLabels MessageAlert::*pairs) {
  if (alerts.empty()) return {};
  AlertLabels out = alerts.front().*pairs;
  for (const MessageAlert& alert : alerts) {
    std::erase_if(out, [&](const auto& pair) {
      const AlertLabels& held = alert.*pairs;
      return std::find(held.begin(), held.end(), pair) == held.end();
    });
  }
  return out;
}

void write_pairs(wire::JsonWriter& json, const char* key, const AlertLabels& pairs) {
  json.key(key);
  json.begin_object();
  for (const auto& [name, value] : pairs) json.field(name, value);
  json.end();
}

// As Alertmanager's: {}:{alertname="Down", job="shop"}.
std::string group_key(const AlertLabels& labels) {
  std::string out = "{}:{";
  for (const auto& [name, value] : labels) {
    if (!out.ends_with('{')) out += ", ";
    out += name + "=";
    append_json_string(out, value);
  }
  return out + "}";
}

// Labels as Alertmanager's templates see them: with .SortedPairs, .Names and .Values.
Value labels_value(const AlertLabels& labels) {
  std::vector<Value> pairs, names, values;
  for (const auto& [name, value] : labels) {
    pairs.push_back(Value::structure("template.Pair", {{"Name", Value(name)}, {"Value", Value(value)}}));
    names.emplace_back(name), values.emplace_back(value);
  }
  return Value::texts(labels, {{"SortedPairs", Value::list("template.Pairs", std::move(pairs))},
                               {"Names", Value::list("[]string", std::move(names))},
                               {"Values", Value::list("[]string", std::move(values))}});
}

Value alerts_value(const std::vector<MessageAlert>& alerts) {
  std::vector<Value> all, firing, resolved;
  for (const MessageAlert& alert : alerts) {
    all.push_back(Value::structure("template.Alert", {{"Status", Value(alert.ended() ? "resolved" : "firing")},
                                                      {"Labels", labels_value(alert.labels)},
                                                      {"Annotations", labels_value(alert.annotations)},
                                                      {"StartsAt", Value(alert.starts_at)},
                                                      {"EndsAt", Value(alert.ends_at)},
                                                      {"GeneratorURL", Value(alert.generator_url)},
                                                      {"Fingerprint", Value(rules::fingerprint_text(rules::fingerprint(alert.labels)))}}));
    (alert.ended() ? resolved : firing).push_back(all.back());
  }
  return Value::list("template.Alerts", std::move(all), {{"Firing", Value::list("[]template.Alert", std::move(firing))},
                                                         {"Resolved", Value::list("[]template.Alert", std::move(resolved))}});
}

Result<std::string> text_of(const WebhookMessage& message, const Template& text, Time now) {
  const Value data = Value::structure(
      "*template.Data", {{"Receiver", Value(message.receiver)},
                         {"Status", Value(message.firing() ? "firing" : "resolved")},
                         {"Alerts", alerts_value(message.alerts)},
                         {"GroupLabels", labels_value(message.group_labels)},
                         {"CommonLabels", labels_value(common(message.alerts, &MessageAlert::labels))},
                         {"CommonAnnotations", labels_value(common(message.alerts, &MessageAlert::annotations))},
                         {"ExternalURL", Value(message.external_url)}});
  return text.execute(data, {.external_url = message.external_url, .now = now});
}

}  // namespace

bool WebhookMessage::firing() const noexcept {
  return std::any_of(alerts.begin(), alerts.end(), [](const MessageAlert& alert) { return !alert.ended(); });
}

std::string to_json(const WebhookMessage& message, const std::optional<Template>& text, Time now, std::string* fault) {
  std::string out;
  wire::JsonWriter json(out);
  json.begin_object();
  json.field("receiver", message.receiver);
  json.field("status", message.firing() ? "firing" : "resolved");
  json.key("alerts");
  json.begin_array();
  for (const MessageAlert& alert : message.alerts) {
    json.begin_object();
    json.field("status", alert.ended() ? "resolved" : "firing");
    write_pairs(json, "labels", alert.labels);
    write_pairs(json, "annotations", alert.annotations);
    json.field("startsAt", wire::format_rfc3339(alert.starts_at));
    json.field("endsAt", alert.ended() ? wire::format_rfc3339(alert.ends_at) : std::string(kNoTime));
    json.field("generatorURL", alert.generator_url);
    json.field("fingerprint", rules::fingerprint_text(rules::fingerprint(alert.labels)));
    json.end();
  }
  json.end();
  write_pairs(json, "groupLabels", message.group_labels);
  write_pairs(json, "commonLabels", common(message.alerts, &MessageAlert::labels));
  write_pairs(json, "commonAnnotations", common(message.alerts, &MessageAlert::annotations));
  json.field("externalURL", message.external_url);
  json.field("version", "4");
  json.field("groupKey", group_key(message.group_labels));
  json.field("truncatedAlerts", message.truncated);
  if (text) {
    const auto made = text_of(message, *text, now);
    json.field("text", made ? *made : "<error expanding template: " + made.error().message + ">");
    if (!made && fault != nullptr) *fault = made.error().message;
  }
  json.end();
  return out;
}

std::string fault_of_text(std::string_view text) {
  const auto parsed = parse_message_text(text);
  if (!parsed || !*parsed) return {};
  const WebhookMessage example{"", "", {}, {MessageAlert{{}, {}, {}, {}, ""}}, 0};
  const auto made = text_of(example, **parsed, {});
  // Anything else may be due to there being nothing in it.
  return made || made.error().message.find("can't evaluate field") == std::string::npos ? "" : made.error().message;
}

Result<std::optional<Template>> parse_message_text(std::string_view text) {
  if (text.empty()) return std::optional<Template>();
  auto parsed = Template::parse(text, {.name = "text"});
  if (!parsed) return parsed.error();
  return std::optional<Template>(*std::move(parsed));
}

}  // namespace tocsin::agent
