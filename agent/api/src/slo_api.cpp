// SPDX-License-Identifier: Apache-2.0
#include "agent/api/slo_api.h"

#include <chrono>

#include "rules/promql/parse.h"
#include "wire/json_writer.h"
#include "wire/timestamp.h"

namespace tocsin::agent {

namespace {

using rules::promql::duration_text;
using wire::JsonWriter;

void write_time(JsonWriter& json, const char* key, Time time) {
  json.key(key);
  if (time == Time{}) json.null();
  else json.value(wire::format_rfc3339(time));
}

void write_events(JsonWriter& json, const SloEvents& events) {
  json.field("total", events.total);
  json.field("bad", events.bad);
  json.field("badRatio", events.ratio());
}

void write_group(JsonWriter& json, const SloGroupState& group) {
  json.begin_object();
  json.key("labels");
  json.begin_object();
  for (const auto& [name, text] : group.labels) json.field(name, text);
  json.end();
  json.field("state", to_text(group.phase));
  json.field("sources", static_cast<std::uint64_t>(group.sources));
  json.key("period");
  json.begin_object();
  write_time(json, "since", group.since);
  write_events(json, group.period);
  json.end();
  json.field("budgetLeft", group.budget_left);
  json.key("windows");
  json.begin_array();
  for (const SloWindowState& window : group.windows) {
    json.begin_object();
    json.field("window", duration_text(window.window.count()));
    write_events(json, window.events);
    json.field("burnRate", window.burn_rate);
    json.end();
  }
  json.end();
  json.end();
}

void write_slo(JsonWriter& json, const SloState& state) {
  const rules::Slo& slo = state.slo;
  json.begin_object();
  json.field("name", slo.name);
  json.field("description", slo.description);
  if (slo.latency) {
    json.field("latency", slo.total.text);
    json.field("bound", slo.threshold);
  } else {
    json.field("total", slo.total.text);
    json.field("bad", slo.bad.text);
  }
  json.field("target", slo.target);
  json.field("period", duration_text(slo.period.count()));
  write_time(json, "countingSince", state.since);
  json.field("notCounted", state.unusable);
  json.field("hint", state.hint);
  json.key("burn");
  json.begin_array();
  for (const rules::BurnPair& pair : slo.burn) {
    json.begin_object();
    json.field("rate", pair.rate);
    json.field("long", duration_text(pair.long_window.count()));
    json.field("short", duration_text(pair.short_window.count()));
    json.field("severity", pair.severity);
    json.field("threshold", slo.limit(pair));
    json.end();
  }
  json.end();
  json.key("groups");
  json.begin_array();
  for (const SloGroupState& group : state.groups) write_group(json, group);
  json.end();
  json.end();
}

}  // namespace

std::string slo_answer(const SloStates& states) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("status", "success");
  json.key("data");
  json.begin_object();
  json.key("objectives");
  json.begin_array();
  for (const SloState& state : states) write_slo(json, state);
  json.end();
  json.end();
  json.end();
  return out += '\n';
}

}  // namespace tocsin::agent
