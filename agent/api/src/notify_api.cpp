// SPDX-License-Identifier: Apache-2.0
#include "agent/api/notify_api.h"

#include <algorithm>
#include <utility>

#include "agent/api/status.h"
#include "agent/check/json_tree.h"
#include "agent/rules/alerting.h"
#include "meters/base/text.h"
#include "wire/json_writer.h"
#include "wire/timestamp.h"

namespace tocsin::agent {
namespace {

using rules::Silence;
using rules::promql::Matcher;
using rules::promql::MatchType;
using wire::JsonWriter;

constexpr std::size_t kMostBytes = 1 << 20;

// As amtool reads it: quotation marks around it may be left out; within, \", \\ and \n stand for one character.
Result<std::string> matcher_value(std::string_view text) {
  const Error unbalanced{Fault::Input, "the value has a quotation mark without its other one; write \\\" for one that it holds"};
  const bool quoted = text.starts_with('"');
  if (quoted) text.remove_prefix(1);
  std::string value;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool last = i + 1 == text.size();
    if (text[i] == '"') return quoted && last ? Result<std::string>(std::move(value)) : unbalanced;
    if (text[i] != '\\' || last) {
      value += text[i];
      continue;
    }
    const char next = text[++i];
    if (next == 'n') value += '\n';
    else if (next == '"' || next == '\\') value += next;
    else value.append("\\").append(1, next);
  }
  if (quoted) return unbalanced;
  return value;
}

void write_time(JsonWriter& json, const char* key, const std::optional<Time>& time) {
  json.key(key);
  if (time) json.value(wire::format_rfc3339(*time));
  else json.null();
}

void write_receiver(JsonWriter& json, const ReceiverState& one) {
  json.begin_object();
  json.field("name", one.name);
  json.field("kind", one.kind);
  json.field("url", one.url);
  json.field("offered", one.tellings.offered);
  json.field("sent", one.tellings.sent);
  json.field("queued", one.tellings.queued);
  json.field("inFlight", one.tellings.in_flight);
  json.key("dropped");
  json.begin_object();
  for (const auto& [reason, count] : one.dropped) json.field(reason, count);
  json.end();
  json.field("requests", one.requests);
  json.field("failedRequests", one.failed_requests);
  json.field("alerts", one.alerts);
  write_time(json, "oldestOwed", one.oldest_owed);
  write_time(json, "lastSuccessTime", one.last_success);
  write_time(json, "failingSince", one.failing_since);
  json.field("lastError", one.last_error);
  json.end();
}

void write_silence(JsonWriter& json, const Silence& silence, Time now) {
  const rules::SilenceFacts& facts = silence.facts();
  json.begin_object();
  json.field("id", facts.id);
  json.key("status");
  json.begin_object();
  json.field("state", facts.ends_at <= now ? "expired" : facts.starts_at > now ? "pending" : "active");
  json.end();
  json.field("updatedAt", wire::format_rfc3339(facts.created_at));
  json.field("comment", facts.comment);
  json.field("createdBy", facts.author);
  json.field("endsAt", wire::format_rfc3339(facts.ends_at));
  json.key("matchers");
  json.begin_array();
  for (const Matcher& one : silence.matchers()) {
    json.begin_object();
    json.field("isEqual", one.type() == MatchType::Equal || one.type() == MatchType::Regex);
    json.field("isRegex", one.type() == MatchType::Regex || one.type() == MatchType::NotRegex);
    json.field("name", one.label());
    json.field("value", one.text());
    json.end();
  }
  json.end();
  json.field("startsAt", wire::format_rfc3339(facts.starts_at));
  json.end();
}

// Alertmanager's API gives an error as a text in JSON.
void send_error(wire::HttpResponder& responder, const Error& error) {
  std::string out;
  append_json_string(out, error.message);
  const int status = error.fault == Fault::Input ? 400 : error.fault == Fault::TooLarge ? 413 : error.fault == Fault::Exhausted ? 429 : 503;
  send_json(responder, status, out);
}

Result<Time> time_at(const JsonValue& root, std::string_view name, Time otherwise) {
  const std::string_view text = root.text_at(name);
  if (text.empty()) return otherwise;
  auto time = wire::parse_timestamp(text);
  if (!time) return Error{Fault::Input, std::string(name) + ": " + time.error().message};
  return *time;
}

Result<Matcher> matcher_of(const JsonValue& one) {
  const JsonValue* regex = one.find("isRegex");
  const JsonValue* equal = one.find("isEqual");
  const bool is_regex = regex != nullptr && regex->boolean, is_equal = equal == nullptr || equal->boolean;
  if (one.text_at("name").empty()) return Error{Fault::Input, "a matcher needs a name"};
  return Matcher::make(std::string(one.text_at("name")),
                       is_regex ? (is_equal ? MatchType::Regex : MatchType::NotRegex) : (is_equal ? MatchType::Equal : MatchType::NotEqual),
                       std::string(one.text_at("value")));
}

}  // namespace

