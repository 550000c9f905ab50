// SPDX-License-Identifier: Apache-2.0
#include "wire/src/http_server_front.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace tocsin::wire {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBuffer = std::size_t{64} << 10;
constexpr int kTurns = 16;  // buffers that one connection may move before the others have their turn
constexpr milliseconds kFlushFor{1'000};
constexpr milliseconds kLongestWait{1'000};

Monotonic now() noexcept { return SystemClock::instance().monotonic(); }

sockaddr_in loopback(int port) noexcept {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int port_of(int socket) noexcept {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void send_without_delay(int socket) noexcept {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

// Bytes on their way in one direction: appended at the end, taken from the front.
class Pipe {
 public:
  std::string& tail() noexcept { return bytes_; }
  std::string_view front() const noexcept { return std::string_view(bytes_).substr(taken_); }
  std::size_t room() const noexcept { return kBuffer > bytes_.size() ? kBuffer - bytes_.size() : 0; }
  bool empty() const noexcept { return taken_ == bytes_.size(); }
  void take(std::size_t count) {
    taken_ += count;
    if (taken_ == bytes_.size()) bytes_.clear(), taken_ = 0;
  }

 private:
  std::string bytes_;
  std::size_t taken_ = 0;
};

}  // namespace

struct TlsFront::Tunnel {
  enum class Stage : std::uint8_t { Handshake, Header, Open };

  Descriptor client;
  Descriptor backend;
  std::unique_ptr<TlsSession> tls;
  std::uint32_t address = 0;  // network order
  Peer peer;
  Monotonic opening_until;
  Stage stage = Stage::Handshake;
  Pipe up;    // to the backend
  Pipe down;  // to the client
  bool client_ended = false;
  bool backend_ended = false;
  bool tls_wants_write = false;
  int loopback_port = 0;
};

Result<std::unique_ptr<TlsFront>> TlsFront::open(std::shared_ptr<const TlsContext> context, const std::string& host,
                                                 std::uint16_t port, Limits limits, std::string thread_name) {
  const auto fault = [&] {
    return Error{Fault::Environment, "cannot listen on " + host + ":" + std::to_string(port) + ": " + std::strerror(errno)};
  };
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  Descriptor wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!listener.open() || !wake.open()) return fault();
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address = loopback(port);
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return fault();
  if (::listen(listener.get(), 511) != 0) return fault();
  const int bound = port_of(listener.get());
  return std::unique_ptr<TlsFront>(
      new TlsFront(std::move(context), std::move(listener), std::move(wake), bound, limits, std::move(thread_name)));
}

TlsFront::TlsFront(std::shared_ptr<const TlsContext> context, Descriptor listener, Descriptor wake, int port,
                   Limits limits, std::string thread_name)
    : context_(std::move(context)),
      listener_(std::move(listener)),
      wake_(std::move(wake)),
      port_(port),
      limits_(limits),
      thread_name_(std::move(thread_name)) {}

TlsFront::~TlsFront() { stop(); }

void TlsFront::run(int backend_port) {
  backend_port_ = backend_port;
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void TlsFront::ring() noexcept { eventfd_write(wake_.get(), 1); }

void TlsFront::close_door() {
  door_open_ = false;
  ring();
}

void TlsFront::stop() {
  close_door();
  thread_.request_stop();
  ring();
  if (thread_.joinable()) thread_.join();
}

std::optional<TlsFront::Peer> TlsFront::peer_behind(int loopback_port) const {
  const std::lock_guard lock(mutex_);
  const auto found = peers_.find(loopback_port);
  if (found == peers_.end()) return std::nullopt;
  return found->second;
}

TlsFront::Counts TlsFront::counts() const noexcept {
  return {handshakes_failed_.load(), timed_out_.load(), crowded_out_.load(), peer_limit_.load()};
}

void TlsFront::loop(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), thread_name_.substr(0, 15).c_str());
  sigset_t pipe;  // OpenSSL writes without MSG_NOSIGNAL
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  std::optional<Monotonic> flush_until;
  for (;;) {
    const bool accepting = door_open_.load();
    if (accepting) {
      accept_all();
    } else {
      ::shutdown(listener_.get(), SHUT_RDWR);
    }
    Monotonic next = now() + kLongestWait;
    for (auto tunnel = tunnels_.begin(); tunnel != tunnels_.end();) {
      const Outcome outcome = advance(*tunnel);
      const bool opening = tunnel->stage != Tunnel::Stage::Open;
      if (outcome == Outcome::Over || (!accepting && opening)) {
        forget(*tunnel);
        tunnel = tunnels_.erase(tunnel);
        continue;
      }
      if (opening) next = std::min(next, tunnel->opening_until);
      if (outcome == Outcome::MoreNow) next = now();
      ++tunnel;
    }
    if (stop.stop_requested() && !flush_until) flush_until = now() + kFlushFor;
    if (flush_until && (tunnels_.empty() || now() >= *flush_until)) break;
    wait_for_events(accepting, flush_until ? std::min(next, *flush_until) : next);
  }
  for (Tunnel& tunnel : tunnels_) forget(tunnel);
  tunnels_.clear();
}

void TlsFront::wait_for_events(bool accepting, Monotonic until) {
  polled_.clear();
  polled_.push_back({wake_.get(), POLLIN, 0});
  if (accepting) polled_.push_back({listener_.get(), POLLIN, 0});
  for (const Tunnel& t : tunnels_) {
    short client = 0;
    if (!t.client_ended && t.up.room() > 0) client |= POLLIN;
    if (t.tls_wants_write) client |= POLLOUT;
    if (client != 0) polled_.push_back({t.client.get(), client, 0});
    if (!t.backend.open()) continue;
    short backend = 0;
    if (!t.backend_ended && t.down.room() > 0) backend |= POLLIN;
    if (!t.up.empty()) backend |= POLLOUT;
    if (backend != 0) polled_.push_back({t.backend.get(), backend, 0});
  }
  const auto left = std::chrono::ceil<milliseconds>(until - now()).count();
  ::poll(polled_.data(), polled_.size(), static_cast<int>(std::max<std::int64_t>(0, left)));
  eventfd_t rung = 0;
  eventfd_read(wake_.get(), &rung);
}

void TlsFront::accept_all() {
  for (;;) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    Descriptor client(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client.open()) return;
    if (!make_way(address.sin_addr.s_addr)) continue;
    send_without_delay(client.get());
    char text[INET_ADDRSTRLEN] = {};
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
    Tunnel& tunnel = tunnels_.emplace_back();
    tunnel.tls = context_->session(client.get());
    tunnel.client = std::move(client);
    tunnel.address = address.sin_addr.s_addr;
    tunnel.peer = {text, ntohs(address.sin_port), false};
    tunnel.opening_until = now() + limits_.opening_timeout;
  }
}

// Room for one more from there: too many of one peer are refused; when all places are taken, who has been opening for the
// longest gives way.
bool TlsFront::make_way(std::uint32_t address) {
  const auto of_peer = std::count_if(tunnels_.begin(), tunnels_.end(), [&](const Tunnel& t) { return t.address == address; });
  if (ntohl(address) >> 24 != 127 && of_peer >= limits_.per_peer) {
    ++peer_limit_;
    return false;
  }
  if (tunnels_.size() < limits_.connections) return true;
  const auto opening = std::find_if(tunnels_.begin(), tunnels_.end(),
                                    [](const Tunnel& t) { return t.stage != Tunnel::Stage::Open; });
  ++crowded_out_;
  if (opening == tunnels_.end()) return false;
  tunnels_.erase(opening);
  return true;
}

TlsFront::Outcome TlsFront::advance(Tunnel& tunnel) {
  tunnel.tls_wants_write = false;
  if (tunnel.stage != Tunnel::Stage::Open) {
    if (open_up(tunnel) == Outcome::Over) return Outcome::Over;
    if (tunnel.stage != Tunnel::Stage::Open) return Outcome::GoOn;
  }
  int turn = 0;
  while (turn < kTurns && pump(tunnel)) ++turn;
  if (tunnel.backend_ended && tunnel.down.empty()) {
    tunnel.tls->end();
    return Outcome::Over;
  }
  // OpenSSL may hold bytes that poll() does not see.
  return turn == kTurns ? Outcome::MoreNow : Outcome::GoOn;
}

// Handshake, then the first header, within one deadline.
TlsFront::Outcome TlsFront::open_up(Tunnel& tunnel) {
  if (now() >= tunnel.opening_until) {
    ++timed_out_;
    return Outcome::Over;
  }
  if (tunnel.stage == Tunnel::Stage::Handshake) {
    const TlsStep step = tunnel.tls->handshake();
    if (step == TlsStep::Ended) {
      ++handshakes_failed_;
      return Outcome::Over;
    }
    tunnel.tls_wants_write = step == TlsStep::WantWrite;
    if (step != TlsStep::Done) return Outcome::GoOn;
    tunnel.peer.certified = tunnel.tls->peer_certified();
    tunnel.stage = Tunnel::Stage::Header;
  }
  while (read_client(tunnel)) {
  }
  const std::string_view header = tunnel.up.front();
  const bool whole = header.find("\r\n\r\n") != std::string_view::npos || header.find("\n\n") != std::string_view::npos ||
                     header.size() >= limits_.header_bytes;
  if (!whole) return tunnel.client_ended ? Outcome::Over : Outcome::GoOn;
  if (!connect_backend(tunnel)) return Outcome::Over;
  tunnel.stage = Tunnel::Stage::Open;
  return Outcome::GoOn;
}

bool TlsFront::connect_backend(Tunnel& tunnel) {
  Descriptor backend(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!backend.open()) return false;
  // Bound first: the backend must be able to ask for the peer before connect() returns here.
  const sockaddr_in any = loopback(0);
  if (::bind(backend.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0) return false;
  send_without_delay(backend.get());
  tunnel.loopback_port = port_of(backend.get());
  {
    const std::lock_guard lock(mutex_);
    peers_[tunnel.loopback_port] = tunnel.peer;
  }
  const sockaddr_in to = loopback(backend_port_);
  if (::connect(backend.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0 && errno != EINPROGRESS) {
    return false;
  }
  tunnel.backend = std::move(backend);
  return true;
}

// One buffer each way; whether anything moved.
bool TlsFront::pump(Tunnel& tunnel) {
  bool moved = read_client(tunnel);
  moved |= write_backend(tunnel);
  moved |= read_backend(tunnel);
  moved |= write_client(tunnel);
  return moved;
}

bool TlsFront::read_client(Tunnel& tunnel) {
  if (tunnel.client_ended || tunnel.up.room() == 0) return false;
  const TlsStep step = tunnel.tls->read(tunnel.up.tail(), tunnel.up.room());
  tunnel.tls_wants_write |= step == TlsStep::WantWrite;
  if (step == TlsStep::Ended) {
    tunnel.client_ended = true;
    if (tunnel.up.empty() && tunnel.backend.open()) ::shutdown(tunnel.backend.get(), SHUT_WR);
  }
  return step == TlsStep::Done;
}

bool TlsFront::write_backend(Tunnel& tunnel) {
  if (tunnel.up.empty()) return false;
  const std::string_view bytes = tunnel.up.front();
  const ssize_t sent = ::send(tunnel.backend.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent <= 0) {
    // Still connecting, or full; when it is broken, reading it tells.
    if (sent < 0 && errno != EAGAIN && errno != ENOTCONN) tunnel.up.take(bytes.size());
    return false;
  }
  tunnel.up.take(static_cast<std::size_t>(sent));
  if (tunnel.up.empty() && tunnel.client_ended) ::shutdown(tunnel.backend.get(), SHUT_WR);
  return true;
}

bool TlsFront::read_backend(Tunnel& tunnel) {
  char buffer[kBuffer];
  const std::size_t room = tunnel.down.room();
  if (tunnel.backend_ended || room == 0) return false;
  const ssize_t got = ::recv(tunnel.backend.get(), buffer, room, 0);
  if (got > 0) tunnel.down.tail().append(buffer, static_cast<std::size_t>(got));
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != ENOTCONN)) tunnel.backend_ended = true;
  return got > 0;
}

bool TlsFront::write_client(Tunnel& tunnel) {
  if (tunnel.down.empty()) return false;
  std::size_t taken = 0;
  const TlsStep step = tunnel.tls->write(tunnel.down.front(), taken);
  tunnel.tls_wants_write |= step == TlsStep::WantWrite;
  if (step == TlsStep::Ended) {
    // Nobody reads any more: what the backend still says goes nowhere, and it must notice.
    tunnel.client_ended = tunnel.backend_ended = true;
    tunnel.down.take(tunnel.down.front().size());
    return false;
  }
  tunnel.down.take(taken);
  return step == TlsStep::Done;
}

void TlsFront::forget(Tunnel& tunnel) {
  if (tunnel.loopback_port == 0) return;
  const std::lock_guard lock(mutex_);
  peers_.erase(tunnel.loopback_port);
}

}  // namespace tocsin::wire
