// SPDX-License-Identifier: Apache-2.0
// The sockets of StatsD: UDP, TCP and a Unix datagram socket, read by one thread. What arrives is handed on as text of
// whole lines; what a line says is not its concern.
//
//   auto sockets = StatsdSockets::open({.udp_listen = "127.0.0.1:8125"}, [&](std::string_view lines) { take(lines); });
//   (*sockets)->stop();
//
// A TCP connection that sends no line end for 64 KiB, or nothing for 10 minutes, is closed; beyond 256 connections the
// longest silent one makes room. Datagrams that the kernel dropped are counted, once it tells with the next that arrives.
// Threads: the handler runs on the one thread, "statsd". Costs a system call for up to 32 datagrams.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/listener_state.h"
#include "meters/base/result.h"

namespace tocsin::agent {

struct StatsdSocketOptions {
  std::string udp_listen = {}, tcp_listen = {}, unix_socket = {};  // empty: none
  int receive_buffer_bytes = 4 << 20;               // as far as the kernel grants it
};

struct StatsdSocketStats {
  std::uint64_t datagrams = 0, bytes = 0;
  std::uint64_t connections = 0;         // accepted
  std::uint64_t connections_closed_for_length = 0;
  std::uint64_t connections_crowded_out = 0;
  std::uint64_t dropped_by_kernel = 0;   // datagrams that found the receive buffer full
  std::uint64_t datagrams_too_large = 0;  // over 64 KiB: the whole lines of what was read are taken
};

class StatsdSockets {
 public:
  using Handler = std::function<void(std::string_view lines)>;

  // Opens what can be opened; states() tells of the rest. Errors: Environment when the thread's own means cannot be made.
  static Result<std::unique_ptr<StatsdSockets>> open(const StatsdSocketOptions& options, Handler handler);
  virtual ~StatsdSockets() = default;  // stops

  virtual std::vector<ListenerState> states() const = 0;
  virtual StatsdSocketStats stats() const = 0;
  // Reads what has arrived, then closes. Safe twice.
  virtual void stop() = 0;
};

}  // namespace tocsin::agent
