// SPDX-License-Identifier: Apache-2.0
// TLS in front of a loopback listener, because civetweb 1.15 cannot do it with OpenSSL 3 (its first connection crashes).
//
//   client ==TLS==> TlsFront ==TCP, 127.0.0.1==> civetweb
//
// A connection reaches civetweb only when its handshake is done and its first header is there. civetweb asks the front, by
// the loopback port, who the peer is; a connection that did not come through the front has none, and is refused.
//
// Threads: thread-safe; one thread of its own moves all bytes. Costs: two more copies of what is sent, and up to 128 KiB a
// connection.
#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "meters/base/clock.h"
#include "meters/base/result.h"
#include "wire/descriptor.h"
#include "wire/http_server.h"
#include "wire/src/http_server_tls.h"

namespace tocsin::wire {

class TlsFront {
 public:
  struct Peer {
    std::string address;
    int port = 0;
    bool certified = false;  // it showed a certificate that the client CA signed
  };
  struct Limits {
    std::size_t connections;
    unsigned per_peer;  // not for loopback peers
    std::size_t header_bytes;
    std::chrono::milliseconds opening_timeout;  // handshake and first header together
  };
  struct Counts {
    std::uint64_t handshakes_failed, timed_out, crowded_out, peer_limit;
  };

  // Binds and listens, but takes no connection before run(). Errors: Environment, "cannot listen on ...".
  static Result<std::unique_ptr<TlsFront>> open(std::shared_ptr<const TlsContext> context, const std::string& host,
                                                std::uint16_t port, Limits limits, std::string thread_name);
  ~TlsFront();

  int port() const noexcept { return port_; }
  // Starts to pass connections on to 127.0.0.1:backend_port.
  void run(int backend_port);
  // Takes no more connections, and ends those without a request; the others go on.
  void close_door();
  // Sends what is left within a second, then ends every connection. Safe twice, and without run().
  void stop();

  // Who is behind a loopback port; nobody, when it is not the front's.
  std::optional<Peer> peer_behind(int loopback_port) const;
  Counts counts() const noexcept;

 private:
  struct Tunnel;
  enum class Outcome : std::uint8_t { GoOn, MoreNow, Over };  // MoreNow: it had its turn, and has more to move

  TlsFront(std::shared_ptr<const TlsContext> context, Descriptor listener, Descriptor wake, int port, Limits limits,
           std::string thread_name);

  void loop(const std::stop_token& stop);
  void wait_for_events(bool accepting, Monotonic until);
  void accept_all();
  bool make_way(std::uint32_t address);
  Outcome advance(Tunnel& tunnel);
  Outcome open_up(Tunnel& tunnel);
  bool connect_backend(Tunnel& tunnel);
  bool pump(Tunnel& tunnel);
  bool read_client(Tunnel& tunnel);
  bool write_backend(Tunnel& tunnel);
  bool read_backend(Tunnel& tunnel);
  bool write_client(Tunnel& tunnel);
  void forget(Tunnel& tunnel);
  void ring() noexcept;

  const std::shared_ptr<const TlsContext> context_;
  const Descriptor listener_;
  const Descriptor wake_;
  const int port_;
  const Limits limits_;
  const std::string thread_name_;

  int backend_port_ = 0;  // its thread only, as the next two
  std::list<Tunnel> tunnels_;
  std::vector<pollfd> polled_;

  mutable std::mutex mutex_;
  std::map<int, Peer> peers_;  // guarded by mutex_: by loopback port

  std::atomic<bool> door_open_{true};
  std::atomic<std::uint64_t> handshakes_failed_{0}, timed_out_{0}, crowded_out_{0}, peer_limit_{0};

  std::jthread thread_;  // last: it uses the members above
};

}  // namespace tocsin::wire
