// SPDX-License-Identifier: Apache-2.0
// Whether an address that the agent is to send to is one that it listens on itself: it would feed itself without end.
// Threads: a pure function of its arguments and of this machine's name and addresses. Costs a look at the interfaces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::agent {

// `endpoint`: a URL or host:port. `listening`: address:port each; one that is empty, or whose port the kernel picks, is
// never met. A listener on every address is met by each name and address of this machine, one on loopback by localhost
// and 127.0.0.0/8.
bool is_own_address(std::string_view endpoint, const std::vector<std::string>& listening);

}  // namespace tocsin::agent
