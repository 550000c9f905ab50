// SPDX-License-Identifier: Apache-2.0
// Closes connections that keep a worker waiting for their peer too long.
//
// civetweb has a thread a connection, and its timeouts start again at each read, so a client that sends a byte now and
// then holds a worker as long as it likes. Here a worker says when it waits for its peer and until when; one thread looks,
// and ends an overdue wait by shutting the socket down, which wakes the worker at once. While every worker is taken and
// somebody waits for one (crowded), a wait may last only crowded_grace. Before the first header is complete civetweb does not even say who the
// peer is, and does not tell sockets at all: so they are found among our descriptors by their local and peer address. One
// that no request has come from yet is a stranger, and waits unless a whole header lies in its receive buffer.
//
// Threads: thread-safe; a Connection's wait() and resume() belong to its worker. Costs two stores a wait; the thread
// sleeps while no connection is open.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "meters/base/clock.h"

namespace tocsin::wire {

class ConnectionWatch {
 public:
  enum class Wait : std::uint8_t { None, Body, Idle, Answer };  // Idle: between two requests

  class Connection {
   public:
    // The worker is about to block for its peer, at most until then.
    void wait(Wait what, Monotonic until) noexcept;
    void resume() noexcept { waiting_.store(Wait::None, std::memory_order_release); }
    // The watch ended it.
    bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }
    bool identified() const noexcept { return identified_; }

   private:
    friend class ConnectionWatch;
    std::uint64_t peer_ = 0;   // guarded by the watch's mutex; 0: not known yet
    bool identified_ = false;  // worker only
    std::atomic<Wait> waiting_{Wait::None};
    std::atomic<std::int64_t> since_{0};
    std::atomic<std::int64_t> until_{0};
    std::atomic<bool> ended_{false};
  };

  struct Limits {
    unsigned workers;
    unsigned per_peer;  // not for loopback peers
    std::size_t header_bytes;
    std::chrono::milliseconds header_timeout;
    std::chrono::milliseconds crowded_grace;
  };
  struct Counts {
    std::uint64_t open, timed_out, crowded_out, peer_limit;
  };

  ConnectionWatch(Limits limits, std::string thread_name);
  ~ConnectionWatch();

  // The listening address; before it is set nothing can be closed. Requires: an IPv4 address.
  void set_local(const std::string& address, int port);

  // A worker took a connection; the reference is valid until close().
  Connection& open();
  // Its peer is known.
  void identify(Connection& connection, const char* peer_address, int peer_port);
  void close(Connection& connection);
  // Bytes that its peer has sent since it came; 0: the system does not tell. Costs a look at every descriptor.
  std::uint64_t received(const Connection& connection) const;

  // Ends what waits without a request, now and as it comes. True when all connections were closed by then.
  bool drain(Monotonic until);
  // Ends every connection, whatever it does, and stops listening.
  void shut_all();

  Counts counts() const;

 private:
  struct Local {
    std::uint32_t address = 0;  // network order; zero is any
    std::uint16_t port = 0;
  };
  struct Moment {
    std::int64_t now;
    bool crowded;
    bool draining;
  };
  struct Stranger {
    std::int64_t since = 0;  // waits from then on; 0: a whole header has come
    bool seen = false;       // in the present look
    bool ended = false;
  };

  void run(const std::stop_token& stop);
  void look(bool draining);
  bool waits_too_long(const Connection& connection, std::int64_t now, bool crowded) const;
  void look_at_known(int socket, Connection& connection, const Moment& moment, std::size_t& idle_to_end);
  void look_at_stranger(int socket, std::uint64_t peer, const Moment& moment);
  bool full() const { return open_.size() >= limits_.workers; }

  const Limits limits_;
  const std::string thread_name_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Connection> open_;  // guarded by mutex_, as all below
  std::map<std::uint64_t, Stranger> strangers_;
  std::map<std::uint32_t, unsigned> of_peer_;  // connections by peer address, in the present look
  Local local_;
  bool asleep_ = false;
  Counts counts_{};

  std::jthread thread_;  // last: it uses the members above
};

}  // namespace tocsin::wire
