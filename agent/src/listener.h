// SPDX-License-Identifier: Apache-2.0
// Listener: one server of the agent, by HTTP, gRPC or StatsD: open or not, and if not, why.
//
//   HttpListener listener("otlp/http");
//   if (auto opened = listener.open(options, handler); !opened) ...  // listener.state().fault says why, and whom to ask
//   if (listener.retry()) ...                                        // it was not open, and now it is
//
// Threads: open, retry, replace and close from one at a time; state() from any.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "agent/listener_state.h"
#include "agent/receivers/statsd_sockets.h"
#include "meters/base/result.h"
#include "wire/grpc_server.h"
#include "wire/http_server.h"

namespace tocsin::agent {

// "127.0.0.1:4317 is taken (Address already in use): `ss -ltnp sport = :4317` names who has it". Of a listener of that name.
std::string with_hint(const std::string& name, const std::string& address, const std::string& fault);

// By the words of tocsin_listener_refused_total.
Refusals refusals(const wire::HttpServerStats& stats);
Refusals refusals(const wire::GrpcServerStats& stats);
Refusals refusals(const StatsdSocketStats& stats);
void add_to(Refusals& all, const Refusals& more);

template <class Server>
class Listener {
 public:
  explicit Listener(std::string name) { state_.name = std::move(name); }

  // Until it is opened it is not ready. An empty address: it will not be opened, and is not spoken of.
  void expect(const std::string& address) {
    const std::lock_guard lock(mutex_);
    state_.address = address;
    state_.fault = address.empty() ? "" : "not open yet";
  }

  template <class Options, class Handler>
  Result<void> open(Options options, Handler handler) {
    expect(options.listen);
    start_ = [options = std::move(options), handler = std::move(handler)] { return Server::start(options, handler); };
    return try_to_open();
  }

  // Once more as open() was told, where that failed. True when it serves now.
  bool retry() {
    if (!start_ || state().fault.empty()) return false;
    return static_cast<bool>(try_to_open());
  }

  // `server` serves in place of the one before, which is given back to be stopped.
  std::unique_ptr<Server> replace(std::unique_ptr<Server> server) {
    start_ = nullptr;
    const std::lock_guard lock(mutex_);
    std::swap(server, server_);
    if (server) add_to(state_.refused, refusals(server->stats()));
    state_.address = server_->address();
    state_.fault.clear();
    return server;
  }

  // `how`: what the server's stop() takes.
  template <class... How>
  void close(How... how) {
    start_ = nullptr;
    std::unique_ptr<Server> server;
    Refusals before;
    {
      const std::lock_guard lock(mutex_);
      server = std::move(server_);
      if (!server) return;
      state_.fault = "closed";
      before = state_.refused;
      add_to(state_.refused, refusals(server->stats()));
    }
    server->stop(how...);
    add_to(before, refusals(server->stats()));  // with those of its last moments
    const std::lock_guard lock(mutex_);
    state_.refused = std::move(before);
  }

  // Still to be opened: retry() may do it.
  bool waits() const { return start_ && !state().fault.empty(); }

  ListenerState state() const {
    const std::lock_guard lock(mutex_);
    ListenerState state = state_;
    if (server_) add_to(state.refused, refusals(server_->stats()));
    return state;
  }

 private:
  Result<void> try_to_open() {
    auto server = start_();
    const std::lock_guard lock(mutex_);
    if (!server) {
      state_.fault = with_hint(state_.name, state_.address, server.error().message);
      return Error{server.error().fault, state_.fault};
    }
    server_ = std::move(*server);
    state_.address = server_->address();
    state_.fault.clear();
    return {};
  }

  std::function<Result<std::unique_ptr<Server>>()> start_;  // of whoever opens and closes; empty: it is not wanted

  mutable std::mutex mutex_;
  std::unique_ptr<Server> server_;  // guarded by mutex_
  ListenerState state_;             // guarded by mutex_; refused: by servers that are closed
};

// One socket of StatsD, so that one that cannot be opened holds up none of the others.
class StatsdServer {
 public:
  struct Options {
    std::string listen;
    std::string StatsdSocketOptions::*kind;
  };
  static Result<std::unique_ptr<StatsdServer>> start(const Options& options, const StatsdSockets::Handler& handler);
  std::string address() const { return sockets_->states().front().address; }
  StatsdSocketStats stats() const { return sockets_->stats(); }
  void stop() { sockets_->stop(); }

 private:
  explicit StatsdServer(std::unique_ptr<StatsdSockets> sockets) : sockets_(std::move(sockets)) {}
  std::unique_ptr<StatsdSockets> sockets_;
};

using HttpListener = Listener<wire::HttpServer>;
using GrpcListener = Listener<wire::GrpcServer>;
using StatsdListener = Listener<StatsdServer>;

}  // namespace tocsin::agent
