// SPDX-License-Identifier: Apache-2.0
#include "agent/api/rules_api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "agent/api/src/api_call.h"
#include "agent/src/md5.h"
#include "rules/promql/print.h"
#include "wire/timestamp.h"

namespace tocsin::agent {
namespace {

using rules::AlertState;
using rules::Rule;
using wire::JsonWriter;

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

// Go's zero time where there is none.
std::string rfc3339(Time time) {
  return time == Time{} ? "0001-01-01T00:00:00Z" : wire::format_rfc3339(time);
}

// strconv.FormatFloat(value, 'e', -1, 64).
std::string exponent_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  return {buffer.data(), end};
}

void write_alert(JsonWriter& json, const AlertState& alert) {
  json.begin_object();
  write_labels(json, "labels", alert.labels);
  write_labels(json, "annotations", alert.annotations);
  json.field("state", rules::to_text(alert.phase));
  json.field("activeAt", rfc3339(alert.active_at));  // since when it is pending, as Prometheus has it
  if (alert.phase == rules::AlertPhase::Firing) json.field("firingSince", rfc3339(alert.fired_at));
  if (alert.keep_firing_since != Time{}) json.field("keepFiringSince", rfc3339(alert.keep_firing_since));
  if (alert.missing_since != Time{}) json.field("missingSince", rfc3339(alert.missing_since));
  json.field("value", exponent_text(alert.value));
  json.end();
}

std::string_view state_text(const rules::RuleStatus& status) {
  if (status.last_evaluation == Time{} && status.alerts.empty()) return "unknown";
  const auto firing = [](const AlertState& alert) { return alert.phase == rules::AlertPhase::Firing; };
  if (std::ranges::any_of(status.alerts, firing)) return "firing";
  return status.alerts.empty() ? "inactive" : "pending";
}

std::string_view health_text(rules::RuleHealth health) {
  switch (health) {
    case rules::RuleHealth::Ok: return "ok";
    case rules::RuleHealth::Error: return "err";
    case rules::RuleHealth::Unknown: break;
  }
  return "unknown";
}

struct Filter {
  bool alerting = true, recording = true, with_alerts = true;
  std::vector<std::string_view> names, groups, files;
  std::vector<std::vector<rules::promql::Matcher>> matchers;

  bool takes(const Rule& rule) const {
    if (!(rule.kind == Rule::Kind::Alert ? alerting : recording)) return false;
    if (!listed(names, rule.name)) return false;
    return matchers.empty() || std::ranges::any_of(matchers, [&](const auto& set) {
      return std::ranges::all_of(set, [&](const rules::promql::Matcher& matcher) { return matcher.matches(label(rule, matcher.label())); });
    });
  }
  bool takes(const rules::GroupStatus& group) const {
    return listed(groups, group.group->name) && listed(files, group.path) &&
           std::ranges::any_of(group.group->rules, [&](const Rule& rule) { return takes(rule); });
  }
  static bool listed(const std::vector<std::string_view>& list, std::string_view text) {
    return list.empty() || std::ranges::find(list, text) != list.end();
  }
  static std::string_view label(const Rule& rule, std::string_view name) {
    const auto found = std::ranges::find(rule.labels, name, &std::pair<std::string, std::string>::first);
    return found == rule.labels.end() ? std::string_view() : std::string_view(found->second);
  }
};

Filter read_filter(ApiCall& call) {
  Filter out;
  const std::string type(call.parameters.value("type"));
  if (!type.empty() && type != "alert" && type != "record")
    call.refuse_parameter("type", "not supported value " + rules::promql::quoted(type));
  out.alerting = type != "record";
  out.recording = type != "alert";
  const std::string_view exclude = call.parameters.value("exclude_alerts");
  const Boolean excluded = exclude.empty() ? Boolean::False : parse_boolean(exclude);
  if (excluded == Boolean::Neither) call.refuse_parameter("exclude_alerts", "not a boolean");
  out.with_alerts = excluded == Boolean::False;
  out.names = call.parameters.all("rule_name[]");
  out.groups = call.parameters.all("rule_group[]");
  out.files = call.parameters.all("file[]");
  out.matchers = call.selectors();
  return out;
}

// So many groups an answer, from the one whose token is given; less than one: all.
struct Page {
  std::int64_t groups = 0;
  std::string from;
};

Page read_page(ApiCall& call) {
  Page page{0, std::string(call.parameters.value("group_next_token"))};
  const auto groups = call.integer("group_limit");
  if (!groups && !page.from.empty())
    call.refuse_parameter("group_limit", "group_limit needs to be present in order to paginate over the groups");
  if (groups && *groups <= 0) call.refuse_parameter("group_limit", "group_limit needs to be greater than 0");
  page.groups = groups.value_or(0);
  return page;
}

std::string token_of(const rules::GroupStatus& group) {
  const std::uint64_t hash = md5_low64(group.path + ';' + group.group->name);
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash));
  return text.data();
}

