// SPDX-License-Identifier: Apache-2.0
#include "wire/src/grpc_listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cerrno>
#include <cstring>
#include <stop_token>
#include <system_error>
#include <utility>

#include "wire/src/grpc_library.h"

namespace tocsin::wire {
namespace {

constexpr int kBacklog = 1'024;
constexpr int kPauseMs = 50;

std::string system_message(int error) { return std::generic_category().message(error); }

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

Result<HostPort> parse_listen(std::string_view listen) {
  const Error fault{Fault::Configuration,
                    "\"" + std::string(listen) + "\" is not an address to listen on; write \"host:port\""};
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string_view::npos) return fault;
  HostPort parsed;
  std::string_view host = listen.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return fault;
  }
  const std::string_view port = listen.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
  if (host.empty() || error != std::errc() || end != port.data() + port.size()) return fault;
  parsed.host = host;
  return parsed;
}

std::uint16_t port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

void set_port(sockaddr_storage& address, std::uint16_t port) {
  (address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port
                                 : reinterpret_cast<sockaddr_in&>(address).sin_port) = htons(port);
}

void set_option(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof(value)); }

// Errors: the system's errno as a negative number.
int open_listening(const sockaddr_storage& address, socklen_t size) {
  const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);  // not REUSEPORT: a second agent must fail
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // inherited by what is accepted
  if (address.ss_family == AF_INET6) {  // "[::]" takes IPv4 too
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr) ? 0 : 1);
  }
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 && ::listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

}  // namespace

Result<std::unique_ptr<GrpcListener>> GrpcListener::bind(std::string_view listen, std::size_t max_connections) {
  const auto parsed = parse_listen(listen);
  if (!parsed) return parsed.error();
  std::unique_ptr<GrpcListener> listener(new GrpcListener(max_connections));
  listener->wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  listener->pin_fd_ = ::fcntl(listener->wake_fd_, F_DUPFD_CLOEXEC, 0);
  if (listener->pin_fd_ < 0) return Error{Fault::Environment, "no descriptor to listen with: " + system_message(errno)};
  if (auto bound = listener->bind_all(listen, parsed->host, parsed->port); !bound) return bound.error();
  return listener;
}

Result<void> GrpcListener::bind_all(std::string_view listen, const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
    return Error{Fault::Environment, "cannot listen on " + std::string(listen) + ": " + ::gai_strerror(error)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  int missing = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET && one->ai_family != AF_INET6) continue;
    sockaddr_storage address{};
    std::memcpy(&address, one->ai_addr, one->ai_addrlen);
    set_port(address, port);
    const int fd = open_listening(address, one->ai_addrlen);
    if (fd >= 0) {
      sockets_.push_back(fd);
      socklen_t size = sizeof(address);
      if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0) port = port_of(address);
      continue;
    }
    missing = -fd;
    if (missing == EADDRNOTAVAIL || missing == EAFNOSUPPORT) continue;  // "localhost" on a machine without IPv6
    stop();
    break;
  }
  if (sockets_.empty()) {
    return Error{Fault::Environment, "cannot listen on " + std::string(listen) + ": " + system_message(missing)};
  }
  port_ = port;
  return {};
}

GrpcListener::~GrpcListener() {
  stop();
  for (const int fd : {wake_fd_, pin_fd_}) {
    if (fd >= 0) ::close(fd);
  }
}

void GrpcListener::start(std::function<void(int fd)> accept, const std::string& thread_name) {
  accept_ = std::move(accept);
  thread_ = std::jthread([this, thread_name](const std::stop_token& stop) {
    name_this_thread(thread_name);
    const std::stop_callback wake(stop, [this] { ::eventfd_write(wake_fd_, 1); });
    run();
  });
}

void GrpcListener::stop() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  for (const int fd : sockets_) ::close(fd);
  sockets_.clear();
}

void GrpcListener::run() {
  std::vector<pollfd> waiting{{wake_fd_, POLLIN, 0}};
  for (const int fd : sockets_) waiting.push_back({fd, POLLIN, 0});
  while (true) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) pause();
    if (waiting[0].revents != 0) return;
    for (std::size_t i = 1; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) accept_from(waiting[i].fd);
    }
  }
}

void GrpcListener::accept_from(int listen_fd) {
  while (true) {
    Connection connection{-1, {}, sizeof(sockaddr_storage)};
    connection.fd = ::accept4(listen_fd, reinterpret_cast<sockaddr*>(&connection.peer), &connection.peer_size,
                              SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection.fd >= 0) {
      admit(connection);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    // Out of descriptors or memory: let go of a few connections, and give that a moment.
    {
      const std::lock_guard lock(mutex_);
      make_room(connections_.size());
    }
    pause();
    return;
  }
}

void GrpcListener::admit(Connection connection) {
  {
    const std::lock_guard lock(mutex_);
    if (connections_.size() >= max_connections_) make_room(max_connections_);
    connections_.push_back(connection);
  }
  accepted_.fetch_add(1, std::memory_order_relaxed);
  accept_(connection.fd);
}

// Forgets connections that have ended. If as many as `full` are left, ends a sixteenth of them: those that sent nothing
// for longest. So a newcomer always gets in, and who holds a connection open without using it pays for that.
void GrpcListener::make_room(std::size_t full) {
  std::vector<std::pair<std::uint32_t, std::size_t>> silence;
  std::vector<Connection> alive;
  for (const Connection& known : connections_) {
    if (!pin(known)) continue;
    tcp_info info{};
    socklen_t size = sizeof(info);
    ::getsockopt(pin_fd_, IPPROTO_TCP, TCP_INFO, &info, &size);
    silence.emplace_back(info.tcpi_last_data_recv, alive.size());
    alive.push_back(known);
  }
  unpin();
  if (alive.size() >= full && !alive.empty()) {
    const std::size_t victims = std::max<std::size_t>(1, alive.size() / 16);
    std::nth_element(silence.begin(), silence.begin() + static_cast<std::ptrdiff_t>(victims - 1), silence.end(),
                     [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
    silence.resize(victims);
    std::sort(silence.begin(), silence.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
    for (const auto& [ms, index] : silence) {
      end(alive[index]);
      alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(index));
    }
    crowded_out_.fetch_add(victims, std::memory_order_relaxed);
  }
  connections_ = std::move(alive);
}

// Makes pin_fd_ a duplicate of the connection's descriptor, so that it stays the same connection while it is looked at; takes
// no new descriptor. False when the connection has ended, or its number stands for another by now.
bool GrpcListener::pin(const Connection& known) {
  if (::dup3(known.fd, pin_fd_, O_CLOEXEC) < 0) return false;
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  return ::getpeername(pin_fd_, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && size == known.peer_size &&
         std::memcmp(&peer, &known.peer, size) == 0;
}

void GrpcListener::unpin() { ::dup3(wake_fd_, pin_fd_, O_CLOEXEC); }

void GrpcListener::end(const Connection& known) {
  if (pin(known)) ::shutdown(pin_fd_, SHUT_RDWR);  // grpc sees the end of the stream and closes its own descriptor
  unpin();
}

void GrpcListener::close_all() {
  const std::lock_guard lock(mutex_);
  for (const Connection& known : connections_) end(known);
  connections_.clear();
}

// A wait that stop() ends.
void GrpcListener::pause() {
  pollfd wake{wake_fd_, POLLIN, 0};
  ::poll(&wake, 1, kPauseMs);
}

}  // namespace tocsin::wire
