// SPDX-License-Identifier: Apache-2.0
// What commands that ask a running agent have in common: where it is, who asks, and what to say where nobody answers.
//
// Threads: the main thread. Waits up to two minutes.
#pragma once

#include <optional>
#include <string>

#include "agent/commands/arguments.h"
#include "meters/base/result.h"
#include "wire/http_client.h"

namespace tocsin::agent {

struct AgentAddress {
  std::optional<std::string> url, token;

  void flags(Arguments& arguments) {
    arguments.text("url", "URL", "where the agent is (default: http://127.0.0.1:9464)", url);
    arguments.text("token", "TOKEN", "sent as a bearer token", token);
  }
};

// `path` with its query, as the agent serves it. Errors: Environment, where there was no answer.
Result<wire::HttpReply> ask_agent(const AgentAddress& agent, const std::string& path, wire::HttpCall call = {});
// An answer of the API, whatever it says; what is no JSON is an error, too.
Result<std::string> ask_agent_json(const AgentAddress& agent, const std::string& path, wire::HttpCall call = {});

}  // namespace tocsin::agent
