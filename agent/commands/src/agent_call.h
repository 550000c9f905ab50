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
  std::optional<std::string> url, token, user, ca_file, certificate_file, key_file;

  void flags(Arguments& arguments) {
    arguments.text("url", "URL", "where the agent is (default: http://127.0.0.1:9464)", url);
    credentials(arguments);
  }
  void credentials(Arguments& arguments) {
    arguments.text("token", "TOKEN", "sent as a bearer token", token);
    arguments.text("user", "NAME:PASSWORD", "basic authentication", user);
    arguments.text("ca-file", "FILE", "PEM: who may vouch for the agent (default: the system's)", ca_file);
    arguments.text("certificate-file", "FILE", "PEM: a certificate of this client, with --key-file", certificate_file);
    arguments.text("key-file", "FILE", "PEM", key_file);
  }
};

// `path` with its query, as the agent serves it. Errors: Environment, where there was no answer.
Result<wire::HttpReply> ask_agent(const AgentAddress& agent, const std::string& path, wire::HttpCall call = {});
// What somebody who is not the agent's API answered, in words.
Error no_answer_of_the_api(const AgentAddress& agent, const wire::HttpReply& reply);
// An answer of the API, whatever it says. Errors, besides: what is none.
Result<std::string> ask_agent_json(const AgentAddress& agent, const std::string& path, wire::HttpCall call = {});

}  // namespace tocsin::agent
