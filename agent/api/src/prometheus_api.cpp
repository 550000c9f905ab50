// SPDX-License-Identifier: Apache-2.0
#include "agent/api/prometheus_api.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/api/src/api_call.h"
#include "agent/api/src/label_name.h"
#include "rules/promql/print.h"

namespace tocsin::agent {
namespace {

using namespace rules::promql;

constexpr std::int64_t kMostSteps = 11'000;
}  // namespace

void PrometheusApi::add(Router& router, const char* path, Method method) {
  router.get_or_post(path, [this, method](const auto& request, auto& responder) {
    answer_call(request, responder, [&](ApiCall& call) { (this->*method)(call); });
  });
}

void PrometheusApi::add_routes(Router& router) {
  add(router, "/api/v1/query", &PrometheusApi::query);
  add(router, "/api/v1/query_range", &PrometheusApi::query_range);
  add(router, "/api/v1/series", &PrometheusApi::series);
  add(router, "/api/v1/labels", &PrometheusApi::labels);
  router.get_or_post("/api/v1/label/*", [this](const auto& request, auto& responder) {
    answer_call(request, responder, [&](ApiCall& call) { label_values(call, request.path); });
  });
  add(router, "/api/v1/format_query", &PrometheusApi::format_query);
  add(router, "/api/v1/parse_query", &PrometheusApi::parse_query);
}

EvaluationSettings PrometheusApi::settings(ApiCall& call, EvaluationTime time) const {
  const QueryOptions limits = options();
  EvaluationSettings settings;
  settings.time = time;
  settings.lookback = limits.lookback;
  settings.limits.samples = limits.max_samples;
  settings.limits.timeout = limits.timeout;
  settings.clock = &clock_;
  if (const auto asked = call.duration_ms("timeout")) {
    if (*asked <= 0) call.refuse_parameter("query", "context deadline exceeded");
    settings.limits.timeout = std::min<std::chrono::nanoseconds>(limits.timeout, std::chrono::milliseconds(*asked));
  }
  if (const auto asked = call.duration_ms("lookback_delta"); asked && *asked > 0) settings.lookback = std::chrono::milliseconds(*asked);
  return settings;
}

void PrometheusApi::query(ApiCall& call) const {
  const std::int64_t now_ms = std::chrono::floor<std::chrono::milliseconds>(clock_.now().time_since_epoch()).count();
  answer_query(call, instant(call.time_ms("time").value_or(now_ms)));
}

void PrometheusApi::answer_query(ApiCall& call, EvaluationTime time) const {
  const EvaluationSettings asked = settings(call, time);
  const std::size_t limit = call.limit();
  QueryTimes times;
  const Monotonic start = clock_.monotonic();
  const ExprPtr expr = call.error ? nullptr : call.expression("query", options().experimental);
  if (call.error) return;
  if (!time.instant() && expr->type != ValueType::Scalar && expr->type != ValueType::Vector)
    return call.refuse_parameter("query", "invalid expression type \"" + std::string(documented(expr->type)) + "\" for range query, must be Scalar or instant Vector");
  const auto view = view_();
  times.prepared = clock_.monotonic() - start;
  const auto answer = evaluate(*expr, *view, asked);
  times.all = clock_.monotonic() - start;
  if (!answer) return call.refuse(execution_error(answer.error()));
  const bool stats = !call.parameters.value("stats").empty();
  call.send([&](auto& json) { return write_value(json, *answer, limit, stats ? &times : nullptr); }, answer->annotations,
            call.parameters.value("query"));
}

void PrometheusApi::query_range(ApiCall& call) const {
  for (const char* name : {"start", "end"})
    if (call.parameters.value(name).empty()) return call.refuse_parameter(name, "cannot parse \"\" to a valid timestamp");
  if (call.parameters.value("step").empty()) return call.refuse_parameter("step", "cannot parse \"\" to a valid duration");
  const EvaluationTime time{*call.time_ms("start"), *call.time_ms("end"), *call.duration_ms("step")};
  if (call.error) return;
  if (time.end_ms < time.start_ms) return call.refuse_parameter("end", "end timestamp must not be before start time");
  if (time.step_ms <= 0)
    return call.refuse_parameter("step", "zero or negative query resolution step widths are not accepted. Try a positive integer");
  if ((time.end_ms - time.start_ms) / time.step_ms > kMostSteps)
    return call.refuse({400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"});
  answer_query(call, time);
}

namespace {

// Calls take(labels) for each series that one of the selectors matches, each once; all series where there are none.
template <class Take>
Result<void> each_series(const SeriesReader& view, std::vector<std::vector<Matcher>> selectors, TimeRange range, Take take) {
  if (range.to_ms < range.from_ms) return {};
  if (selectors.empty()) {
    auto named = Matcher::make("__name__", MatchType::NotEqual, "");
    if (!named) return named.error();
    selectors.push_back({std::move(*named)});
  }
  std::set<SeriesRow> seen;
  for (const auto& matchers : selectors) {
    const auto rows = view.select(matchers, range);
    if (!rows) return rows.error();
    for (const SeriesRow row : *rows) {
      if (selectors.size() > 1 && !seen.insert(row).second) continue;
      take(view.labels(row));
    }
  }
  return {};
}

bool write_texts(wire::JsonWriter& json, const std::set<std::string_view>& texts, std::size_t limit) {
  std::size_t written = 0;
  json.begin_array();
  for (const std::string_view text : texts) {
    if (limit != 0 && written++ == limit) return json.end(), true;
    json.value(text);
  }
  json.end();
  return false;
}

}  // namespace

void PrometheusApi::series(ApiCall& call) const {
  if (call.parameters.all("match[]").empty()) return call.refuse({400, "bad_data", "no match[] parameter provided"});
  const auto selectors = call.selectors();
  if (const auto why = std::exchange(call.error, {})) return call.refuse_parameter("match[]", why->message);
  const TimeRange range = call.range();
  const std::size_t limit = call.limit();
  if (call.error) return;
  const auto view = view_();
  std::vector<std::span<const LabelId>> found;
  const auto listed = each_series(*view, selectors, range, [&](std::span<const LabelId> labels) { found.push_back(labels); });
  if (!listed) return call.refuse(execution_error(listed.error()));
  call.send([&](auto& json) {
    const bool cut = limit != 0 && found.size() > limit;
    if (cut) found.resize(limit);
    json.begin_array();
    for (const auto& labels : found) {
      json.begin_object();
      for (const auto& [name, value] : labels) json.field(view->text(name), view->text(value));
      json.end();
    }
    json.end();
    return cut;
  });
}

void PrometheusApi::labels(ApiCall& call) const {
  const auto selectors = call.selectors();
  const TimeRange range = call.range();
  const std::size_t limit = call.limit();
  if (call.error) return;
  const auto view = view_();
  std::set<Symbol> names;
  const auto listed = each_series(*view, selectors, range, [&](std::span<const LabelId> labels) {
    for (const LabelId& label : labels) names.insert(label.name);
  });
  if (!listed) return call.refuse(execution_error(listed.error()));
  std::set<std::string_view> texts;
  for (const Symbol name : names) texts.insert(view->text(name));
  call.send([&](auto& json) { return write_texts(json, texts, limit); });
}

void PrometheusApi::label_values(ApiCall& call, std::string_view path) const {
  constexpr std::string_view kPrefix = "/api/v1/label/", kSuffix = "/values";
  if (!path.ends_with(kSuffix) || path.size() <= kPrefix.size() + kSuffix.size())
    return call.refuse({404, "not_found", "no such path: " + std::string(path)});
  const std::string name = unescaped_label_name(path.substr(kPrefix.size(), path.size() - kPrefix.size() - kSuffix.size()));
  const auto selectors = call.selectors();
  const TimeRange range = call.range();
  const std::size_t limit = call.limit();
  if (call.error) return;
  const auto view = view_();
  const Symbol wanted = view->symbol(name);
  std::set<Symbol> values;
  const auto listed = each_series(*view, selectors, range, [&](std::span<const LabelId> labels) {
    for (const LabelId& label : labels)
      if (label.name == wanted) values.insert(label.value);
  });
  if (!listed) return call.refuse(execution_error(listed.error()));
  std::set<std::string_view> texts;
  for (const Symbol value : values) texts.insert(view->text(value));
  call.send([&](auto& json) { return write_texts(json, texts, limit); });
}

void PrometheusApi::format_query(ApiCall& call) const {
  const ExprPtr expr = call.expression("query", true);
  if (call.error) return;
  call.send([&](auto& json) { return json.value(prettify(*expr)), false; });
}

void PrometheusApi::parse_query(ApiCall& call) const {
  const ExprPtr expr = call.expression("query", true);
  if (call.error) return;
  call.send([&](auto& json) { return write_tree(json, *expr), false; });
}

}  // namespace tocsin::agent
