// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/statsd_sockets.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

namespace tocsin::agent {
namespace {

using namespace std::chrono_literals;

struct Received {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> texts;

  StatsdSockets::Handler handler() {
    return [this](std::string_view lines) {
      const std::lock_guard lock(mutex);
      texts.emplace_back(lines);
      changed.notify_all();
    };
  }
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, 5s, [&] { return texts.size() >= count; });
    return texts;
  }
};

sockaddr_in address_of(const std::string& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  return to;
}

void send_datagram(const sockaddr* to, socklen_t size, std::string_view text) {
  const int fd = socket(to->sa_family, SOCK_DGRAM, 0);
  ASSERT_EQ(sendto(fd, text.data(), text.size(), 0, to, size), static_cast<ssize_t>(text.size()));
  close(fd);
}

TEST(StatsdSockets, datagrams_arrive_whole) {
  Received received;
  auto sockets = StatsdSockets::open({.udp_listen = "127.0.0.1:0"}, received.handler());
  ASSERT_TRUE(sockets.ok());
  const auto states = (*sockets)->states();
  ASSERT_EQ(states.size(), 1U);
  ASSERT_EQ(states[0].fault, "");
  const sockaddr_in to = address_of(states[0].address);
  send_datagram(reinterpret_cast<const sockaddr*>(&to), sizeof to, "a:1|c\nb:2|c");
  EXPECT_EQ(received.wait_for(1), std::vector<std::string>{"a:1|c\nb:2|c"});
  (*sockets)->stop();
  (*sockets)->stop();
  EXPECT_EQ((*sockets)->stats().datagrams, 1U);
}

TEST(StatsdSockets, a_stream_is_cut_at_line_ends_and_its_last_line_counts) {
  Received received;
  auto sockets = StatsdSockets::open({.tcp_listen = "127.0.0.1:0"}, received.handler());
  ASSERT_TRUE(sockets.ok());
  const sockaddr_in to = address_of((*sockets)->states()[0].address);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  ASSERT_EQ(send(fd, "a:1|c\nb:", 8, 0), 8);
  EXPECT_EQ(received.wait_for(1), std::vector<std::string>{"a:1|c"});
  ASSERT_EQ(send(fd, "2|c", 3, 0), 3);
  close(fd);
  EXPECT_EQ(received.wait_for(2), (std::vector<std::string>{"a:1|c", "b:2|c"}));
}

TEST(StatsdSockets, what_has_arrived_over_tcp_when_it_stops_is_taken) {
  std::mutex hold;
  std::unique_lock held(hold);
  std::size_t bytes = 0;  // of the sockets' thread until they stopped
  auto sockets = StatsdSockets::open({.tcp_listen = "127.0.0.1:0"}, [&](std::string_view lines) {
    { const std::lock_guard wait(hold); }
    bytes += lines.size() + 1;
  });
  ASSERT_TRUE(sockets.ok());
  const sockaddr_in to = address_of((*sockets)->states()[0].address);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "some:1|c\n";
  ASSERT_EQ(send(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  std::jthread stopping([&] { (*sockets)->stop(); });
  held.unlock();
  stopping.join();
  EXPECT_EQ(bytes, text.size());
  close(fd);
}

TEST(StatsdSockets, a_line_without_end_closes_its_connection_only) {
  Received received;
  auto sockets = StatsdSockets::open({.tcp_listen = "127.0.0.1:0"}, received.handler());
  ASSERT_TRUE(sockets.ok());
  const sockaddr_in to = address_of((*sockets)->states()[0].address);
  const int endless = socket(AF_INET, SOCK_STREAM, 0), good = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(endless, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  ASSERT_EQ(connect(good, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const std::string much(100'000, 'x');
  send(endless, much.data(), much.size(), MSG_NOSIGNAL);
  timeval wait{5, 0};
  setsockopt(endless, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  char byte = 0;
  EXPECT_LE(recv(endless, &byte, 1, 0), 0) << "closed by the other side";
  ASSERT_EQ(send(good, "a:1|c\n", 6, 0), 6);
  EXPECT_EQ(received.wait_for(1), std::vector<std::string>{"a:1|c"});
  close(endless);
  close(good);
}

TEST(StatsdSockets, a_unix_socket_left_by_the_dead_is_taken_over_and_one_in_use_is_not) {
  const std::string path = testing::TempDir() + "statsd-" + std::to_string(getpid()) + ".sock";
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, path.data(), path.size());
  const int dead = socket(AF_UNIX, SOCK_DGRAM, 0);
  ASSERT_EQ(bind(dead, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  close(dead);
  Received received;
  auto sockets = StatsdSockets::open({.unix_socket = path}, received.handler());
  ASSERT_EQ((*sockets)->states()[0].fault, "");
  auto second = StatsdSockets::open({.unix_socket = path}, received.handler());
  EXPECT_NE((*second)->states()[0].fault.find("in use"), std::string::npos) << (*second)->states()[0].fault;
  send_datagram(reinterpret_cast<const sockaddr*>(&to), sizeof to, "a:1|c");
  EXPECT_EQ(received.wait_for(1), std::vector<std::string>{"a:1|c"});
  (*second)->stop();
  (*sockets)->stop();
  EXPECT_NE(access(path.c_str(), F_OK), 0) << "removed at stop";
}

TEST(StatsdSockets, of_a_datagram_that_is_too_large_whole_lines_are_taken_and_it_is_counted) {
  Received received;
  const std::string path = testing::TempDir() + "statsd-large-" + std::to_string(getpid()) + ".sock";
  auto sockets = StatsdSockets::open({.unix_socket = path}, received.handler());
  ASSERT_EQ((*sockets)->states()[0].fault, "");
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, path.data(), path.size());
  std::string lines;
  while (lines.size() < 100'000) lines += "jobs_total:1|c|#queue:mail\n";
  send_datagram(reinterpret_cast<const sockaddr*>(&to), sizeof to, lines);
  const auto taken = received.wait_for(1);
  (*sockets)->stop();
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_TRUE(taken[0].ends_with("queue:mail\n") && lines.starts_with(taken[0])) << taken[0].size();
  EXPECT_GT(taken[0].size(), 60'000U);
  EXPECT_EQ((*sockets)->stats().datagrams_too_large, 1U);
}

TEST(StatsdSockets, a_port_in_use_is_told) {
  Received received;
  auto first = StatsdSockets::open({.udp_listen = "127.0.0.1:0"}, received.handler());
  auto second = StatsdSockets::open({.udp_listen = (*first)->states()[0].address}, received.handler());
  ASSERT_TRUE(second.ok());
  EXPECT_NE((*second)->states()[0].fault.find("Address already in use"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::agent
