// SPDX-License-Identifier: Apache-2.0
#include "agent/api/src/api_call.h"

#include <algorithm>
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

// Prometheus' words for the least and the greatest time, and what "no time given" stands for in series, labels and label values.
constexpr std::string_view kMinTime = "-292273086-05-16T16:47:06Z", kMaxTime = "292277025-08-18T07:12:54.999999999Z";
constexpr TimeRange kAllTime{std::numeric_limits<std::int64_t>::min() / 4, std::numeric_limits<std::int64_t>::max() / 4};

// "1:3: parse error: ...", without the line and the caret below it. Prometheus knows no place in an empty text.
std::string fault_of(std::string_view text, std::string_view message) {
  const std::string_view line = message.substr(0, message.find('\n'));
  return text.empty() ? "unknown position" + std::string(line.substr(line.find(": parse"))) : std::string(line);
}

// Whether every series without labels of its own is meant as well: nobody asks for all there is by mistake.
bool takes_everything(const std::vector<rules::promql::Matcher>& matchers) {
  return std::ranges::all_of(matchers, [](const auto& matcher) { return matcher.matches(""); });
}

}  // namespace

ApiCall::ApiCall(const wire::HttpRequest& asked) {
  // As Go's FormValue: what the body says comes before what the URL says.
  if (!asked.is_read() && asked.headers.value("Content-Type").starts_with("application/x-www-form-urlencoded"))
    parameters = wire::parse_query(asked.body);
  for (const auto& [name, value] : asked.query) parameters.add(name, value);
}

void ApiCall::refuse_parameter(std::string_view name, std::string_view why) {
  refuse({400, "bad_data", "invalid parameter \"" + std::string(name) + "\": " + std::string(why)});
}

std::optional<std::int64_t> ApiCall::time_ms(std::string_view name) {
  const std::string* text = parameters.find(name);
  if (text == nullptr || text->empty()) return std::nullopt;
  if (*text == kMinTime) return kAllTime.from_ms;
  if (*text == kMaxTime) return kAllTime.to_ms;
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
  return {time_ms("start").value_or(kAllTime.from_ms), time_ms("end").value_or(kAllTime.to_ms)};
}

ExprPtr ApiCall::expression(std::string_view name, bool experimental) {
  const std::string text(parameters.value(name));
  rules::promql::Parsed parsed = rules::promql::parse_all(text, {experimental});
  if (parsed.faults.empty()) return std::move(parsed.expr);
  const rules::promql::ParseFault& fault = parsed.faults.front();
  const std::string place = text.empty() ? "unknown position" : std::to_string(fault.line) + ':' + std::to_string(fault.column);
  refuse_parameter(name, place + ": parse error: " + fault.message);
  return nullptr;
}

std::vector<std::vector<rules::promql::Matcher>> ApiCall::selectors() {
  std::vector<std::vector<rules::promql::Matcher>> selectors;
  for (const std::string_view text : parameters.all("match[]")) {
    auto matchers = rules::promql::parse_selector(text);
    if (!matchers) return refuse({400, "bad_data", fault_of(text, matchers.error().message)}), selectors;
    if (takes_everything(*matchers))
      return refuse({400, "bad_data", "match[] must contain at least one non-empty matcher"}), selectors;
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
