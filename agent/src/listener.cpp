// SPDX-License-Identifier: Apache-2.0
#include "agent/src/listener.h"

namespace tocsin::agent {

std::string with_hint(const std::string& name, const std::string& address, const std::string& fault) {
  const auto colon = address.rfind(':');
  if (fault.find("in use") == std::string::npos || colon == std::string::npos || address.starts_with('/')) return fault;
  const std::string sockets = name.ends_with("/udp") ? "-lunp" : "-ltnp";
  return fault + "; `ss " + sockets + " sport = " + address.substr(colon) + "` names the program that has it";
}

Result<std::unique_ptr<StatsdServer>> StatsdServer::start(const Options& options,
                                                          const StatsdSockets::Handler& handler) {
  StatsdSocketOptions wanted;
  wanted.*options.kind = options.listen;
  auto sockets = StatsdSockets::open(wanted, handler);
  if (!sockets) return sockets.error();
  if (const ListenerState state = (*sockets)->states().front(); !state.fault.empty())
    return Error{Fault::Environment, state.fault};
  return std::unique_ptr<StatsdServer>(new StatsdServer(std::move(*sockets)));
}

Refusals refusals(const wire::HttpServerStats& stats) {
  return {{"malformed", stats.refused_malformed},
          {"too_large", stats.refused_too_large},
          {"credentials", stats.refused_credentials},
          {"host", stats.refused_host},
          {"origin", stats.refused_origin},
          {"busy", stats.refused_busy},
          {"peer_limit", stats.refused_peer},
          {"slow", stats.timed_out},
          {"crowded_out", stats.crowded_out},
          {"tls", stats.tls_failed},
          {"failed", stats.handler_exceptions}};
}

Refusals refusals(const wire::GrpcServerStats& stats) {
  return {{"malformed", stats.refused_malformed},
          {"too_large", stats.refused_too_large},
          {"credentials", stats.refused_credentials},
          {"unknown_method", stats.refused_unimplemented},
          {"busy", stats.refused_busy},
          {"slow", stats.timed_out - stats.crowded_out},
          {"crowded_out", stats.crowded_out + stats.connections_crowded_out},
          {"cancelled", stats.cancelled},
          {"failed", stats.handler_exceptions}};
}

Refusals refusals(const StatsdSocketStats& stats) {
  return {{"buffer_full", stats.dropped_by_kernel},
          {"line_too_long", stats.connections_closed_for_length},
          {"too_large", stats.datagrams_too_large},
          {"crowded_out", stats.connections_crowded_out}};
}

void add_to(Refusals& all, const Refusals& more) {
  for (const auto& [reason, count] : more) all[reason] += count;
}

}  // namespace tocsin::agent
