// SPDX-License-Identifier: Apache-2.0
// What the agent answers about itself: readiness, the index, the status pages. Each renders values that it is given.
// Threads: pure.
#pragma once

#include "agent/app.h"
#include "wire/http_message.h"

namespace tocsin::agent {

// 200 "ready", or 503 and a line a reason.
void send_readiness(const Readiness& readiness, wire::HttpResponder& responder);

// What is here, as a page for people: addresses, and links to everything that is served.
void send_index(const std::vector<ListenerState>& listeners, wire::HttpResponder& responder);

}  // namespace tocsin::agent
