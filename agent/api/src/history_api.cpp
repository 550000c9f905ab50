// SPDX-License-Identifier: Apache-2.0
#include "agent/api/history_api.h"

#include <chrono>
#include <set>
#include <utility>

#include "agent/api/src/api_call.h"
#include "agent/api/src/tsdb_status.h"
#include "rules/look_back.h"

namespace tocsin::agent {

namespace {

using rules::WindowView;
using wire::JsonWriter;

void write_series(JsonWriter& json, const WindowView& view, const rules::SeriesExemplars& series) {
  json.begin_object();
  json.key("seriesLabels");
  write_labels(json, view, view.labels(series.row));
  json.key("exemplars");
  json.begin_array();
  for (const rules::WindowExemplar& exemplar : series.exemplars) {
    json.begin_object();
    write_labels(json, "labels", exemplar.labels);
    std::string value;
    append_api_number(value, exemplar.value);
    json.field("value", value);
    json.key("timestamp");
    std::string time;
    append_api_time(time, exemplar.time_ms);
    json.raw(time);
    json.end();
  }
  json.end();
  json.end();
}

// The word of Prometheus' metadata.
std::string_view type_text(meters::Kind kind) {
  switch (kind) {
    case meters::Kind::Counter: return "counter";
    case meters::Kind::UpDownCounter:
    case meters::Kind::Gauge: return "gauge";
    case meters::Kind::Histogram: return "histogram";
    case meters::Kind::Summary: return "summary";
  }
  return "unknown";
}

}  // namespace

void answer_exemplars(ApiCall& call, const WindowView& view) {
  const auto range = call.range();
  if (range.to_ms < range.from_ms) call.refuse_parameter("end", "end timestamp must not be before start timestamp");
  const auto expr = call.expression("query", true);
  if (call.error) return;
  call.send([&](JsonWriter& json) {
    json.begin_array();
    std::set<rules::promql::SeriesRow> told;  // a series that two selectors take
    for (const rules::SelectorUse& use : rules::selectors_of(*expr, std::chrono::minutes(5))) {
      const auto found = view.exemplars(use.selector->matchers, range);
      if (!found) return call.refuse(execution_error(found.error())), false;
      for (const rules::SeriesExemplars& series : *found)
        if (told.insert(series.row).second) write_series(json, view, series);
    }
    json.end();
    return false;
  });
}

void answer_metadata(ApiCall& call, const WindowView& view) {
  // Less than zero, and none: no limit.
  const std::int64_t limit = call.integer("limit").value_or(-1), per_metric = call.integer("limit_per_metric").value_or(-1);
  if (call.error) return;
  const std::string_view metric = call.parameters.value("metric");
  call.send([&](JsonWriter& json) {
    json.begin_object();
    std::int64_t told = 0;
    for (const auto& [name, descriptor] : view.metadata()) {
      if (!metric.empty() && name != metric) continue;
      if (limit >= 0 && told >= limit) break;
      ++told;
      json.key(name);
      json.begin_array();
      if (per_metric != 0) {
        json.begin_object();
        json.field("type", type_text(descriptor->kind));
        json.field("help", descriptor->help);
        json.field("unit", meters::prometheus_unit(descriptor->unit));
        json.end();
      }
      json.end();
    }
    json.end();
    return false;
  });
}

void add_history_routes(Router& router, HistoryView view) {
  const auto add = [&](const char* path, void (*answer)(ApiCall&, const WindowView&)) {
    router.get_or_post(path, [view, answer](const wire::HttpRequest& request, wire::HttpResponder& responder) {
      answer_call(request, responder, [&](ApiCall& call) { answer(call, *view()); });
    });
  };
  add("/api/v1/query_exemplars", answer_exemplars);
  add("/api/v1/metadata", answer_metadata);
  add("/api/v1/status/tsdb", answer_tsdb);
}

}  // namespace tocsin::agent
