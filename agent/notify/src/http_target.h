// SPDX-License-Identifier: Apache-2.0
// A call to a configured target, and what its outcome means.
#pragma once

#include <string>

#include "agent/notify/receiver_config.h"
#include "agent/notify/src/receiver.h"
#include "wire/delivery.h"
#include "wire/http_client.h"

namespace tocsin::agent {

wire::HttpCall make_call(const HttpTargetConfig& target, std::string url, std::string body);

struct Outcome {
  Answer answer = Answer::Accepted;
  std::string why;  // for a person; empty where accepted
  std::optional<std::chrono::nanoseconds> retry_after;
};
// 400, 413 and 422 are about what was sent; everything else that is no success may be mended on the other side.
Outcome outcome_of(const Result<wire::HttpReply>& reply, Time now);

}  // namespace tocsin::agent
