// SPDX-License-Identifier: Apache-2.0
// The signals that a command waits for. Threads: the main thread, before it starts any other.
#pragma once

#include <signal.h>

#include <chrono>

namespace tocsin::agent {

// SIGTERM, SIGINT and SIGHUP are blocked in every thread that is started later, so that only wait_for_signal() sees
// them; SIGPIPE is ignored.
sigset_t block_signals();

// The signal, or 0 when `timeout` passed.
int wait_for_signal(const sigset_t& signals, std::chrono::nanoseconds timeout);

}  // namespace tocsin::agent
