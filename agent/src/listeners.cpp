// SPDX-License-Identifier: Apache-2.0
#include "agent/src/listeners.h"

#include <pthread.h>

#include <utility>

#include "agent/src/part_options.h"

namespace tocsin::agent {

using namespace std::chrono_literals;

namespace {

constexpr auto kRetryEvery = 3s;

struct StatsdKind {
  std::string StatsdConfig::*address;
  std::string StatsdSocketOptions::*option;
};
constexpr std::array<StatsdKind, 3> kStatsdKinds{{{&StatsdConfig::udp_listen, &StatsdSocketOptions::udp_listen},
                                                  {&StatsdConfig::tcp_listen, &StatsdSocketOptions::tcp_listen},
                                                  {&StatsdConfig::unix_socket, &StatsdSocketOptions::unix_socket}}};

// Apart from the address, and from what is done with what arrives.
bool same_server(const OtlpConfig& a, const OtlpConfig& b) {
  return a.allowed_hosts == b.allowed_hosts && a.workers == b.workers && a.max_request_bytes == b.max_request_bytes &&
         a.max_in_flight_bytes == b.max_in_flight_bytes && a.access == b.access && a.tls == b.tls;
}

std::string_view port_of(std::string_view address) { return address.substr(address.rfind(':') + 1); }

std::chrono::milliseconds of_grpc(std::chrono::nanoseconds timeout) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(timeout) / 2;
}

}  // namespace

Listeners::~Listeners() {
  close_receivers(1s);
  close_http();
}

template <class Each>
void Listeners::each_receiver(Each each) {
  each(otlp_http_);
  each(otlp_grpc_);
  for (StatsdListener& listener : statsd_) each(listener);
}

Result<void> Listeners::open(const Config& config) {
  {
    const std::lock_guard lock(receivers_mutex_);
    open_otlp_http(config.otlp);
    open_otlp_grpc(config.otlp);
    for (std::size_t kind = 0; kind < statsd_.size(); ++kind) open_statsd(config.statsd, kind);
  }
  // Last: whoever sees it ready finds all of it open. And before the thread, whose it is from then on.
  if (auto opened = open_http(config.http); !opened) return opened;
  if (retry()) start_thread();
  return {};
}

Result<void> Listeners::open_http(const HttpConfig& config) {
  auto opened = http_.open(http_options(config), handlers_.http);
  tell(http_.state());
  return opened;
}

template <class Server, class Options, class Handler>
void Listeners::open(Listener<Server>& listener, const Options& options, const Handler& handler) {
  listener.expect(options.listen);
  if (options.listen.empty()) return;
  (void)listener.open(options, handler);
  tell(listener.state());
}

void Listeners::open_otlp_http(const OtlpConfig& config) {
  open(otlp_http_, otlp_http_options(config), handlers_.otlp_http);
}

void Listeners::open_otlp_grpc(const OtlpConfig& config) {
  open(otlp_grpc_, otlp_grpc_options(config), handlers_.otlp_grpc);
}

void Listeners::open_statsd(const StatsdConfig& config, std::size_t kind) {
  open(statsd_[kind], StatsdServer::Options{config.*kStatsdKinds[kind].address, kStatsdKinds[kind].option},
       handlers_.statsd);
}

// What could not be opened is told and not ready; the rest runs.
void Listeners::tell(const ListenerState& state) {
  if (state.fault.empty()) {
    log_.info("listening", {{"listener", state.name}, {"address", state.address}});
  } else {
    log_.error("cannot listen", {{"listener", state.name}, {"address", state.address}, {"reason", state.fault}});
  }
}

