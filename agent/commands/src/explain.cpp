// SPDX-License-Identifier: Apache-2.0
// tocsin explain: why an alert of a running agent is in its state, as a person reads it at night.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "agent/check/json_tree.h"
#include "agent/commands/commands.h"
#include "agent/commands/src/agent_call.h"
#include "agent/commands/src/explain_text.h"
#include "wire/url.h"

namespace tocsin::agent {
namespace {

struct ExplainOptions {
  AgentAddress agent;
  std::optional<std::string> time;
  bool json = false;
  std::vector<std::string> words;  // the alert, then matchers
};

int fail(const std::string& message, int status) { return std::fprintf(stderr, "tocsin explain: %s\n", message.c_str()), status; }

Result<std::string> ask(const ExplainOptions& options) {
  std::string path = "/api/v1/explain?alert=" + wire::percent_encode(options.words[0]);
  for (std::size_t i = 1; i < options.words.size(); ++i) path += "&match=" + wire::percent_encode(options.words[i]);
  if (options.time) path += "&time=" + wire::percent_encode(*options.time);
  wire::HttpCall call;
  call.method = "GET";
  return ask_agent_json(options.agent, path, std::move(call));
}

}  // namespace

int explain_command(Words words) {
  ExplainOptions options;
  Arguments arguments("explain", "Why an alert of a running agent is in its state, or does not fire. Exit status 1 where there is no such alert.");
  arguments.rest("ALERT [MATCHER...]", "the name of an alert or recorded series; of it only the series that 'dc=\"east\"' and the like take",
                 options.words);
  options.agent.flags(arguments);
  arguments.text("time", "TIME", "what the expression gave at another instant: Unix seconds or RFC 3339", options.time);
  arguments.flag("json", "as JSON, as /api/v1/explain gives it", options.json);
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
