// SPDX-License-Identifier: Apache-2.0
#include "agent/notify/src/heartbeat.h"

#include <algorithm>

#include "agent/url_toml.h"
#include "wire/timestamp.h"

namespace tocsin::agent {

void Heartbeat::apply(const HeartbeatConfig& config) {
  if (config == config_) return;
  config_ = config;
  due_ = {};
  state_.url = shown_url(config_.target.url);
}

std::optional<wire::HttpCall> Heartbeat::next(Time now, Monotonic monotonic, bool alive, Time& wake) {
  if (config_.target.url.empty()) return std::nullopt;
  if (monotonic < due_ || busy_ || !alive) {
    wake = std::min(wake, now + std::max<std::chrono::nanoseconds>(due_ - monotonic, std::chrono::milliseconds{500}));
    return std::nullopt;
  }
  due_ = monotonic + config_.interval;
  wake = std::min(wake, now + config_.interval);
  busy_ = true;
  ++state_.requests;
  return make_call(config_.target, config_.target.url, "{\"status\":\"alive\",\"time\":\"" + wire::format_rfc3339(now) + "\"}");
}

void Heartbeat::answered(const Outcome& outcome, Time now) {
  busy_ = false;
  state_.last_error = outcome.why;
  if (outcome.answer == Answer::Accepted) {
    state_.last_success = now;
    state_.failing_since.reset();
    return;
  }
  ++state_.failed_requests;
  if (!state_.failing_since) state_.failing_since = now;
}

std::optional<ReceiverState> Heartbeat::state() const {
  if (config_.target.url.empty()) return std::nullopt;
  return state_;
}

}  // namespace tocsin::agent
