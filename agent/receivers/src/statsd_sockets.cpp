// SPDX-License-Identifier: Apache-2.0
#include "agent/receivers/statsd_sockets.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "wire/descriptor.h"

namespace tocsin::agent {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

using wire::Descriptor;

namespace {

constexpr std::size_t kMaxDatagram = 64 * 1024, kMaxUnfinishedLine = 64 * 1024, kMaxConnections = 256;
constexpr unsigned kBatch = 32;
constexpr auto kSilentConnection = 10min;

std::string errno_text() { return std::strerror(errno); }

struct Bound {
  Descriptor socket;
  ListenerState state;
};

// "127.0.0.1:8125", "[::1]:8125" or "localhost:8125".
Bound bind_inet(std::string name, const std::string& listen, int type) {
  Bound bound{Descriptor{}, {std::move(name), listen, ""}};
  const auto colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = type;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), listen.substr(colon + 1).c_str(), &hints, &found); error != 0) {
    bound.state.fault = "cannot resolve " + listen + ": " + gai_strerror(error);
    return bound;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  Descriptor socket(::socket(found->ai_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (type == SOCK_STREAM) setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!socket.open() || ::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      (type == SOCK_STREAM && ::listen(socket.get(), 64) != 0)) {
    bound.state.fault = "cannot listen on " + listen + ": " + errno_text();
    return bound;
  }
  sockaddr_storage taken{};
  socklen_t size = sizeof taken;
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&taken), &size);
  const auto port = taken.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&taken)->sin6_port
                                                : reinterpret_cast<sockaddr_in*>(&taken)->sin_port;
  bound.state.address = listen.substr(0, colon + 1) + std::to_string(ntohs(port));
  bound.socket = std::move(socket);
  return bound;
}

Bound bind_unix(const std::string& path) {
  Bound bound{Descriptor{}, {"statsd/unix", path, ""}};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    bound.state.fault = "the path is longer than " + std::to_string(sizeof address.sun_path - 1) + " bytes";
    return bound;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // A socket file that nobody reads is left by a process that died; one that is read belongs to somebody.
  if (Descriptor probe(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED)
    ::unlink(path.c_str());
  if (!socket.open() || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    bound.state.fault = "cannot listen on " + path + ": " + errno_text();
    return bound;
  }
  bound.socket = std::move(socket);
  return bound;
}

struct Connection {
  Descriptor socket;
  std::string unfinished;  // a line whose end has not come
  SteadyClock::time_point heard;
};

class Sockets final : public StatsdSockets {
 public:
  explicit Sockets(Handler handler) : handler_(std::move(handler)) {}
  ~Sockets() override { Sockets::stop(); }

  Result<void> start(const StatsdSocketOptions& options);
  std::vector<ListenerState> states() const override { return states_; }
  StatsdSocketStats stats() const override {
    return {datagrams_, bytes_, connections_accepted_, closed_for_length_, crowded_out_, udp_dropped_ + unix_dropped_,
            too_large_};
  }
  void stop() override;

 private:
  void keep(Bound bound, Descriptor& into);
  void run(const std::stop_token& stop);
  void read_datagrams(int socket);
  void accept_connections();
  bool read_connection(Connection& connection);
  static bool has_arrived(const Connection& connection);
  void close_silent(SteadyClock::time_point now);

  // Fixed after start().
  const Handler handler_;
  std::vector<ListenerState> states_;
  Descriptor udp_, tcp_, unix_, wake_;
  std::string unix_path_;

  // Of the thread.
  std::vector<Connection> connections_;
  // Not zeroed: what no datagram has reached takes no memory.
  const std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kBatch * kMaxDatagram);

  std::atomic<std::uint64_t> datagrams_{0}, bytes_{0}, connections_accepted_{0}, closed_for_length_{0},
      crowded_out_{0}, udp_dropped_{0}, unix_dropped_{0}, too_large_{0};
  std::jthread thread_;
};

void Sockets::keep(Bound bound, Descriptor& into) {
  states_.push_back(std::move(bound.state));
  into = std::move(bound.socket);
}

