// SPDX-License-Identifier: Apache-2.0
// Where a listener is, or why it is not there, and what it refused by itself, before a receiver saw it. Threads: a value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tocsin::agent {

using Refusals = std::map<std::string_view, std::uint64_t>;  // by reason, a literal; since the agent's start

struct ListenerState {
  std::string name;     // "http", "otlp/grpc", "otlp/http", "statsd/udp", ...
  std::string address;  // as bound, or as configured where it is not
  std::string fault;    // empty: it serves
  Refusals refused = {};
};

}  // namespace tocsin::agent
