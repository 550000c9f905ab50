// SPDX-License-Identifier: Apache-2.0
#include "agent/commands/src/signals.h"

#include <pthread.h>

#include <ctime>

namespace tocsin::agent {

using namespace std::chrono_literals;

sigset_t block_signals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int wait_for_signal(const sigset_t& signals, std::chrono::nanoseconds timeout) {
  const timespec wait{static_cast<std::time_t>(timeout / 1s), static_cast<long>((timeout % 1s).count())};
  const int number = sigtimedwait(&signals, nullptr, &wait);
  return number < 0 ? 0 : number;
}

}  // namespace tocsin::agent
