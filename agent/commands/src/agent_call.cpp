// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/agent_call.h"

#include <chrono>
#include <utility>

#include "agent/url_toml.h"
#include "meters/base/text.h"
#include "wire/base64.h"
#include "wire/http_message.h"

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
  const std::string url = base_of(agent) + path;
  call.url = url;
  if (agent.token) call.headers.add("Authorization", "Bearer " + *agent.token);
  if (agent.user) call.headers.add("Authorization", "Basic " + base64(*agent.user));
  call.tls.ca_file = agent.ca_file.value_or("");
  call.tls.certificate_file = agent.certificate_file.value_or("");
  call.tls.key_file = agent.key_file.value_or("");
  call.timeout = std::chrono::minutes{2};
  call.max_reply_bytes = kMostReply;
  wire::HttpClient client;
  auto reply = client.call(std::move(call));
  if (!reply) return Error{reply.error().fault, with_shown_url(reply.error().message, url) + "; is the agent running? --url says where it is"};
  return reply;
}

Error no_answer_of_the_api(const AgentAddress& agent, const wire::HttpReply& reply) {
  std::string words = base_of(agent) + " answers " + std::to_string(reply.status) + ' ' + std::string(wire::http_reason(reply.status));
  const std::string body = to_utf8(trim(std::string_view(reply.body).substr(0, 200)));
  if (!body.empty()) words += ": " + body;
  if (reply.status == 401 || reply.status == 403) return {Fault::Environment, words};
  return {Fault::Environment, words + "; is this the agent's HTTP address (port 9464 unless changed)?"};
}

Result<std::string> ask_agent_json(const AgentAddress& agent, const std::string& path, wire::HttpCall call) {
  auto reply = ask_agent(agent, path, std::move(call));
  if (!reply) return reply.error();
  if (!reply->body.starts_with("{\"status\"")) return no_answer_of_the_api(agent, *reply);
  return std::move(reply->body);
}

}  // namespace tocsin::agent
