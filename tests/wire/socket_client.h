// SPDX-License-Identifier: Apache-2.0
// A bare TCP client for tests: says exactly the bytes it is given, and never waits longer than told.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin::wire {

class SocketClient {
 public:
  explicit SocketClient(int port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~SocketClient() { close(); }
  SocketClient(SocketClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_), rest_(std::move(other.rest_)) {}
  SocketClient& operator=(SocketClient&&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // All that comes until the peer closes.
  std::string read_all(std::chrono::milliseconds within = std::chrono::seconds(20)) {
    std::string all = std::exchange(rest_, {});
    const auto until = std::chrono::steady_clock::now() + within;
    while (more(all, until)) {
    }
    return all;
  }

  // One answer with Content-Length, header and body together; empty when the peer closes before.
  std::string read_answer(std::chrono::milliseconds within = std::chrono::seconds(20)) {
    std::string all = std::exchange(rest_, {});
    const auto until = std::chrono::steady_clock::now() + within;
    for (;;) {
      if (const std::size_t end = all.find("\r\n\r\n"); end != std::string::npos) {
        const std::size_t field = all.find("Content-Length: ");
        const std::size_t length = field < end ? std::stoul(all.substr(field + 16)) : 0;
        if (all.size() >= end + 4 + length) {
          rest_ = all.substr(end + 4 + length);
          all.resize(end + 4 + length);
          return all;
        }
      }
      if (!more(all, until)) return {};
    }
  }

  // The peer has closed, and nothing was left to read.
  bool closed_within(std::chrono::milliseconds within) {
    std::string ignored;
    const auto until = std::chrono::steady_clock::now() + within;
    while (more(ignored, until)) {
    }
    return ended_;
  }

 private:
  bool more(std::string& into, std::chrono::steady_clock::time_point until) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wait{socket_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) return false;
    char buffer[65536];
    const ssize_t got = ::recv(socket_, buffer, sizeof(buffer), 0);
    if (got <= 0) {
      ended_ = true;
      return false;
    }
    into.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  bool connected_ = false;
  bool ended_ = false;
  std::string rest_;
};

inline std::string get(std::string_view path, std::string_view more_headers = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more_headers) + "\r\n";
}

}  // namespace tocsin::wire
