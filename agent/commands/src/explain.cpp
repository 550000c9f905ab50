// SPDX-License-Identifier: Apache-2.0
// tocsin explain: why an alert of a running agent is in its state, as a person reads it at night.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "agent/check/json_tree.h"
#include "agent/commands/arguments.h"
#include "agent/commands/commands.h"
#include "agent/commands/src/explain_text.h"
#include "wire/http_client.h"
#include "wire/url.h"

namespace tocsin::agent {
namespace {

struct ExplainOptions {
  std::optional<std::string> url, time, token;
  bool json = false;
  std::vector<std::string> words;  // the alert, then matchers
};

int fail(const std::string& message, int status) { return std::fprintf(stderr, "tocsin explain: %s\n", message.c_str()), status; }

Result<std::string> ask(const ExplainOptions& options) {
  std::string url = options.url.value_or("http://127.0.0.1:9464");
  while (url.ends_with('/')) url.pop_back();
  wire::HttpCall call;
  call.method = "GET";
  call.url = url + "/api/v1/explain?alert=" + wire::percent_encode(options.words[0]);
  for (std::size_t i = 1; i < options.words.size(); ++i) call.url += "&match=" + wire::percent_encode(options.words[i]);
  if (options.time) call.url += "&time=" + wire::percent_encode(*options.time);
  if (options.token) call.headers.add("Authorization", "Bearer " + *options.token);
  call.timeout = std::chrono::minutes{2};
  call.max_reply_bytes = std::size_t{64} << 20;
  wire::HttpClient client;
  auto reply = client.call(std::move(call));
  if (!reply) return Error{reply.error().fault, reply.error().message + "; is the agent running? --url says where it is"};
  if (reply->body.empty() || reply->body.front() != '{')
    return Error{Fault::Environment, url + " answers " + std::to_string(reply->status) + ": " + reply->body};
  return std::move(reply->body);
}

}  // namespace

int explain_command(Words words) {
  ExplainOptions options;
  Arguments arguments("explain", "Why an alert of a running agent is in its state, or does not fire. Exit status 1 where there is no such alert.");
  arguments.rest("ALERT [MATCHER...]", "the name of an alert or recorded series; of it only the series that 'dc=\"east\"' and the like take",
                 options.words);
  arguments.text("url", "URL", "where the agent is (default: http://127.0.0.1:9464)", options.url);
  arguments.text("time", "TIME", "what the expression gave at another instant: Unix seconds or RFC 3339", options.time);
  arguments.flag("json", "as JSON, as /api/v1/explain gives it", options.json);
  arguments.text("token", "TOKEN", "sent as a bearer token", options.token);
  const auto parsed = arguments.parse(words);
  if (parsed && !*parsed) return std::fputs(arguments.help().c_str(), stdout), kExitOk;
  if (!parsed) return fail(parsed.error().message + "\n\n" + arguments.help(), kExitMisuse);
  if (options.words.empty()) return fail("give the name of an alert\n\n" + arguments.help(), kExitMisuse);
  const auto body = ask(options);
  if (!body) return fail(body.error().message, kExitFindings);
  const auto tree = JsonTree::parse(*body);
  if (!tree) return fail("the answer is not JSON: " + tree.error().message, kExitFindings);
  if (tree->root().text_at("status") != "success") {
    const bool wrong = tree->root().text_at("errorType") == "bad_data";
    return fail(std::string(tree->root().text_at("error")), wrong ? kExitMisuse : kExitFindings);
  }
  if (options.json) return std::fputs(body->c_str(), stdout), kExitOk;
  std::fputs(explain_text(tree->root(), ::isatty(STDOUT_FILENO) == 1).c_str(), stdout);
  return kExitOk;
}

}  // namespace tocsin::agent