Result<void> Sockets::start(const StatsdSocketOptions& options) {
  wake_ = Descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.open()) return Error{Fault::Environment, "statsd: " + errno_text()};
  if (!options.udp_listen.empty()) keep(bind_inet("statsd/udp", options.udp_listen, SOCK_DGRAM), udp_);
  if (!options.tcp_listen.empty()) keep(bind_inet("statsd/tcp", options.tcp_listen, SOCK_STREAM), tcp_);
  if (!options.unix_socket.empty()) {
    keep(bind_unix(options.unix_socket), unix_);
    if (unix_.open()) unix_path_ = options.unix_socket;
  }
  const int on = 1;
  for (const Descriptor* socket : {&udp_, &unix_}) {
    if (!socket->open()) continue;
    setsockopt(socket->get(), SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes, sizeof options.receive_buffer_bytes);
    setsockopt(socket->get(), SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  pthread_setname_np(thread_.native_handle(), "statsd");
  return {};
}

void Sockets::run(const std::stop_token& stop) {
  std::vector<pollfd> polled;
  while (!stop.stop_requested()) {
    polled.assign({{wake_.get(), POLLIN, 0}, {udp_.get(), POLLIN, 0}, {unix_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}});
    for (const Connection& connection : connections_) polled.push_back({connection.socket.get(), POLLIN, 0});
    if (::poll(polled.data(), polled.size(), 60'000) < 0 && errno != EINTR) return;
    if (polled[1].revents != 0) read_datagrams(udp_.get());
    if (polled[2].revents != 0) read_datagrams(unix_.get());
    for (std::size_t i = polled.size(); i-- > 4;)  // backwards, since closed ones are taken out
      if (polled[i].revents != 0 && !read_connection(connections_[i - 4]))
        connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(i - 4));
    if (polled[3].revents != 0) accept_connections();
    close_silent(SteadyClock::now());
  }
  // What had arrived before the stop is not lost.
  if (udp_.open()) read_datagrams(udp_.get());
  if (unix_.open()) read_datagrams(unix_.get());
  if (tcp_.open()) accept_connections();
  for (Connection& connection : connections_)
    for (int round = 0; round < 64 && read_connection(connection) && has_arrived(connection); ++round) {
    }
}

void Sockets::read_datagrams(int socket) {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> places{};
  std::array<std::array<char, CMSG_SPACE(sizeof(std::uint32_t))>, kBatch> control{};
  for (int round = 0; round < 64; ++round) {  // then others have their turn
    for (unsigned i = 0; i < kBatch; ++i) {
      places[i] = {buffer_.get() + i * kMaxDatagram, kMaxDatagram};
      messages[i].msg_hdr = {};
      messages[i].msg_hdr.msg_iov = &places[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_control = control[i].data();
      messages[i].msg_hdr.msg_controllen = control[i].size();
    }
    const int got = recvmmsg(socket, messages.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (got <= 0) return;
    for (int i = 0; i < got; ++i) {
      mmsghdr& message = messages[static_cast<std::size_t>(i)];
      for (cmsghdr* header = CMSG_FIRSTHDR(&message.msg_hdr); header != nullptr; header = CMSG_NXTHDR(&message.msg_hdr, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SO_RXQ_OVFL) continue;
        std::uint32_t dropped = 0;
        std::memcpy(&dropped, CMSG_DATA(header), sizeof dropped);
        // The kernel's count is one of 32 bits.
        std::atomic<std::uint64_t>& count = socket == udp_.get() ? udp_dropped_ : unix_dropped_;
        count += dropped - static_cast<std::uint32_t>(count);
      }
      ++datagrams_;
      bytes_ += message.msg_len;
      std::string_view lines(static_cast<const char*>(message.msg_hdr.msg_iov->iov_base), message.msg_len);
      if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {  // over a Unix socket: its last line is cut
        ++too_large_;
        lines = lines.substr(0, lines.rfind('\n') + 1);
      }
      handler_(lines);
    }
    if (got < static_cast<int>(kBatch)) return;
  }
}

void Sockets::accept_connections() {
  for (;;) {
    Descriptor socket(accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.open()) return;
    if (connections_.size() >= kMaxConnections) {
      ++crowded_out_;
      connections_.erase(std::min_element(connections_.begin(), connections_.end(),
                                          [](const auto& a, const auto& b) { return a.heard < b.heard; }));
    }
    ++connections_accepted_;
    connections_.push_back({std::move(socket), "", SteadyClock::now()});
  }
}

// False when the connection is to be closed. A last line without line end counts when the peer has closed properly.
bool Sockets::read_connection(Connection& connection) {
  const ssize_t got = ::recv(connection.socket.get(), buffer_.get(), kMaxDatagram, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) {
    if (!connection.unfinished.empty()) handler_(connection.unfinished);
    return false;
  }
  connection.heard = SteadyClock::now();
  bytes_ += static_cast<std::uint64_t>(got);
  connection.unfinished.append(buffer_.get(), static_cast<std::size_t>(got));
  const auto end = connection.unfinished.rfind('\n');
  if (end != std::string::npos) {
    handler_(std::string_view(connection.unfinished).substr(0, end));
    connection.unfinished.erase(0, end + 1);
  }
  if (connection.unfinished.size() <= kMaxUnfinishedLine) return true;
  ++closed_for_length_;
  return false;
}

bool Sockets::has_arrived(const Connection& connection) {
  pollfd polled{connection.socket.get(), POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0;
}

void Sockets::close_silent(SteadyClock::time_point now) {
  std::erase_if(connections_, [&](const Connection& connection) { return now - connection.heard > kSilentConnection; });
}

void Sockets::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  thread_.join();
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

}  // namespace

Result<std::unique_ptr<StatsdSockets>> StatsdSockets::open(const StatsdSocketOptions& options, Handler handler) {
  auto sockets = std::make_unique<Sockets>(std::move(handler));
  if (auto started = sockets->start(options); !started) return started.error();
  return std::unique_ptr<StatsdSockets>(std::move(sockets));
}

}  // namespace tocsin::agent
