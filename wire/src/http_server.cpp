// SPDX-License-Identifier: Apache-2.0
// The one place that knows civetweb.
#include "wire/http_server.h"

#include <civetweb.h>
#include <pthread.h>

#include <array>
#include <charconv>
#include <mutex>

#include "wire/src/http_server_exchange.h"
#include "wire/src/http_server_front.h"
#include "wire/src/http_server_watch.h"

namespace tocsin::wire {
namespace {

using std::chrono::milliseconds;
using Cause = HttpRefusal::Cause;
using Wait = ConnectionWatch::Wait;

struct Address {
  std::string host;
  std::uint16_t port = 0;
};

Result<Address> parse_listen(const std::string& listen) {
  const auto fault = [&](Fault kind, std::string_view why) {
    return Error{kind, "cannot listen on " + listen + ": " + std::string(why)};
  };
  const auto [host, port] = split_host_port(listen);
  Address address{std::string(host)};
  if (host.find(':') != std::string_view::npos) {
    return fault(Fault::Unsupported, "the HTTP library of this build has no IPv6; use an IPv4 address");
  }
  if (host == "localhost") address.host = "127.0.0.1";
  if (!is_ip_address(address.host)) return fault(Fault::Configuration, "write an IPv4 address and a port, as 127.0.0.1:9464");
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc{} || end != port.data() + port.size()) {
    return fault(Fault::Configuration, "the port must be a number from 0 to 65535");
  }
  return address;
}

class CivetServer final : public HttpServer {
 public:
  CivetServer(HttpServerOptions options, Handler handler, const Address& address)
      : service_(std::move(options), std::move(handler), address.host),
        host_(address.host),
        watch_({service_.options.workers, peer_limit(service_.options), service_.options.max_header_bytes,
                service_.options.header_timeout, service_.options.crowded_grace},
               service_.options.thread_name + "-watch") {}
  ~CivetServer() override { stop(); }

  Result<void> open(const Address& address);
  Result<void> open_front(const Address& address);
  Result<void> start_civetweb(const Address& address);
  void stop() override;
  int port() const override { return port_; }
  std::string address() const override { return host_ + ":" + std::to_string(port_); }
  HttpServerStats stats() const override;

 private:
  static unsigned peer_limit(const HttpServerOptions& options) {
    return options.max_connections_per_peer != 0 ? options.max_connections_per_peer
                                                 : std::max(1u, options.workers * 3 / 4);
  }
  static CivetServer& of(const mg_connection* connection) {
    return *static_cast<CivetServer*>(mg_get_user_context_data(connection));
  }
  static ConnectionWatch::Connection& watched(const mg_connection* connection) {
    return *static_cast<ConnectionWatch::Connection*>(mg_get_user_connection_data(connection));
  }

  void identify(const mg_connection* connection);
  int refuse(mg_connection* connection, HttpRequest request, HttpRefusal refusal);
  bool find_peer(const mg_request_info& info, HttpRequest& request) const;

  // civetweb calls these, on its threads.
  static void* on_thread(const mg_context* context, int type);
  static int on_open(const mg_connection* connection, void** data);
  static void on_close(const mg_connection* connection);
  static int on_request(mg_connection* connection);
  static void on_request_end(const mg_connection* connection, int status);
  static int on_error(mg_connection* connection, int status, const char* text);
  static int on_log(const mg_connection* connection, const char* text);

  HttpService service_;
  const std::string host_;
  ConnectionWatch watch_;
  std::unique_ptr<TlsFront> front_;  // null without TLS; fixed after open()
  std::atomic<unsigned> threads_{0};

  int port_ = 0;          // fixed after open()
  std::string start_log_;  // written while open() runs civetweb's start, on the same thread

  std::mutex stop_mutex_;
  mg_context* context_ = nullptr;  // guarded by stop_mutex_
};

// The bytes of one civetweb connection, with the watch told of every wait.
class CivetTransport final : public HttpTransport {
 public:
  CivetTransport(mg_connection* connection, ConnectionWatch::Connection& watched)
      : connection_(connection), watched_(watched) {}

  std::int64_t read(char* into, std::size_t size, Monotonic until) override {
    watched_.wait(Wait::Body, until);
    const int got = mg_read(connection_, into, size);
    watched_.resume();
    return got;
  }
  bool write(std::string_view bytes, Monotonic until) override {
    watched_.wait(Wait::Answer, until);
    const int sent = mg_write(connection_, bytes.data(), bytes.size());
    watched_.resume();
    return sent >= 0 && static_cast<std::size_t>(sent) == bytes.size();
  }
  bool timed_out() const override { return watched_.ended(); }
  void close_after_answer() override { mg_disable_connection_keep_alive(connection_); }

