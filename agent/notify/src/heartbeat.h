// SPDX-License-Identifier: Apache-2.0
// Heartbeat: a dead man's switch. While the agent does its work a URL is called again and again; whoever hears nothing
// raises the alarm.
#pragma once

#include <optional>

#include "agent/notify/notifier.h"
#include "agent/notify/src/http_target.h"

namespace tocsin::agent {

// Threads: the notify thread only.
class Heartbeat {
 public:
  void apply(const HeartbeatConfig& config);
  // The call, where one is due and the agent is alive.
  std::optional<wire::HttpCall> next(Time now, Monotonic monotonic, bool alive, Time& wake);
  void answered(const Outcome& outcome, Time now);
  std::optional<ReceiverState> state() const;  // nothing where none is configured

 private:
  HeartbeatConfig config_;
  Monotonic due_{};
  bool busy_ = false;
  ReceiverState state_{.name = "heartbeat", .kind = "heartbeat"};
};

}  // namespace tocsin::agent
