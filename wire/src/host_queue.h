// SPDX-License-Identifier: Apache-2.0
// HostQueue: at most so many calls at once to one host and port; those over it wait in order.
// libcurl's own limit (CURLMOPT_MAX_HOST_CONNECTIONS, 7.88) now and then forgets a transfer that waits for a
// connection: it hangs until its timeout. So curl is given only what may run.
// Threads: its owner's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace tocsin::wire {

class HostQueue {
 public:
  using Id = std::uint64_t;

  explicit HostQueue(unsigned most_active) : most_active_(std::max(1u, most_active)) {}

  // True: it may start now. False: it waits for next().
  bool admit(const std::string& host, Id id) {
    Host& calls = hosts_[host];
    if (calls.active < most_active_) return ++calls.active, true;
    calls.waiting.push_back(id);
    return false;
  }

  // A call that had started has ended: who starts in its place, leaving out those that are no longer wanted.
  template <class Wanted>
  std::optional<Id> next(const std::string& host, Wanted wanted) {
    const auto found = hosts_.find(host);
    auto& [active, waiting] = found->second;
    while (!waiting.empty()) {
      const Id id = waiting.front();
      waiting.pop_front();
      if (wanted(id)) return id;
    }
    if (--active == 0) hosts_.erase(found);
    return std::nullopt;
  }

 private:
  struct Host {
    unsigned active = 0;
    std::deque<Id> waiting;
  };
  const unsigned most_active_;
  std::map<std::string, Host> hosts_;
};

}  // namespace tocsin::wire
