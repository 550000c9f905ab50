// SPDX-License-Identifier: Apache-2.0
// GrpcListener: the listening sockets of a GrpcServer, which accepts for grpc and keeps the number of connections bounded.
//
//   auto listener = GrpcListener::bind("127.0.0.1:0", 1'024);
//   (*listener)->start([&](int fd) { hand_to_grpc(fd); }, "grpc-accept");
//   (*listener)->stop();
//
// grpc 1.51 accepts by itself too, but stops for ever when descriptors run out, knows no limit, and shares a port with
// a second process or one of two addresses silently. Here the connection that was silent for longest makes room.
// Threads: stop and close_all from any; the callback runs on the listener's own thread. Costs one thread that sleeps.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "meters/base/result.h"

namespace tocsin::wire {

class GrpcListener {
 public:
  // Binds every address that the host stands for; with port 0 all get the same free port.
  // Errors: Configuration when it is not "host:port", Environment with the address and the system's reason.
  static Result<std::unique_ptr<GrpcListener>> bind(std::string_view listen, std::size_t max_connections);

  ~GrpcListener();
  GrpcListener(const GrpcListener&) = delete;
  GrpcListener& operator=(const GrpcListener&) = delete;

  // From now on connections go to `accept`, which owns the descriptor. Requires: called once.
  void start(std::function<void(int fd)> accept, const std::string& thread_name);

  // Closes the listening sockets; connections stay. Safe twice and without start.
  void stop();

  // Ends every connection, as if its peer had.
  void close_all();

  std::uint16_t port() const noexcept { return port_; }
  std::uint64_t accepted() const noexcept { return accepted_.load(std::memory_order_relaxed); }
  std::uint64_t crowded_out() const noexcept { return crowded_out_.load(std::memory_order_relaxed); }

 private:
  // A connection is owned by grpc; it is known here by descriptor and peer, since a descriptor alone may be used again.
  struct Connection {
    int fd;
    sockaddr_storage peer;
    socklen_t peer_size;
  };

  explicit GrpcListener(std::size_t max_connections) : max_connections_(max_connections) {}
  Result<void> bind_all(std::string_view listen, const std::string& host, std::uint16_t port);
  void run();
  void accept_from(int listen_fd);
  void admit(Connection connection);
  void make_room(std::size_t full);
  bool pin(const Connection& known);
  void unpin();
  void end(const Connection& known);
  void pause();

  // Fixed after start.
  const std::size_t max_connections_;
  std::vector<int> sockets_;
  int wake_fd_ = -1;
  int pin_fd_ = -1;  // what it stands for is guarded by mutex_
  std::uint16_t port_ = 0;
  std::function<void(int)> accept_;

  // Own synchronisation.
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> crowded_out_{0};

  std::mutex mutex_;
  std::vector<Connection> connections_;  // guarded by mutex_; some may have ended
  std::jthread thread_;
};

}  // namespace tocsin::wire
