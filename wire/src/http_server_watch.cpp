// SPDX-License-Identifier: Apache-2.0
#include "wire/src/http_server_watch.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tocsin::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kCrowdedTick{50};
constexpr milliseconds kTick{250};
constexpr int kDescriptorsWithoutProc = 65'536;

std::int64_t now_ns() noexcept { return SystemClock::instance().monotonic().time_since_epoch().count(); }

std::uint64_t peer_key(std::uint32_t address, std::uint16_t port) noexcept {
  return std::uint64_t{address} << 16 | port;
}

bool is_ours(int descriptor, std::uint32_t address, std::uint16_t port) noexcept {
  sockaddr_in local{};
  socklen_t size = sizeof(local);
  int type = 0;
  socklen_t type_size = sizeof(type);
  return getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size) == 0 && local.sin_family == AF_INET &&
         ntohs(local.sin_port) == port && (address == INADDR_ANY || local.sin_addr.s_addr == address) &&
         getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM;
}

// Zero when it has none: the listening socket, or a connection that was reset.
std::uint64_t peer_of(int socket) noexcept {
  sockaddr_in peer{};
  socklen_t size = sizeof(peer);
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return 0;
  return peer_key(peer.sin_addr.s_addr, ntohs(peer.sin_port));
}

bool is_loopback(std::uint32_t address) noexcept { return (ntohl(address) >> 24) == 127; }

bool holds_whole_header(int socket, std::size_t limit) {
  std::string bytes(limit, '\0');
  const ssize_t got = recv(socket, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got <= 0) return false;
  const std::string_view view = std::string_view(bytes).substr(0, static_cast<std::size_t>(got));
  return view.size() == limit || view.find("\r\n\r\n") != std::string_view::npos ||
         view.find("\n\n") != std::string_view::npos;
}

std::vector<int> open_descriptors() {
  std::vector<int> descriptors;
  if (DIR* directory = opendir("/proc/self/fd")) {
    while (const dirent* entry = readdir(directory)) {
      const std::string_view name = entry->d_name;
      int number = 0;
      const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
      if (error == std::errc{} && end == name.data() + name.size()) descriptors.push_back(number);
    }
    closedir(directory);
  } else {  // no /proc, or no descriptor left to open it
    for (int i = 0; i < kDescriptorsWithoutProc; ++i) descriptors.push_back(i);
  }
  return descriptors;
}

// A TCP socket of this process, held through a duplicate: its own number may be closed and given out again at any moment.
class Socket {
 public:
  explicit Socket(int descriptor) noexcept
      : duplicate_(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)), number_(duplicate_ >= 0 ? duplicate_ : descriptor) {}
  Socket(Socket&& other) noexcept : duplicate_(std::exchange(other.duplicate_, -1)), number_(other.number_) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (duplicate_ >= 0) ::close(duplicate_);
  }
  int get() const noexcept { return number_; }

 private:
  int duplicate_;  // -1 when there was no descriptor left
  int number_;
};

std::vector<Socket> sockets_at(std::uint32_t address, std::uint16_t port) {
  std::vector<Socket> sockets;
  if (port == 0) return sockets;
  for (const int descriptor : open_descriptors()) {
    if (!is_ours(descriptor, address, port)) continue;
    Socket socket(descriptor);
    if (is_ours(socket.get(), address, port)) sockets.push_back(std::move(socket));
  }
  return sockets;
}

}  // namespace

void ConnectionWatch::Connection::wait(Wait what, Monotonic until) noexcept {
  since_.store(now_ns(), std::memory_order_relaxed);
  until_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  waiting_.store(what, std::memory_order_release);
}

ConnectionWatch::ConnectionWatch(Limits limits, std::string thread_name)
    : limits_(limits), thread_name_(std::move(thread_name)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

ConnectionWatch::~ConnectionWatch() {
  thread_.request_stop();
  changed_.notify_all();
}

void ConnectionWatch::set_local(const std::string& address, int port) {
  in_addr parsed{};
  inet_pton(AF_INET, address.c_str(), &parsed);
  const std::lock_guard lock(mutex_);
  local_ = {parsed.s_addr, static_cast<std::uint16_t>(port)};
}

ConnectionWatch::Connection& ConnectionWatch::open() {
  const std::lock_guard lock(mutex_);
  Connection& connection = open_.emplace_back();
  if (asleep_ || open_.size() == limits_.workers) changed_.notify_all();
  return connection;
}

void ConnectionWatch::identify(Connection& connection, const char* peer_address, int peer_port) {
  connection.identified_ = true;
  in_addr address{};
  inet_pton(AF_INET, peer_address, &address);
  const std::lock_guard lock(mutex_);
  connection.peer_ = peer_key(address.s_addr, static_cast<std::uint16_t>(peer_port));
  if (const auto stranger = strangers_.find(connection.peer_); stranger != strangers_.end()) {
    if (stranger->second.ended) connection.ended_.store(true, std::memory_order_release);
    strangers_.erase(stranger);
  }
}

void ConnectionWatch::close(Connection& connection) {
  const std::lock_guard lock(mutex_);
  open_.remove_if([&](const Connection& one) { return &one == &connection; });
  if (open_.empty()) changed_.notify_all();
}

void ConnectionWatch::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), thread_name_.c_str());
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (open_.empty()) {
      strangers_.clear();
      asleep_ = true;
      changed_.wait(lock, stop, [this] { return !open_.empty(); });
      asleep_ = false;
    }
    const bool was_full = full();
    changed_.wait_for(lock, stop, was_full ? kCrowdedTick : kTick, [&] { return !was_full && full(); });
    look(false);
  }
}

