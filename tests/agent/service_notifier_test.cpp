// SPDX-License-Identifier: Apache-2.0
#include "agent/service_notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "wire/descriptor.h"

namespace tocsin::agent {
namespace {

using testing::MatchesRegex;

// Stands for systemd: a datagram socket under a name of either kind.
class ServiceManager {
 public:
  explicit ServiceManager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = 0;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0) << std::strerror(errno);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~ServiceManager() { ::unsetenv("NOTIFY_SOCKET"); }
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  // The next datagram; empty where there is none.
  std::string told() {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    return {bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  wire::Descriptor socket_;
};

TEST(ServiceNotifier, tells_what_happens) {
  const std::string path = testing::TempDir() + "notify-" + std::to_string(::getpid());
  for (const std::string& name : {path, "@tocsin-test-" + std::to_string(::getpid())}) {
    ServiceManager manager(name);
    const ServiceNotifier notifier;
    notifier.ready("serving on 127.0.0.1:9464");
    EXPECT_EQ(manager.told(), "READY=1\nSTATUS=serving on 127.0.0.1:9464");
    notifier.reloading();
    EXPECT_THAT(manager.told(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
    notifier.alive();
    EXPECT_EQ(manager.told(), "WATCHDOG=1");
    notifier.stopping();
    EXPECT_EQ(manager.told(), "STOPPING=1");
  }
  ::unlink(path.c_str());
}

TEST(ServiceNotifier, where_nobody_listens_nothing_happens) {
  const ServiceNotifier notifier;
  for (const char* name : {"/no/such/socket", "relative", ""}) {
    ::setenv("NOTIFY_SOCKET", name, 1);
    notifier.ready("x");
  }
  ::setenv("NOTIFY_SOCKET", std::string(300, '/').c_str(), 1);
  notifier.ready("x");
  ::unsetenv("NOTIFY_SOCKET");
  notifier.ready("x");
}

TEST(ServiceNotifier, the_watchdog_is_fed_twice_as_often_as_it_asks) {
  const ServiceNotifier notifier;
  EXPECT_EQ(notifier.watchdog_interval(), std::nullopt);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(notifier.watchdog_interval(), std::chrono::seconds{15});
  ::setenv("WATCHDOG_PID", std::to_string(::getpid() + 1).c_str(), 1);
  EXPECT_EQ(notifier.watchdog_interval(), std::nullopt) << "it watches another process";
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(notifier.watchdog_interval(), std::chrono::seconds{15});
  for (const char* odd : {"", "0", "x", "-5"}) {
    ::setenv("WATCHDOG_USEC", odd, 1);
    EXPECT_EQ(notifier.watchdog_interval(), std::nullopt) << odd;
  }
  ::unsetenv("WATCHDOG_USEC");
  ::unsetenv("WATCHDOG_PID");
}

}  // namespace
}  // namespace tocsin::agent
