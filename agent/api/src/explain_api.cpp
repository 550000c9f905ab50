// SPDX-License-Identifier: Apache-2.0
#include "agent/api/explain_api.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "agent/api/notify_api.h"
#include "agent/api/src/api_answer.h"
#include "agent/api/src/explain_words.h"
#include "agent/api/src/whole_stack.h"
#include "agent/api/status.h"
#include "meters/base/text.h"
#include "rules/explain.h"
#include "rules/promql/print.h"
#include "wire/json_writer.h"
#include "wire/timestamp.h"

namespace tocsin::agent {
namespace {

using rules::AlertState;
using rules::GroupStatus;
using rules::OutboxRow;
using rules::Rule;
using rules::RuleStatus;
using wire::JsonWriter;

constexpr auto kLongest = std::chrono::seconds(10);  // an evaluation of one part

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

void time_field(JsonWriter& json, std::string_view name, Time time) {
  if (time != Time{}) json.field(name, wire::format_rfc3339(time));
}

std::string number(double value) {
  std::string out;
  append_api_number(out, value);
  return out;
}

struct Question {
  std::string_view name;
  std::vector<rules::promql::Matcher> matchers;
  std::optional<Time> at;

  bool takes(const rules::AlertLabels& labels) const {
    return std::ranges::all_of(matchers, [&](const auto& matcher) { return matcher.matches(rules::label_value(labels, matcher.label())); });
  }
  // The labels that it names.
  rules::AlertLabels about() const {
    rules::AlertLabels out;
    for (const auto& matcher : matchers) {
      if (matcher.type() == rules::promql::MatchType::Equal && !matcher.text().empty()) out.emplace_back(matcher.label(), matcher.text());
    }
    std::ranges::sort(out);
    return out;
  }
};

Result<Question> read_question(const wire::QueryParameters& query) {
  Question out;
  out.name = query.value("alert");
  if (out.name.empty()) return Error{Fault::Input, "invalid parameter \"alert\": the name of an alert must be given"};
  for (const std::string_view text : query.all("match")) {
    auto matcher = parse_matcher(text);
    if (!matcher) return Error{Fault::Input, "invalid parameter \"match\": " + std::string(text) + ": " + matcher.error().message};
    out.matchers.push_back(*std::move(matcher));
  }
  if (const std::string_view text = query.value("time"); !text.empty()) {
    const auto time = wire::parse_timestamp(text);
    if (!time) return Error{Fault::Input, "invalid parameter \"time\": " + time.error().message};
    out.at = *time;
  }
  return out;
}

// One answer: what was asked, what is known, where it is written.
class Answer {
 public:
  Answer(const ExplainFacts& facts, const Question& question, JsonWriter& json) : facts_(facts), question_(question), json_(json) {}

  void rule(const GroupStatus& group, std::size_t index);

 private:
  rules::Explanation parts_of(const GroupStatus& group, const Rule& rule, const RuleStatus& status) const;
  Time asked(const GroupStatus& group, const RuleStatus& status) const;
  void head(const GroupStatus& group, const Rule& rule, const RuleStatus& status, const rules::Explanation& said);
  void parts(const rules::Explanation& said);
  void alert(const GroupStatus& group, const Rule& rule, const RuleStatus& status, const AlertState& state);
  void ended(const GroupStatus& group, const RuleStatus& status);
  bool silenced_by(const GroupStatus& group, const rules::AlertLabels& labels);
  void told(const std::string& episode, Time ended_at, bool silenced);

