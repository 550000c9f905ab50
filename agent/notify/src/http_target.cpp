// SPDX-License-Identifier: Apache-2.0
#include "agent/notify/src/http_target.h"

#include <utility>

#include "agent/version.h"
#include "meters/base/text.h"
#include "wire/base64.h"
#include "wire/http_message.h"

namespace tocsin::agent {

wire::HttpCall make_call(const HttpTargetConfig& target, std::string url, std::string body) {
  wire::HttpCall call;
  call.method = "POST";
  call.url = std::move(url);
  call.headers = {{"Content-Type", "application/json"}, {"User-Agent", "tocsin/" + std::string(kVersion)}};
  if (!target.bearer_token.empty()) call.headers.add("Authorization", "Bearer " + target.bearer_token);
  if (!target.username.empty()) {
    call.headers.add("Authorization", "Basic " + base64(target.username + ":" + target.password));
  }
  for (const auto& [name, value] : target.headers) call.headers.add(name, value);
  call.body = std::move(body);
  call.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(target.timeout);
  call.tls = {target.ca_file, target.certificate_file, target.key_file, target.insecure_skip_verify};
  call.max_reply_bytes = 1 << 20;
  return call;
}

Outcome outcome_of(const Result<wire::HttpReply>& reply, Time now) {
  if (!reply) return {Answer::Later, reply.error().message, std::nullopt};
  if (reply->success()) return {};
  Outcome out;
  out.why = "HTTP " + std::to_string(reply->status) + ' ' + std::string(wire::http_reason(reply->status));
  if (const std::string* elsewhere = reply->headers.find("Location"))
    out.why += " to " + to_utf8(std::string_view(*elsewhere).substr(0, 300)) + "; redirects are not followed";
  if (!reply->body.empty()) out.why += ": " + to_utf8(std::string_view(reply->body).substr(0, 300));
  while (!out.why.empty() && out.why.back() == '\n') out.why.pop_back();
  const bool refused = reply->status == 400 || reply->status == 413 || reply->status == 422;
  out.answer = refused ? Answer::Refused : Answer::Later;
  if (const std::string* after = reply->headers.find("Retry-After")) out.retry_after = wire::parse_retry_after(*after, now);
  return out;
}

}  // namespace tocsin::agent
