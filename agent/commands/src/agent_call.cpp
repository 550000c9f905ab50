// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/agent_call.h"

#include <chrono>
#include <utility>

namespace tocsin::agent {

namespace {

constexpr std::size_t kMostReply = std::size_t{256} << 20;

std::string base_of(const AgentAddress& agent) {
  std::string url = agent.url.value_or("http://127.0.0.1:9464");
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

Result<wire::HttpReply> ask_agent(const AgentAddress& agent, const std::string& path, wire::HttpCall call) {
  call.url = base_of(agent) + path;
  if (agent.token) call.headers.add("Authorization", "Bearer " + *agent.token);
  call.timeout = std::chrono::minutes{2};
  call.max_reply_bytes = kMostReply;
  wire::HttpClient client;
  auto reply = client.call(std::move(call));
  if (!reply) return Error{reply.error().fault, reply.error().message + "; is the agent running? --url says where it is"};
  return reply;
}

Result<std::string> ask_agent_json(const AgentAddress& agent, const std::string& path, wire::HttpCall call) {
  auto reply = ask_agent(agent, path, std::move(call));
  if (!reply) return reply.error();
  if (reply->body.empty() || reply->body.front() != '{')
    return Error{Fault::Environment, base_of(agent) + " answers " + std::to_string(reply->status) + ": " + reply->body};
  return std::move(reply->body);
}

}  // namespace tocsin::agent