bool ConnectionWatch::waits_too_long(const Connection& connection, std::int64_t now, bool crowded) const {
  if (connection.waiting_.load(std::memory_order_acquire) == Wait::None || connection.ended()) return false;
  return now > connection.until_.load(std::memory_order_relaxed) ||
         (crowded && now - connection.since_.load(std::memory_order_relaxed) > nanoseconds(limits_.crowded_grace).count());
}

// Called with mutex_ held, which keeps the connections alive; only system calls that do not block are made.
void ConnectionWatch::look(bool draining) {
  const std::int64_t now = now_ns();
  std::unordered_map<std::uint64_t, Connection*> known;
  bool anything = full() || draining;
  for (Connection& connection : open_) {
    if (connection.peer_ != 0) known.emplace(connection.peer_, &connection);
    anything |= connection.peer_ == 0 || waits_too_long(connection, now, false);
  }
  if (!anything) return;
  std::vector<std::pair<Socket, std::uint64_t>> sockets;
  for (Socket& socket : sockets_at(local_.address, local_.port)) {
    if (const std::uint64_t peer = peer_of(socket.get()); peer != 0) sockets.emplace_back(std::move(socket), peer);
  }
  // More sockets than workers hold: somebody waits for a worker.
  const Moment moment{now, full() && sockets.size() > open_.size(), draining};
  std::size_t idle_to_end = std::max<std::size_t>(1, limits_.workers / 4);
  of_peer_.clear();
  for (auto& [peer, stranger] : strangers_) stranger.seen = false;
  for (const auto& [socket, peer] : sockets) {
    const auto found = known.find(peer);
    if (found == known.end()) {
      look_at_stranger(socket.get(), peer, moment);
    } else {
      ++of_peer_[static_cast<std::uint32_t>(peer >> 16)];
      look_at_known(socket.get(), *found->second, moment, idle_to_end);
    }
  }
  std::erase_if(strangers_, [](const auto& entry) { return !entry.second.seen; });
}

void ConnectionWatch::look_at_known(int socket, Connection& connection, const Moment& moment, std::size_t& idle_to_end) {
  const Wait waiting = connection.waiting_.load(std::memory_order_acquire);
  if (!(moment.draining && waiting == Wait::Idle) && !waits_too_long(connection, moment.now, moment.crowded)) return;
  const bool late = moment.now > connection.until_.load(std::memory_order_relaxed);
  if (waiting == Wait::Idle && !late && !moment.draining) {  // these do no harm once some worker is free: a few at a time
    if (idle_to_end == 0) return;
    --idle_to_end;
  }
  connection.ended_.store(true, std::memory_order_release);
  if (!moment.draining) ++(late ? counts_.timed_out : counts_.crowded_out);
  // A slow body still gets its answer (408); a peer that does not read can be told nothing.
  ::shutdown(socket, waiting == Wait::Body ? SHUT_RD : SHUT_RDWR);
}

void ConnectionWatch::look_at_stranger(int socket, std::uint64_t peer, const Moment& moment) {
  const auto address = static_cast<std::uint32_t>(peer >> 16);
  const bool too_many = ++of_peer_[address] > limits_.per_peer && !is_loopback(address);
  Stranger& stranger = strangers_[peer];
  stranger.seen = true;
  if (stranger.ended) return;
  if (too_many) {
    stranger.ended = true;
    ++counts_.peer_limit;
    ::shutdown(socket, SHUT_RDWR);
    return;
  }
  // A request that lies there complete waits for us, not we for it.
  if (!moment.draining && holds_whole_header(socket, limits_.header_bytes)) {
    stranger.since = 0;
    return;
  }
  if (stranger.since == 0) stranger.since = moment.now;
  const nanoseconds waited{moment.now - stranger.since};
  const bool late = waited > limits_.header_timeout;
  if (!late && !moment.draining && !(moment.crowded && waited > limits_.crowded_grace)) return;
  stranger.ended = true;
  if (!moment.draining) ++(late ? counts_.timed_out : counts_.crowded_out);
  ::shutdown(socket, SHUT_RD);
}

bool ConnectionWatch::drain(Monotonic until) {
  std::unique_lock lock(mutex_);
  while (!open_.empty()) {
    look(true);
    const Monotonic next = std::min(until, SystemClock::instance().monotonic() + kCrowdedTick);
    if (changed_.wait_until(lock, next, [this] { return open_.empty(); })) return true;
    if (SystemClock::instance().monotonic() >= until) return false;
  }
  return true;
}

void ConnectionWatch::shut_all() {
  const std::lock_guard lock(mutex_);
  for (Connection& connection : open_) connection.ended_.store(true, std::memory_order_release);
  // The listening socket too: civetweb's accepting thread looks at its stop flag only when something happens there.
  for (const Socket& socket : sockets_at(local_.address, local_.port)) ::shutdown(socket.get(), SHUT_RDWR);
}

std::uint64_t ConnectionWatch::received(const Connection& connection) const {
  const std::lock_guard lock(mutex_);
  for (const Socket& socket : sockets_at(local_.address, local_.port)) {
    if (peer_of(socket.get()) != connection.peer_) continue;
    tcp_info info{};
    socklen_t size = sizeof(info);
    return getsockopt(socket.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received : 0;
  }
  return 0;
}

ConnectionWatch::Counts ConnectionWatch::counts() const {
  const std::lock_guard lock(mutex_);
  Counts counts = counts_;
  counts.open = open_.size();
  return counts;
}

}  // namespace tocsin::wire