void send_notify_status(const AlertingState& state, wire::HttpResponder& responder) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("status", "success");
  json.key("data");
  json.begin_object();
  json.key("receivers");
  json.begin_array();
  for (const ReceiverState& one : state.receivers.receivers) write_receiver(json, one);
  json.end();
  json.field("alerts", state.receivers.rows);
  json.field("endedUntold", state.receivers.ended);
  json.key("store");
  json.begin_object();
  const StoreStats store = state.store.value_or(StoreStats{});
  json.field("fault", state.store_fault.empty() ? store.last_failure : state.store_fault);
  json.field("durable", state.store.has_value());
  json.field("commits", store.commits);
  json.field("failedCommits", store.failed_commits);
  json.field("waitingRows", store.waiting_rows);
  json.field("bytes", store.bytes);
  json.field("lastFailure", store.last_failure);
  json.field("putAside", store.put_aside_as);
  json.end();
  json.end();
  json.end();
  send_json(responder, 200, out);
}

void send_no_receivers(wire::HttpResponder& responder) {
  send_error(responder, {Fault::Environment, "there are neither rules nor receivers of alerts: nothing to silence"});
}

void send_silences(const std::vector<Silence>& all, const wire::HttpRequest& request, Time now, wire::HttpResponder& responder) {
  std::vector<Matcher> wanted;
  for (const std::string_view text : request.query.all("filter")) {
    auto matcher = parse_matcher(text);
    if (!matcher) return send_error(responder, matcher.error());
    wanted.push_back(*std::move(matcher));
  }
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  for (const Silence& silence : all) {
    const bool shown = std::all_of(wanted.begin(), wanted.end(), [&](const Matcher& filter) {
      return std::any_of(silence.matchers().begin(), silence.matchers().end(),
                         [&](const Matcher& one) { return one.label() == filter.label() && filter.matches(one.text()); });
    });
    if (shown) write_silence(json, silence, now);
  }
  json.end();
  send_json(responder, 200, out);
}

void send_silence(const std::optional<Silence>& silence, Time now, wire::HttpResponder& responder) {
  if (!silence) return responder.send(404, {}, "");
  std::string out;
  JsonWriter json(out);
  write_silence(json, *silence, now);
  send_json(responder, 200, out);
}

void take_silence(Silences& silences, const wire::HttpRequest& request, Time now, wire::HttpResponder& responder) {
  auto asked = parse_silence(request.body, now);
  if (!asked) return send_error(responder, asked.error());
  auto id = silences.put(std::move(asked->matchers), std::move(asked->facts));
  if (!id) return send_error(responder, id.error());
  send_json(responder, 200, "{\"silenceID\":\"" + *id + "\"}");
}

void expire_silence(Silences& silences, const std::string& id, wire::HttpResponder& responder) {
  const auto ended = silences.expire(id);
  if (!ended) return send_error(responder, ended.error());
  responder.send(*ended ? 200 : 404, {}, "");
}

Result<SilenceRequest> parse_silence(std::string_view json, Time now) {
  if (json.size() > kMostBytes) return Error{Fault::TooLarge, "a silence of more than 1 MiB"};
  auto tree = JsonTree::parse(json);
  if (!tree) return tree.error();
  const JsonValue& root = tree->root();
  SilenceRequest out;
  if (const JsonValue* matchers = root.find("matchers")) {
    for (const JsonValue& one : matchers->items) {
      auto matcher = matcher_of(one);
      if (!matcher) return matcher.error();
      out.matchers.push_back(*std::move(matcher));
    }
  }
  const auto starts = time_at(root, "startsAt", now), ends = time_at(root, "endsAt", Time{});
  if (!starts) return starts.error();
  if (!ends) return ends.error();
  out.facts.id = root.text_at("id");
  out.facts.starts_at = *starts, out.facts.ends_at = *ends;
  out.facts.author = root.text_at("createdBy"), out.facts.comment = root.text_at("comment");
  return out;
}

Result<Matcher> parse_matcher(std::string_view text) {
  const auto at = text.find_first_of("=!");
  const std::string words = "a matcher is name=\"value\", with =, !=, =~ or !~";
  if (at == 0 || at == std::string_view::npos || at + 1 > text.size()) return Error{Fault::Input, words};
  const std::string_view rest = text.substr(at);
  const bool two = rest.starts_with("!=") || rest.starts_with("=~") || rest.starts_with("!~");
  if (rest[0] == '!' && !two) return Error{Fault::Input, words};
  const MatchType type = rest.starts_with("=~") ? MatchType::Regex
                         : rest.starts_with("!~") ? MatchType::NotRegex
                         : rest.starts_with("!=") ? MatchType::NotEqual : MatchType::Equal;
  auto value = matcher_value(trim(rest.substr(two ? 2 : 1)));
  if (!value) return value.error();
  return Matcher::make(std::string(trim(text.substr(0, at))), type, *std::move(value));
}

}  // namespace tocsin::agent
