// SPDX-License-Identifier: Apache-2.0
// Listeners: everything that the agent listens on, opened, closed and changed as a difference.
//
//   Listeners listeners(log, {.http = ..., .otlp_http = ..., .otlp_grpc = ..., .statsd = ...});
//   listeners.open_receivers(config);
//   if (auto opened = listeners.open_http(config.http); !opened) return opened.error();
//   if (auto can = listeners.prepare_http(before.http, now.http); !can) return can.error();    // a reload
//   listeners.apply(before, now);                                    // what did not change is not touched
//
// An optional listener that cannot be opened is told, by log and states(), and tried again every few seconds and at each
// reload; the rest runs.
// Threads: states() from any; the others from one owner. A thread of its own while one waits to be opened, and from the
// first reload on that changes [http].
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/config.h"
#include "agent/listener_state.h"
#include "agent/log.h"
#include "agent/src/listener.h"

namespace tocsin::agent {

class Listeners {
 public:
  struct Handlers {
    wire::HttpServer::Handler http, otlp_http;
    wire::GrpcHandler otlp_grpc;
    StatsdSockets::Handler statsd;
    // The page could not be moved after all, which only shows when the old place is left: it stays as it was.
    std::function<void(const HttpConfig& in_force)> http_stays;
  };

  Listeners(Log& log, Handlers handlers) : log_(log), handlers_(std::move(handlers)) {}
  ~Listeners();

  // Errors: Environment, when the page cannot listen there. A receiver that cannot is told, and tried again.
  Result<void> open(const Config& config);
  // Errors: as the server of the page says why it cannot be as `now` wants it; then nothing is to change.
  Result<void> prepare_http(const HttpConfig& before, const HttpConfig& now);
  // Requires: prepare_http() has agreed. The page moves once the request is answered that may have asked for it.
  void apply(const Config& before, const Config& now);

  // What was received is answered; gRPC calls get half the time.
  void close_receivers(std::chrono::nanoseconds timeout);
  void close_http();

  // One that is switched off is not spoken of.
  std::vector<ListenerState> states() const;

 private:
  struct HttpChange {
    HttpConfig before, now;
    std::unique_ptr<wire::HttpServer> opened;  // null: the port is the same, and must be left first
  };

  template <class Each>
  void each_receiver(Each each);
  template <class Server, class Options, class Handler>
  void open(Listener<Server>& listener, const Options& options, const Handler& handler);
  void open_otlp_http(const OtlpConfig& config);
  void open_otlp_grpc(const OtlpConfig& config);
  void open_statsd(const StatsdConfig& config, std::size_t kind);
  Result<void> open_http(const HttpConfig& config);
  bool retry();
  void move_http(HttpChange change);
  void start_thread();
  void stop_thread();
  void run(const std::stop_token& stop);
  void tell(const ListenerState& state);

  // Fixed after construction.
  Log& log_;
  const Handlers handlers_;

  HttpListener http_{"http"};  // of the owner until the thread starts, then the thread's

  mutable std::mutex receivers_mutex_;  // held while one of them is opened or closed
  HttpListener otlp_http_{"otlp/http"};
  GrpcListener otlp_grpc_{"otlp/grpc"};
  std::array<StatsdListener, 3> statsd_{StatsdListener{"statsd/udp"}, StatsdListener{"statsd/tcp"},
                                        StatsdListener{"statsd/unix"}};

  std::mutex mutex_;
  std::condition_variable_any wake_;
  // Guarded by mutex_.
  bool work_ = false;
  std::vector<HttpChange> http_changes_;

  // Of the owner.
  std::optional<HttpChange> http_next_;
  std::jthread thread_;
};

}  // namespace tocsin::agent