void Listeners::apply(const Config& before, const Config& now) {
  if (http_next_) {
    const std::lock_guard lock(mutex_);
    http_changes_.push_back(*std::exchange(http_next_, std::nullopt));
  }
  {
    const std::lock_guard lock(receivers_mutex_);
    const bool same = same_server(before.otlp, now.otlp);
    if (!same || before.otlp.http_listen != now.otlp.http_listen) {
      otlp_http_.close();
      open_otlp_http(now.otlp);
    }
    if (!same || before.otlp.grpc_listen != now.otlp.grpc_listen) {
      otlp_grpc_.close(of_grpc(now.stop_timeout));
      open_otlp_grpc(now.otlp);
    }
    for (std::size_t kind = 0; kind < statsd_.size(); ++kind) {
      if (before.statsd.*kStatsdKinds[kind].address == now.statsd.*kStatsdKinds[kind].address) continue;
      statsd_[kind].close();
      open_statsd(now.statsd, kind);
    }
  }
  if (retry() || !(before.http == now.http)) start_thread();
}

// What was taken, or wrong with its files, may be right by now; only news is told. True while one still waits.
bool Listeners::retry() {
  bool waits = false;
  const std::lock_guard lock(receivers_mutex_);
  each_receiver([&](auto& listener) {
    const std::string fault = listener.state().fault;
    if (listener.retry() || listener.state().fault != fault) tell(listener.state());
    waits = waits || listener.waits();
  });
  return waits;
}

// Another port is taken before the old one is left. At the same port it is tried whether such a server can be at all.
Result<void> Listeners::prepare_http(const HttpConfig& before, const HttpConfig& now) {
  if (before == now) return {};
  wire::HttpServerOptions options = http_options(now);
  const bool same_port = port_of(before.listen) == port_of(now.listen);
  if (same_port) options.listen.resize(options.listen.rfind(':') + 1), options.listen += '0';
  auto server = wire::HttpServer::start(options, handlers_.http);
  if (!server) {
    const std::string why = with_hint("http", now.listen, server.error().message);
    return Error{server.error().fault, "http stays at " + before.listen + ": " + why};
  }
  if (same_port) server->reset();
  http_next_ = {before, now, std::move(*server)};
  return {};
}

void Listeners::move_http(HttpChange change) {
  if (change.opened) {
    const auto left = http_.replace(std::move(change.opened));
    tell(http_.state());
    if (left) left->stop();
    return;
  }
  http_.close();
  if (open_http(change.now)) return;
  log_.error("http stays as it was", {{"address", change.before.listen}});
  (void)open_http(change.before);
  handlers_.http_stays(change.before);
}

// There is something to do: for a thread that runs already, too.
void Listeners::start_thread() {
  {
    const std::lock_guard lock(mutex_);
    work_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  pthread_setname_np(thread_.native_handle(), "listeners");
}

void Listeners::run(const std::stop_token& stop) {
  bool waits = false;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto work = [this] { return work_; };
    if (waits) {
      wake_.wait_for(lock, stop, kRetryEvery, work);
    } else {
      wake_.wait(lock, stop, work);
    }
    work_ = false;
    auto changes = std::exchange(http_changes_, {});
    lock.unlock();
    for (HttpChange& change : changes) move_http(std::move(change));
    waits = retry();
    if (http_.retry()) tell(http_.state());
    waits = waits || http_.waits();
    lock.lock();
  }
}

void Listeners::stop_thread() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Listeners::close_receivers(std::chrono::nanoseconds timeout) {
  stop_thread();
  const std::lock_guard lock(receivers_mutex_);
  otlp_http_.close();
  otlp_grpc_.close(of_grpc(timeout));
  for (StatsdListener& listener : statsd_) listener.close();
}

void Listeners::close_http() {
  stop_thread();
  http_.close();
}

std::vector<ListenerState> Listeners::states() const {
  std::vector<ListenerState> states{http_.state()};
  const auto add = [&](ListenerState state) {
    if (!state.address.empty()) states.push_back(std::move(state));
  };
  add(otlp_http_.state());
  add(otlp_grpc_.state());
  for (const StatsdListener& listener : statsd_) add(listener.state());
  return states;
}

}  // namespace tocsin::agent
