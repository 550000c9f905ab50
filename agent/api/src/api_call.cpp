// SPDX-License-Identifier: Apache-2.0
#include "agent/api/src/api_call.h"

#include <chrono>
#include <cmath>
#include <limits>

#include "agent/api/src/whole_stack.h"
#include "agent/api/status.h"
#include "meters/base/number.h"
#include "rules/promql/parse.h"
#include "wire/timestamp.h"

namespace tocsin::agent {

using rules::promql::Annotation;
using rules::promql::ExprPtr;
using rules::promql::TimeRange;

namespace {

// Prometheus' own: what "no time given" stands for in series, labels and label values.
constexpr TimeRange kAllTime{std::numeric_limits<std::int64_t>::min() / 4, std::numeric_limits<std::int64_t>::max() / 4};

}  // namespace

ApiCall::ApiCall(const wire::HttpRequest& asked) : parameters(asked.query) {
  if (!asked.headers.value("Content-Type").starts_with("application/x-www-form-urlencoded")) return;
  for (const auto& [name, value] : wire::parse_query(asked.body)) parameters.add(name, value);
}

void ApiCall::refuse_parameter(std::string_view name, std::string_view why) {
  refuse({400, "bad_data", "invalid parameter \"" + std::string(name) + "\": " + std::string(why)});
}

std::optional<std::int64_t> ApiCall::time_ms(std::string_view name) {
  const std::string* text = parameters.find(name);
  if (text == nullptr || text->empty()) return std::nullopt;
  if (const auto time = wire::parse_timestamp(*text))
    return std::chrono::floor<std::chrono::milliseconds>(time->time_since_epoch()).count();
  refuse_parameter(name, "cannot parse \"" + *text + "\" to a valid timestamp");
  return 0;
}

std::optional<std::int64_t> ApiCall::duration_ms(std::string_view name) {
  const std::string* text = parameters.find(name);
  if (text == nullptr || text->empty()) return std::nullopt;
  if (const auto seconds = parse_double(*text)) {
    if (std::isfinite(*seconds) && std::abs(*seconds) < 9e12) return static_cast<std::int64_t>(*seconds * 1000);
  } else if (const auto duration = rules::promql::parse_duration(*text)) {
    return *duration;
  }
  refuse_parameter(name, "cannot parse \"" + *text + "\" to a valid duration");
  return 1;
}

std::optional<std::int64_t> ApiCall::integer(std::string_view name) {
  const std::string* text = parameters.find(name);
  if (text == nullptr || text->empty()) return std::nullopt;
  if (const auto number = parse_integer<std::int64_t>(*text)) return *number;
  refuse_parameter(name, "cannot parse \"" + *text + "\" to a valid integer");
  return 0;
}

std::size_t ApiCall::limit() {
  const auto number = integer("limit");
  if (number && *number < 0) refuse_parameter("limit", "limit must be non-negative");
  return number && *number > 0 ? static_cast<std::size_t>(*number) : 0;
}

TimeRange ApiCall::range() {
  const TimeRange range{time_ms("start").value_or(kAllTime.from_ms), time_ms("end").value_or(kAllTime.to_ms)};
  if (range.to_ms < range.from_ms) refuse_parameter("end", "end timestamp must not be before start timestamp");
  return range;
}

ExprPtr ApiCall::expression(std::string_view name, bool experimental) {
  const std::string text(parameters.value(name));
  rules::promql::Parsed parsed = rules::promql::parse_all(text, {experimental});
  if (parsed.faults.empty()) return std::move(parsed.expr);
  const rules::promql::ParseFault& fault = parsed.faults.front();
  refuse_parameter(name, std::to_string(fault.line) + ':' + std::to_string(fault.column) + ": parse error: " + fault.message);
  return nullptr;
}

std::vector<std::vector<rules::promql::Matcher>> ApiCall::selectors() {
  std::vector<std::vector<rules::promql::Matcher>> selectors;
  for (const std::string_view text : parameters.all("match[]")) {
    auto matchers = rules::promql::parse_selector(text);
    if (!matchers) return refuse_parameter("match[]", matchers.error().message), selectors;
    selectors.push_back(std::move(*matchers));
  }
  return selectors;
}

void ApiCall::write_notes(wire::JsonWriter& json, bool cut, const std::vector<Annotation>& annotations,
                          std::string_view query) const {
  for (const auto& [level, key] : {std::pair(Annotation::Level::Warning, "warnings"), std::pair(Annotation::Level::Info, "infos")}) {
    std::vector<std::string> texts;
    if (level == Annotation::Level::Warning) texts = warnings;
    if (cut && level == Annotation::Level::Warning) texts.emplace_back("results truncated due to limit");
    for (const Annotation& annotation : annotations)
      if (annotation.level == level) texts.push_back(to_string(annotation, query));
    if (texts.empty()) continue;
    json.key(key);
    json.begin_array();
    for (const std::string& text : texts) json.value(text);
    json.end();
  }
}

void answer_call(const wire::HttpRequest& request, wire::HttpResponder& responder, const std::function<void(ApiCall&)>& work) {
  ApiCall call(request);
  on_whole_stack([&] { return work(call), true; });
  if (call.error) return send_json(responder, call.error->status, error_text(*call.error));
  send_json(responder, 200, call.body);
}

}  // namespace tocsin::agent