void write_rule(JsonWriter& json, const Rule& rule, const rules::RuleStatus& status, const Filter& filter) {
  const bool alerting = rule.kind == Rule::Kind::Alert;
  json.begin_object();
  if (alerting) json.field("state", state_text(status));
  json.field("name", rule.name);
  json.field("query", rules::promql::to_string(*rule.expr));
  if (alerting) json.field("duration", seconds(rule.hold));
  if (alerting) json.field("keepFiringFor", seconds(rule.keep_firing_for));
  write_labels(json, "labels", rule.labels);
  if (alerting) {
    write_labels(json, "annotations", rule.annotations);
    json.key("alerts");
    json.begin_array();
    if (filter.with_alerts) {
      for (const AlertState& alert : status.alerts) write_alert(json, alert);
    }
    json.end();
  }
  json.field("health", health_text(status.health));
  if (!status.last_error.empty()) json.field("lastError", status.last_error);
  json.field("evaluationTime", seconds(status.duration));
  json.field("lastEvaluation", rfc3339(status.last_evaluation));
  json.field("type", alerting ? "alerting" : "recording");
  json.end();
}

void write_group(JsonWriter& json, const rules::GroupStatus& group, const Filter& filter) {
  const auto& all = group.group->rules;
  json.begin_object();
  json.field("name", group.group->name);
  json.field("file", group.path);
  json.key("rules");
  json.begin_array();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (filter.takes(all[i])) write_rule(json, all[i], group.rules[i], filter);
  }
  json.end();
  json.field("interval", seconds(group.interval));
  json.field("limit", group.group->limit);
  json.field("evaluationTime", seconds(group.duration));
  json.field("lastEvaluation", rfc3339(group.last_evaluation));
  json.end();
}

// A file with faults is told here as well: its rules are those of before. A template that fails makes no rule fail, as in Prometheus.
void warn_of_faults(ApiCall& call, const AlertingState& state) {
  for (const auto& group : state.rules.groups)
    for (std::size_t i = 0; i < group->rules.size(); ++i)
      if (const std::string& error = group->rules[i].template_error; !error.empty())
        call.warnings.push_back(group->path + ": " + group->group->name + ": " + group->group->rules[i].name + ": " + error);
  for (const RuleFileState& file : state.rules.files)
    for (const rules::FileFault& fault : file.faults) call.warnings.push_back(fault.to_string(file.path));
  for (const std::string& pattern : state.rules.unmatched) call.warnings.push_back("rules.files: no file matches \"" + pattern + '"');
}

}  // namespace

void answer_rules(ApiCall& call, const AlertingState& state) {
  const Filter filter = read_filter(call);
  const Page page = read_page(call);
  if (call.error) return;
  std::vector<const rules::GroupStatus*> groups;
  bool reached = page.from.empty();
  for (const auto& group : state.rules.groups) {
    reached = reached || token_of(*group) == page.from;
    if (reached && filter.takes(*group)) groups.push_back(group.get());
  }
  if (!reached) return call.refuse({.message = "invalid group_next_token '" + page.from + "'. were rule groups changed?"});
  const auto most = page.groups > 0 ? std::min<std::size_t>(groups.size(), static_cast<std::size_t>(page.groups)) : groups.size();
  warn_of_faults(call, state);
  call.send([&](JsonWriter& json) {
    json.begin_object();
    json.key("groups");
    json.begin_array();
    for (std::size_t i = 0; i < most; ++i) write_group(json, *groups[i], filter);
    json.end();
    if (most < groups.size()) json.field("groupNextToken", token_of(*groups[most]));
    json.end();
    return false;
  });
}

void answer_alerts(ApiCall& call, const AlertingState& state) {
  call.send([&](JsonWriter& json) {
    json.begin_object();
    json.key("alerts");
    json.begin_array();
    for (const auto& group : state.rules.groups) {
      for (const rules::RuleStatus& rule : group->rules) {
        for (const AlertState& alert : rule.alerts) write_alert(json, alert);
      }
    }
    json.end();
    json.end();
    return false;
  });
}

void add_rules_routes(Router& router, AlertingSource state) {
  const auto add = [&](const char* path, void (*answer)(ApiCall&, const AlertingState&)) {
    router.get_or_post(path, [state, answer](const wire::HttpRequest& request, wire::HttpResponder& responder) {
      answer_call(request, responder, [&](ApiCall& call) { answer(call, state()); });
    });
  };
  add("/api/v1/rules", answer_rules);
  add("/api/v1/alerts", answer_alerts);
}

}  // namespace tocsin::agent
