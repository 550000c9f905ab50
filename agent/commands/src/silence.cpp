// SPDX-License-Identifier: Apache-2.0
// tocsin silence: makes, shows and ends silences of a running agent.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "agent/api/notify_api.h"
#include "agent/check/json_tree.h"
#include "agent/commands/commands.h"
#include "agent/commands/src/agent_call.h"
#include "meters/base/clock.h"
#include "meters/base/quantity.h"
#include "wire/json_writer.h"
#include "wire/timestamp.h"
#include "wire/url.h"

namespace tocsin::agent {

namespace {

using rules::promql::MatchType;

struct SilenceOptions {
  AgentAddress agent;
  std::optional<std::string> lasts, author, comment, expire;
  bool all = false, json = false;
  std::vector<std::string> matchers;
};

int misuse(const std::string& message) {
  std::fprintf(stderr, "tocsin silence: %s\n", message.c_str());
  return kExitMisuse;
}

int fail(const std::string& message) { return std::fprintf(stderr, "tocsin silence: %s\n", message.c_str()), kExitFindings; }

bool call_is_of_one(const std::string& path) { return path.starts_with("/api/v2/silence/"); }

Result<wire::HttpReply> ask(const SilenceOptions& options, const char* method, const std::string& path, std::string body = {}) {
  wire::HttpCall call;
  call.method = method;
  call.headers.add("Content-Type", "application/json");
  call.body = std::move(body);
  auto reply = ask_agent(options.agent, path, std::move(call));
  if (!reply || reply->success()) return reply;
  if (reply->status == 404 && reply->body.empty() && call_is_of_one(path)) return Error{Fault::Input, "there is no such silence, or it is over"};
  // Alertmanager's way: a text, as JSON.
  const auto tree = JsonTree::parse(reply->body);
  if (tree && tree->root().type == JsonValue::Type::Text) return Error{Fault::Input, tree->root().text};
  return no_answer_of_the_api(options.agent, *reply);
}

Result<std::string> body_of(const SilenceOptions& options) {
  const auto lasts = parse_duration(options.lasts.value_or("1h"));
  if (!lasts) return Error{Fault::Input, "--for: " + lasts.error().message};
  const Time now = SystemClock::instance().now();
  const char* user = std::getenv("USER");
  std::string body;
  wire::JsonWriter json(body);
  json.begin_object();
  json.key("matchers");
  json.begin_array();
  for (const std::string& text : options.matchers) {
    const auto matcher = parse_matcher(text);
    if (!matcher) return Error{Fault::Input, text + ": " + matcher.error().message};
    json.begin_object();
    json.field("name", matcher->label());
    json.field("value", matcher->text());
    json.field("isRegex", matcher->type() == MatchType::Regex || matcher->type() == MatchType::NotRegex);
    json.field("isEqual", matcher->type() == MatchType::Equal || matcher->type() == MatchType::Regex);
    json.end();
  }
  json.end();
  json.field("startsAt", wire::format_rfc3339(now));
  json.field("endsAt", wire::format_rfc3339(now + *lasts));
  json.field("createdBy", options.author.value_or(user != nullptr && *user != '\0' ? user : "tocsin"));
  json.field("comment", options.comment.value_or(""));
  json.end();
  return body;
}

std::string matchers_of(const JsonValue& silence) {
  std::string out;
  const JsonValue* matchers = silence.find("matchers");
  if (matchers == nullptr) return out;
  for (const JsonValue& one : matchers->items) {
    const JsonValue* regex = one.find("isRegex");
    const JsonValue* equal = one.find("isEqual");
    const bool is_regex = regex != nullptr && regex->boolean, is_equal = equal == nullptr || equal->boolean;
    out += out.empty() ? "" : ",";
    out += one.text_at("name");
    out += is_regex ? (is_equal ? "=~" : "!~") : (is_equal ? "=" : "!=");
    append_json_string(out, one.text_at("value"));
  }
  return out;
}

int list(const SilenceOptions& options) {
  const auto reply = ask(options, "GET", "/api/v2/silences");
  if (!reply) return fail(reply.error().message);
  if (options.json) {
    std::printf("%s\n", reply->body.c_str());
    return kExitOk;
  }
  const auto tree = JsonTree::parse(reply->body);
  if (!tree || tree->root().type != JsonValue::Type::Array) return fail(no_answer_of_the_api(options.agent, *reply).message);
  std::size_t shown = 0;
  for (const JsonValue& one : tree->root().items) {
    const JsonValue* status = one.find("status");
    const std::string state(status != nullptr ? status->text_at("state") : "");
    if (state == "expired" && !options.all) continue;
    ++shown;
    std::printf("%s  %-7s  until %s  %s  %s: %s\n", std::string(one.text_at("id")).c_str(), state.c_str(),
                std::string(one.text_at("endsAt")).c_str(), matchers_of(one).c_str(), std::string(one.text_at("createdBy")).c_str(),
                std::string(one.text_at("comment")).c_str());
  }
  if (shown == 0) std::fputs(options.all ? "there is no silence\n" : "no silence is in force; --all shows those that are over\n", stderr);
  return kExitOk;
}

int make(const SilenceOptions& options) {
  auto body = body_of(options);
  if (!body) return misuse(body.error().message);
  const auto reply = ask(options, "POST", "/api/v2/silences", *std::move(body));
  if (!reply) return fail(reply.error().message);
  const auto tree = JsonTree::parse(reply->body);
  const std::string id(tree ? tree->root().text_at("silenceID") : "");
  if (id.empty()) return fail(no_answer_of_the_api(options.agent, *reply).message);
  std::printf("%s\n", options.json ? reply->body.c_str() : id.c_str());
  return kExitOk;
}

}  // namespace

int silence_command(Words words) {
  SilenceOptions options;
  Arguments arguments("silence", "Silences of a running agent: shows them, or with matchers makes one and prints its id. Exit status 1 where the agent "
                                 "does not answer or refuses.");
  options.agent.flags(arguments);
  arguments.text("for", "DURATION", "how long (default: 1h)", options.lasts);
  arguments.text("author", "NAME", "who wants it (default: $USER)", options.author);
  arguments.text("comment", "TEXT", "why", options.comment);
  arguments.text("expire", "ID", "ends this one", options.expire);
  arguments.flag("all", "shows those that are over, too", options.all);
  arguments.flag("json", "as JSON, those that are over among them", options.json);
  arguments.rest("[MATCHER...]", "like 'job=\"shop\"' 'dc!~east|west': alerts that all of them take are not told; one at least must name a text",
                 options.matchers);
  const auto read = arguments.parse(words);
  if (!read) return misuse(read.error().message);
  if (!*read) {
    std::fputs(arguments.help().c_str(), stdout);
    return kExitOk;
  }
  if (options.expire) {
    const auto reply = ask(options, "DELETE", "/api/v2/silence/" + wire::percent_encode(*options.expire));
    return reply ? kExitOk : fail(reply.error().message);
  }
  return options.matchers.empty() ? list(options) : make(options);
}

}  // namespace tocsin::agent
