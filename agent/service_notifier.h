// SPDX-License-Identifier: Apache-2.0
// What systemd is told, by the protocol of sd_notify(3): nothing where $NOTIFY_SOCKET is not set.
//
//   ServiceNotifier notifier;
//   notifier.ready("serving on 127.0.0.1:9464");
//   if (notifier.watchdog_interval()) notifier.alive();    // from a loop that proves progress
//
// Threads: thread-safe. A call is one datagram.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace tocsin::agent {

class ServiceNotifier {
 public:
  void ready(const std::string& status) const;
  void reloading() const;
  void stopping() const;
  void alive() const;
  // Half of what systemd waits for before it restarts the service (WatchdogSec=); nothing where it does not watch.
  std::optional<std::chrono::microseconds> watchdog_interval() const;
};

}  // namespace tocsin::agent