  const ExplainFacts& facts_;
  const Question& question_;
  JsonWriter& json_;
};

// The state is that of the rule's last evaluation: so are the parts, unless another time is asked for.
Time Answer::asked(const GroupStatus&, const RuleStatus& status) const {
  if (question_.at) return *question_.at;
  return status.last_evaluation != Time{} ? status.last_evaluation : facts_.now;
}

rules::Explanation Answer::parts_of(const GroupStatus& group, const Rule& rule, const RuleStatus& status) const {
  rules::ExplainSettings settings;
  settings.at = asked(group, status) - group.query_offset();
  settings.lookback = group.options->lookback;
  settings.subquery_step = std::chrono::duration_cast<std::chrono::milliseconds>(group.options->default_interval);
  settings.limits = group.options->limits;
  settings.limits.timeout = std::min<std::chrono::nanoseconds>(settings.limits.timeout, kLongest);
  settings.about = question_.about();
  // What the rule itself sets is no label of the series.
  std::erase_if(settings.about, [&](const auto& label) {
    return label.first == "alertname" || std::ranges::find(rule.labels, label.first, &std::pair<std::string, std::string>::first) != rule.labels.end();
  });
  return rules::explain(*rule.expr, *facts_.view, settings);
}

void Answer::rule(const GroupStatus& group, std::size_t index) {
  const Rule& rule = group.group->rules[index];
  RuleStatus status = group.rules[index];
  std::erase_if(status.alerts, [&](const AlertState& state) { return !question_.takes(state.labels); });
  const rules::Explanation said = parts_of(group, rule, status);
  json_.begin_object();
  head(group, rule, status, said);
  parts(said);
  json_.key("alerts");
  json_.begin_array();
  for (const AlertState& state : status.alerts) alert(group, rule, status, state);
  json_.end();
  json_.key("ended");
  json_.begin_array();
  ended(group, status);
  json_.end();
  json_.end();
}

void Answer::head(const GroupStatus& group, const Rule& rule, const RuleStatus& status, const rules::Explanation& said) {
  const bool alerting = rule.kind == Rule::Kind::Alert;
  const auto firing = [](const AlertState& one) { return one.phase == rules::AlertPhase::Firing; };
  json_.field("name", rule.name);
  json_.field("type", alerting ? "alerting" : "recording");
  json_.field("group", group.group->name);
  json_.field("file", group.path);
  json_.field("summary", rule_summary(rule, status, group, said, facts_.now));
  if (alerting) {
    json_.field("state", std::ranges::any_of(status.alerts, firing) ? "firing" : !status.alerts.empty() ? "pending" : "inactive");
    json_.field("duration", seconds(rule.hold));
    json_.field("keepFiringFor", seconds(rule.keep_firing_for));
    json_.field("onMissingData", policy_text(status.on_missing));
    json_.field("missingDataHeld", seconds(group.options->missing_bound));
  }
  json_.field("query", rules::promql::to_string(*rule.expr));
  json_.field("interval", seconds(group.interval));
  json_.field("health", status.health == rules::RuleHealth::Ok ? "ok" : status.health == rules::RuleHealth::Error ? "err" : "unknown");
  if (!status.last_error.empty()) json_.field("lastError", status.last_error);
  time_field(json_, "lastEvaluation", status.last_evaluation);
  if (status.last_evaluation != Time{}) time_field(json_, "nextEvaluation", group.last_evaluation + group.interval);
  time_field(json_, "explainedAt", asked(group, status));
  if (!said.why_nothing.empty()) json_.field("whyNothing", said.why_nothing);
  json_.key("remarks");
  json_.begin_array();
  for (const auto& annotation : status.annotations) json_.value(rules::promql::to_string(annotation, rule.expression));
  json_.end();
}

std::string_view kind_text(rules::ExplainedPart::Kind kind) {
  using Kind = rules::ExplainedPart::Kind;
  switch (kind) {
    case Kind::Selector: return "selector";
    case Kind::Comparison: return "comparison";
    case Kind::Set: return "set";
    case Kind::Arithmetic: return "arithmetic";
    case Kind::Other: break;
  }
  return "function";
}

void Answer::parts(const rules::Explanation& said) {
  json_.key("parts");
  json_.begin_array();
  for (const rules::ExplainedPart& part : said.parts) {
    json_.begin_object();
    json_.field("depth", part.depth);
    json_.field("kind", kind_text(part.kind));
    json_.field("text", part.text);
    json_.field("begin", part.place.begin);
    json_.field("end", part.place.end);
    json_.field("series", part.series);
    if (part.kind == rules::ExplainedPart::Kind::Comparison) json_.field("removed", part.removed);
    json_.field("scalar", part.scalar);
    json_.key("samples");
    json_.begin_array();
    for (const rules::ExplainedSample& sample : part.samples) {
      json_.begin_object();
      write_labels(json_, "labels", sample.labels);
      json_.field("value", number(sample.value));
      json_.end();
    }
    json_.end();
    if (!part.error.empty()) json_.field("error", part.error);
    if (!part.note.empty()) json_.field("note", part.note);
    json_.end();
  }
  json_.end();
}

void Answer::alert(const GroupStatus& group, const Rule& rule, const RuleStatus& status, const AlertState& state) {
  const AlertOutlook outlook = outlook_of(state, rule, status, group);
  json_.begin_object();
  json_.field("state", rules::to_text(state.phase));
  write_labels(json_, "labels", state.labels);
  write_labels(json_, "annotations", state.annotations);
  json_.field("value", number(state.value));
  json_.field("summary", alert_summary(state, outlook, facts_.now));
  time_field(json_, "activeAt", state.active_at);
  time_field(json_, "firedAt", state.fired_at);
  time_field(json_, "firesAt", outlook.fires_at);
  time_field(json_, "keepFiringSince", state.keep_firing_since);
  time_field(json_, "keptUntil", outlook.kept_until);
  time_field(json_, "missingSince", state.missing_since);
  time_field(json_, "heldUntil", outlook.held_until);
  const bool silenced = silenced_by(group, state.labels);
  json_.key("told");
  json_.begin_array();
  // A pending alert is nobody's business yet.
  if (state.phase == rules::AlertPhase::Firing) told(rules::episode_key(state.rule, state.labels, state.fired_at), Time{}, silenced);
  json_.end();
  json_.end();
}

void Answer::ended(const GroupStatus& group, const RuleStatus& status) {
  std::vector<const OutboxRow*> rows;
  for (const OutboxRow& row : facts_.records.outbox) {
    if (row.ended() && row.rule == status.key && question_.takes(row.labels)) rows.push_back(&row);
  }
  std::ranges::sort(rows, std::greater<>{}, [](const OutboxRow* row) { return row->ends_at; });
  for (const OutboxRow* row : rows) {
    json_.begin_object();
    write_labels(json_, "labels", row->labels);
    time_field(json_, "firedAt", row->starts_at);
    time_field(json_, "endedAt", row->ends_at);
    const std::string why = row->end_reason.empty() ? "the condition is over" : row->end_reason;
    json_.field("reason", why);
    json_.field("summary", "fired " + moment_text(row->starts_at, facts_.now) + ", ended " + moment_text(row->ends_at, facts_.now) + ": " + why);
    const bool silenced = silenced_by(group, row->labels);
    json_.key("told");
    json_.begin_array();
    told(row->key, row->ends_at, silenced);
    json_.end();
    json_.end();
  }
}

bool Answer::silenced_by(const GroupStatus& group, const rules::AlertLabels& own) {
  const rules::AlertLabels labels = rules::with_external(own, group.options->external_labels);
  bool any = false;
  json_.key("silencedBy");
  json_.begin_array();
  for (const rules::Silence& silence : facts_.records.silences) {
    if (!silence.covers(labels, facts_.now)) continue;
    any = true;
    json_.begin_object();
    json_.field("id", silence.facts().id);
    json_.field("createdBy", silence.facts().author);
    json_.field("comment", silence.facts().comment);
    time_field(json_, "endsAt", silence.facts().ends_at);
    json_.field("summary", "silenced until " + moment_text(silence.facts().ends_at, facts_.now) + " by " + silence.facts().author +
                               (silence.facts().comment.empty() ? "" : ": " + silence.facts().comment));
    json_.end();
  }
  json_.end();
  return any;
}

// Everybody who is configured, and who was and is no more.
void Answer::told(const std::string& episode, Time ended_at, bool silenced) {
  std::vector<std::pair<std::string, const ReceiverState*>> receivers;
  for (const ReceiverState& one : facts_.state.receivers.receivers) {
    if (one.kind != "heartbeat") receivers.emplace_back(one.name, &one);
  }
  const auto& records = facts_.records.told;
  for (const rules::ToldRecord& record : records) {
    if (record.key == episode && std::ranges::find(receivers, record.receiver, &decltype(receivers)::value_type::first) == receivers.end())
      receivers.emplace_back(record.receiver, nullptr);
  }
  for (const auto& [name, state] : receivers) {
    const auto found = std::ranges::find_if(records, [&](const auto& one) { return one.key == episode && one.receiver == name; });
    const rules::ToldRecord* record = found == records.end() ? nullptr : &*found;
    json_.begin_object();
    json_.field("receiver", name);
    if (state != nullptr) json_.field("kind", state->kind);
    if (record != nullptr) {
      time_field(json_, "firingAt", record->firing_at);
      time_field(json_, "resolvedAt", record->resolved_at);
      time_field(json_, "gaveUpAt", record->gave_up_at);
      if (!record->reason.empty()) json_.field("reason", record->reason);
    }
    if (state != nullptr && !state->last_error.empty()) json_.field("lastError", state->last_error);
    json_.field("summary", told_summary(record, ended_at, silenced, state, facts_.now));
    json_.end();
  }
}

Error unknown(const AlertingState& state, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& group : state.rules.groups) {
    for (const Rule& rule : group->group->rules) names.push_back(rule.name);
  }
  std::string why = "no rule is called " + rules::promql::quoted(std::string(name));
  if (names.empty()) why += ": no rule file is loaded";
  else if (const std::string near = nearest(name, names); !near.empty()) why += "; did you mean " + near + "?";
  for (const RuleFileState& file : state.rules.files) {
    if (!file.faults.empty()) why += "; " + file.faults.front().to_string(file.path);
  }
  return {Fault::Unsupported, why};
}

}  // namespace

