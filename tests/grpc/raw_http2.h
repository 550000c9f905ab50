// SPDX-License-Identifier: Apache-2.0
// A socket that writes HTTP/2 frames as told, right or wrong: for clients that do not behave.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::wire {

class RawHttp2 {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit RawHttp2(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = fd_ >= 0 && ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawHttp2() {
    if (fd_ >= 0) ::close(fd_);
  }
  RawHttp2(RawHttp2&& other) noexcept : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  RawHttp2(const RawHttp2&) = delete;
  RawHttp2& operator=(const RawHttp2&) = delete;

  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void send_preface() { send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, "")); }
  void send_headers(std::uint32_t stream, const std::string& path, const Headers& more = {}, bool last = false) {
    Headers headers = {{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "test"},
                       {"content-type", "application/grpc"}, {"te", "trailers"}};
    headers.insert(headers.end(), more.begin(), more.end());
    std::string block;
    for (const auto& [name, value] : headers) {
      block += '\0';  // literal, not indexed, new name; short strings only
      block += static_cast<char>(name.size());
      block += name;
      block += static_cast<char>(value.size());
      block += value;
    }
    send(frame(1, last ? 0x5 : 0x4, stream, block));
  }
  void send_data(std::uint32_t stream, std::string_view bytes, bool last) { send(frame(0, last ? 1 : 0, stream, bytes)); }
  void send_reset(std::uint32_t stream) { send(frame(3, 0, stream, std::string_view("\0\0\0\x8", 4))); }  // CANCEL

  // gRPC's five bytes before a message.
  static std::string message(std::string_view bytes, bool compressed = false) {
    return std::string(1, compressed ? '\1' : '\0') + number(static_cast<std::uint32_t>(bytes.size()), 4) + std::string(bytes);
  }
  static std::string frame(int type, int flags, std::uint32_t stream, std::string_view payload) {
    return number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) + static_cast<char>(flags) +
           number(stream, 4) + std::string(payload);
  }
  static std::string number(std::uint32_t value, int bytes) {
    std::string out;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
    return out;
  }

  // Whether the server ends the connection in time. Reads and drops what it says.
  bool closed_within(std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    char buffer[4096];
    while (true) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      pollfd waiting{fd_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
      if (::recv(fd_, buffer, sizeof(buffer), 0) <= 0) return true;
    }
  }

 private:
  int fd_;
  bool connected_ = false;
};

}  // namespace tocsin::wire
