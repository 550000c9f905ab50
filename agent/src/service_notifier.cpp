// SPDX-License-Identifier: Apache-2.0
#include "agent/service_notifier.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>

#include "meters/base/number.h"
#include "wire/descriptor.h"

namespace tocsin::agent {

namespace {

// By hand: libsystemd would bring five libraries and a megabyte into the process for this one datagram.
void notify(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path == nullptr || (path[0] != '/' && path[0] != '@') || std::strlen(path) >= sizeof address.sun_path) return;
  const std::size_t size = std::strlen(path);
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, size);
  if (path[0] == '@') address.sun_path[0] = '\0';  // the abstract namespace
  const wire::Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  (void)::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
}

}  // namespace

void ServiceNotifier::ready(const std::string& status) const { notify("READY=1\nSTATUS=" + status); }

void ServiceNotifier::reloading() const {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000));
}

void ServiceNotifier::stopping() const { notify("STOPPING=1"); }

void ServiceNotifier::alive() const { notify("WATCHDOG=1"); }

std::optional<std::chrono::microseconds> ServiceNotifier::watchdog_interval() const {
  const char* interval = std::getenv("WATCHDOG_USEC");
  const char* pid = std::getenv("WATCHDOG_PID");
  if (interval == nullptr || (pid != nullptr && std::to_string(::getpid()) != pid)) return std::nullopt;
  const auto parsed = parse_integer<std::uint64_t>(interval);
  if (!parsed || *parsed == 0) return std::nullopt;
  return std::chrono::microseconds{*parsed / 2};
}

}  // namespace tocsin::agent