Result<std::string> explain_answer(const ExplainFacts& facts, const wire::QueryParameters& query) {
  const auto question = read_question(query);
  if (!question) return question.error();
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("status", "success");
  json.key("data");
  json.begin_object();
  json.field("time", wire::format_rfc3339(facts.now));
  json.field("receivers", std::ranges::count_if(facts.state.receivers.receivers, [](const auto& one) { return one.kind != "heartbeat"; }));
  json.key("rules");
  json.begin_array();
  bool any = false;
  for (const auto& group : facts.state.rules.groups) {
    for (std::size_t i = 0; i < group->group->rules.size(); ++i) {
      if (group->group->rules[i].name != question->name) continue;
      any = true;
      Answer(facts, *question, json).rule(*group, i);
    }
  }
  if (!any) return unknown(facts.state, question->name);
  json.end();
  json.end();
  json.end();
  return out += '\n';
}

void add_explain_routes(Router& router, std::function<ExplainFacts()> facts) {
  router.get("/api/v1/explain", [facts = std::move(facts)](const wire::HttpRequest& request, wire::HttpResponder& responder) {
    const auto answer = on_whole_stack([&] { return explain_answer(facts(), request.query); });
    if (answer) return send_json(responder, 200, *answer);
    const bool missing = answer.error().fault == Fault::Unsupported;
    send_json(responder, missing ? 404 : 400,
              error_text({missing ? 404 : 400, missing ? "not_found" : "bad_data", answer.error().message}));
  });
}

}  // namespace tocsin::agent
