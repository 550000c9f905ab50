// SPDX-License-Identifier: Apache-2.0
// The HTTP side of delivery: the status page of receivers, and silences in the words of Alertmanager's API v2, so that
// amtool and every program made for that API can read and write them.
//
//   take_silence(silences, request, now, responder);        // POST /api/v2/silences: {"silenceID":"..."}
//
// Threads: pure, but for what it is given.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/notify/silences.h"
#include "wire/http_message.h"

namespace tocsin::agent {

struct AlertingState;

void send_notify_status(const AlertingState& state, wire::HttpResponder& responder);

void send_no_receivers(wire::HttpResponder& responder);  // 503

// `filter` parameters are matchers: only silences that have each of them.
void send_silences(const std::vector<rules::Silence>& all, const wire::HttpRequest& request, Time now, wire::HttpResponder& responder);
void send_silence(const std::optional<rules::Silence>& silence, Time now, wire::HttpResponder& responder);
void take_silence(Silences& silences, const wire::HttpRequest& request, Time now, wire::HttpResponder& responder);
void expire_silence(Silences& silences, const std::string& id, wire::HttpResponder& responder);

// {"matchers":[{"name","value","isRegex","isEqual"}],"startsAt","endsAt","createdBy","comment","id"}.
// Errors: Input, with what is wrong.
struct SilenceRequest {
  std::vector<rules::promql::Matcher> matchers;
  rules::SilenceFacts facts;
};
Result<SilenceRequest> parse_silence(std::string_view json, Time now);

// job="shop", dc!~"x|y" as people write it. Errors: Input.
Result<rules::promql::Matcher> parse_matcher(std::string_view text);

}  // namespace tocsin::agent