 private:
  mg_connection* connection_;
  ConnectionWatch::Connection& watched_;
};

Result<void> CivetServer::open(const Address& address) {
  if (!service_.options.tls.enabled()) {
    if (auto started = start_civetweb(address); !started) return started;
    watch_.set_local(host_, port_);
    return {};
  }
  if (auto opened = open_front(address); !opened) return opened;
  if (auto started = start_civetweb({"127.0.0.1", 0}); !started) return started;
  watch_.set_local("127.0.0.1", port_);
  front_->run(port_);
  port_ = front_->port();
  return {};
}

Result<void> CivetServer::open_front(const Address& address) {
  const HttpServerOptions& o = service_.options;
  auto context = TlsContext::make(o.tls);
  if (!context) return Error{context.error().fault, "cannot listen on " + o.listen + ": " + context.error().message};
  const TlsFront::Limits limits{std::max<std::size_t>(64, o.workers * std::size_t{4}), peer_limit(o), o.max_header_bytes,
                                o.header_timeout};
  auto front = TlsFront::open(*context, address.host, address.port, limits, o.thread_name + "-tls");
  if (!front) return front.error();
  front_ = std::move(*front);
  return {};
}

Result<void> CivetServer::start_civetweb(const Address& address) {
  static std::once_flag initialized;
  std::call_once(initialized, [] { mg_init_library(MG_FEATURES_DEFAULT); });

  mg_callbacks callbacks{};
  callbacks.init_thread = on_thread;
  callbacks.init_connection = on_open;
  callbacks.connection_close = on_close;
  callbacks.begin_request = on_request;
  callbacks.end_request = on_request_end;
  callbacks.http_error = on_error;
  callbacks.log_message = on_log;  // log_access stays unset: civetweb would format a line with localtime(), a data race

  const HttpServerOptions& o = service_.options;
  const std::string listen = address.host + ":" + std::to_string(address.port);
  const std::string workers = std::to_string(o.workers);
  const std::string header_bytes = std::to_string(o.max_header_bytes);
  // The watch keeps the deadlines; civetweb's own lie behind them.
  const std::string request_ms = std::to_string((o.total_timeout + o.header_timeout).count());
  const std::string idle_ms = std::to_string(o.idle_timeout.count());
  const char* settings[] = {"listening_ports", listen.c_str(), "num_threads", workers.c_str(),
                            "connection_queue", "64", "listen_backlog", "511", "tcp_nodelay", "1",
                            "max_request_size", header_bytes.c_str(), "request_timeout_ms", request_ms.c_str(),
                            "enable_keep_alive", "yes", "keep_alive_timeout_ms", idle_ms.c_str(),
                            "decode_url", "no", "enable_auth_domain_check", "no", nullptr};
  unsigned code = 0;
  std::array<char, 256> text{};
  mg_error_data failure{&code, text.data(), text.size()};
  mg_init_data init{&callbacks, this, settings};
  context_ = mg_start2(&init, &failure);
  if (context_ == nullptr) {
    // civetweb logs "cannot bind to 127.0.0.1:80: 13 (Permission denied)".
    const std::size_t open = start_log_.find('(');
    const std::size_t close = start_log_.find(')');
    const bool has_reason = close != std::string::npos && open < close;
    const std::string why = has_reason ? start_log_.substr(open + 1, close - open - 1)
                                       : start_log_;
    return Error{Fault::Environment, "cannot listen on " + o.listen + ": " + why};
  }
  mg_server_port bound{};
  if (mg_get_server_ports(context_, 1, &bound) != 1) return Error{Fault::Environment, "no port on " + o.listen};
  port_ = bound.port;
  return {};
}

void CivetServer::stop() {
  const std::lock_guard lock(stop_mutex_);
  if (context_ == nullptr) return;
  service_.stopping.store(true, std::memory_order_relaxed);
  if (front_ != nullptr) front_->close_door();
  watch_.drain(SystemClock::instance().monotonic() + service_.options.stop_timeout);
  watch_.shut_all();
  mg_stop(context_);
  context_ = nullptr;
  if (front_ != nullptr) front_->stop();
}

HttpServerStats CivetServer::stats() const {
  const auto read = [](const std::atomic<std::uint64_t>& count) { return count.load(std::memory_order_relaxed); };
  const ConnectionWatch::Counts watched = watch_.counts();
  HttpServerStats stats;
  stats.requests = read(service_.requests);
  stats.handled = read(service_.handled);
  stats.connections = watched.open;
  stats.refused_host = read(service_.refused_host);
  stats.refused_origin = read(service_.refused_origin);
  stats.refused_credentials = read(service_.refused_credentials);
  stats.refused_too_large = read(service_.refused_too_large);
  stats.refused_malformed = read(service_.refused_malformed);
  stats.refused_busy = read(service_.refused_busy);
  stats.refused_peer = watched.peer_limit;
  stats.timed_out = watched.timed_out;
  stats.crowded_out = watched.crowded_out;
  stats.handler_exceptions = read(service_.handler_exceptions);
  if (front_ != nullptr) {
    const TlsFront::Counts front = front_->counts();
    stats.refused_peer += front.peer_limit;
    stats.timed_out += front.timed_out;
    stats.crowded_out += front.crowded_out;
    stats.tls_failed = front.handshakes_failed;
  }
  return stats;
}

void* CivetServer::on_thread(const mg_context* context, int) {
  auto& server = *static_cast<CivetServer*>(mg_get_user_data(context));
  const std::string name =
      server.service_.options.thread_name + "-" + std::to_string(server.threads_.fetch_add(1, std::memory_order_relaxed));
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
  return nullptr;
}

int CivetServer::on_open(const mg_connection* connection, void** data) {
  *data = &of(connection).watch_.open();  // whose it is can be asked only when a request is there
  return 0;
}

void CivetServer::identify(const mg_connection* connection) {
  const mg_request_info* info = mg_get_request_info(connection);
  ConnectionWatch::Connection& one = watched(connection);
  if (info != nullptr && !one.identified()) watch_.identify(one, info->remote_addr, info->remote_port);
}

void CivetServer::on_close(const mg_connection* connection) { of(connection).watch_.close(watched(connection)); }

// Through the front, the peer is who is behind it; whoever comes past it is nobody.
bool CivetServer::find_peer(const mg_request_info& info, HttpRequest& request) const {
  request.peer_address = info.remote_addr;
  request.peer_port = info.remote_port;
  if (front_ != nullptr) {
    if (request.peer_address != "127.0.0.1") return false;
    auto peer = front_->peer_behind(info.remote_port);
    if (!peer) return false;
    request.peer_address = std::move(peer->address);
    request.peer_port = peer->port;
    request.tls = true;
    request.authenticated = peer->certified;
  }
  request.peer_is_loopback = is_loopback_address(request.peer_address);
  return true;
}

int CivetServer::on_request(mg_connection* connection) {
  CivetServer& server = of(connection);
  watched(connection).resume();
  server.identify(connection);
  const mg_request_info& info = *mg_get_request_info(connection);
  HttpRequest request;
  request.method = info.request_method;
  request.path = percent_decode(info.local_uri);
  if (info.query_string != nullptr) request.query = parse_query(info.query_string);
  for (int i = 0; i < info.num_headers; ++i) request.headers.add(info.http_headers[i].name, info.http_headers[i].value);
  if (!server.find_peer(info, request)) {
    return server.refuse(connection, std::move(request), {Cause::Host, 403, "this port is not for direct use\n"});
  }
  if (info.num_headers >= MG_MAX_HEADERS) {  // civetweb leaves out the rest
    return server.refuse(connection, std::move(request), {Cause::TooLarge, 431, "too many header fields\n"});
  }
  CivetTransport transport(connection, watched(connection));
  return HttpExchange(server.service_, transport, std::move(request), std::string_view(info.http_version) == "1.0").run();
}

int CivetServer::refuse(mg_connection* connection, HttpRequest request, HttpRefusal refusal) {
  CivetTransport transport(connection, watched(connection));
  return HttpExchange(service_, transport, std::move(request), false).refuse_unread(std::move(refusal));
}

void CivetServer::on_request_end(const mg_connection* connection, int) {
  const milliseconds idle = of(connection).service_.options.idle_timeout;
  watched(connection).wait(Wait::Idle, SystemClock::instance().monotonic() + idle + milliseconds(500));
}

// A request that civetweb itself could not read.
int CivetServer::on_error(mg_connection* connection, int status, const char* text) {
  CivetServer& server = of(connection);
  server.identify(connection);
  HttpRefusal refusal{status == 431 ? Cause::TooLarge : Cause::Malformed, status, text};
  if (watched(connection).ended()) {
    refusal = {Cause::Slow, 408, "the request header came too slowly"};
  } else if (refusal.body == "Malformed message" || refusal.body == "Message too large") {
    // civetweb does not tell a broken header from one that is too long; what came before on this connection counts too.
    const std::size_t most = server.service_.options.max_header_bytes;
    if (server.watch_.received(watched(connection)) >= most) refusal = {Cause::TooLarge, 431, {}};
    refusal.body = "the request header is malformed, or longer than " + std::to_string(most) + " bytes";
  }
  refusal.body += '\n';
  server.refuse(connection, {}, std::move(refusal));
  // civetweb may still wait for the peer before it closes.
  watched(connection).wait(Wait::Answer, SystemClock::instance().monotonic() + server.service_.options.pace_grace);
  return 0;
}

int CivetServer::on_log(const mg_connection* connection, const char* text) {
  CivetServer& server = of(connection);
  // Only what is said before the first worker runs: why it does not start.
  if (server.threads_.load(std::memory_order_relaxed) == 0) server.start_log_ += text;
  return 1;
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, Handler handler) {
  const auto address = parse_listen(options.listen);
  if (!address) return address.error();
  if (options.workers == 0) return Error{Fault::Configuration, "a listener needs at least one worker"};
  auto server = std::make_unique<CivetServer>(std::move(options), std::move(handler), *address);
  if (auto opened = server->open(*address); !opened) return opened.error();
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace tocsin::wire
