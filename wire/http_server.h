// SPDX-License-Identifier: Apache-2.0
// HttpServer: serves HTTP/1.1 on one address. Slow or silent clients do not stop others.
//
//   HttpServerOptions options;
//   options.listen = "127.0.0.1:9464";
//   auto server = HttpServer::start(options, [](const HttpRequest& request, HttpResponder& responder) {
//     responder.send_text(200, "hello " + request.path + "\n");
//   });
//   if (!server) return server.error();      // "cannot listen on 127.0.0.1:9464: Address already in use"
//   (*server)->stop();
//
// Access, before the handler and before the body is read: credentials where configured (401), the Host header against DNS
// rebinding and the Origin header against web pages (403). See docs/decisions on how slow clients are held off.
// Threads: thread-safe; the handler runs on `workers` threads at once, and an exception in it is answered 500.
// Costs: a thread a worker (about 30 KiB, and of max_header_bytes what a header ever filled), one more that watches, one copy of the body; with TLS one more thread, which
// moves all bytes, and two more copies. SIGPIPE becomes ignored.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "meters/base/result.h"
#include "wire/credentials.h"
#include "wire/http_message.h"

namespace tocsin::wire {

struct HttpServerTls {
  std::string certificate_file;  // PEM, with its chain
  std::string key_file;          // PEM
  std::string client_ca_file;    // PEM; not empty: a client must show a certificate signed by it
  // Without a certificate and a key that fit, the listener does not start.
  bool enabled() const noexcept { return !certificate_file.empty() || !key_file.empty() || !client_ca_file.empty(); }
};

// What the server answers by itself: before the handler is asked, or where that one failed.
struct HttpRefusal {
  enum class Cause : std::uint8_t { Malformed, TooLarge, Credentials, Host, Origin, Busy, Stopping, Slow, Failed };
  Cause cause;
  int status;
  std::string body;  // the reason in words, a line
  HttpHeaders headers = {{"Content-Type", "text/plain; charset=utf-8"}};
};

struct HttpServerOptions {
  std::string listen = "127.0.0.1:9464";  // IPv4 address or "localhost", and a port; port 0 takes a free one
  std::string thread_name = "http";       // at most 9 characters: the threads are <name>-<number>
  unsigned workers = 16;                  // requests at once; a connection holds one while it is open
  std::size_t max_header_bytes = std::size_t{80} << 10;  // a long query in the URL is most of it
  std::size_t max_body_bytes = std::size_t{64} << 20;
  std::size_t max_bodies_bytes = std::size_t{256} << 20;  // all bodies being held at once; beyond it 503
  unsigned max_connections_per_peer = 0;  // 0: three quarters of the workers. Loopback peers are not limited

  std::chrono::milliseconds header_timeout{5'000};  // for the whole header
  std::chrono::milliseconds total_timeout{60'000};  // for reading the request; and again for writing the answer
  std::chrono::milliseconds idle_timeout{2'000};    // between two requests on one connection
  std::size_t min_bytes_per_second = 4'096;         // least pace of a body or an answer, after pace_grace
  std::chrono::milliseconds pace_grace{5'000};
  // When every worker is taken and somebody waits, a connection that has waited for its peer this long is closed.
  std::chrono::milliseconds crowded_grace{400};
  std::chrono::milliseconds stop_timeout{2'000};  // stop() lets running requests finish for this long

  Credentials credentials;
  std::vector<std::string> allowed_hosts;  // names this listener answers to, besides IP addresses, localhost and
                                           // (when it listens beyond loopback) this machine's name; "*" allows any
  HttpServerTls tls;

  // Puts a refusal in the words of the protocol that is spoken here: status, body and headers are what it leaves. Of a
  // request whose header could not be read it sees nothing. Called by the workers at once; must not throw.
  std::function<void(const HttpRequest&, HttpRefusal&)> on_refusal;
};

// Totals since start, but for `connections`.
struct HttpServerStats {
  std::uint64_t requests = 0;              // complete headers read
  std::uint64_t handled = 0;               // reached the handler
  std::uint64_t connections = 0;           // open now and held by a worker
  std::uint64_t refused_host = 0;          // 403, Host
  std::uint64_t refused_origin = 0;        // 403, Origin
  std::uint64_t refused_credentials = 0;   // 401
  std::uint64_t refused_too_large = 0;     // 413 and 431
  std::uint64_t refused_malformed = 0;     // 400 and the like
  std::uint64_t refused_busy = 0;          // 503: bodies over max_bodies_bytes
  std::uint64_t refused_peer = 0;          // connections closed: too many of one peer
  std::uint64_t timed_out = 0;             // connections closed: a deadline or the least pace was missed
  std::uint64_t crowded_out = 0;           // connections closed: others waited for a worker, this one for its peer
  std::uint64_t handler_exceptions = 0;    // 500
  std::uint64_t tls_failed = 0;            // handshakes: no common version, no client certificate, no TLS at all
};

class HttpServer {
 public:
  using Handler = std::function<void(const HttpRequest&, HttpResponder&)>;

  // Errors: Configuration (address, options, certificate), Unsupported (IPv6), Environment (the port is taken).
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, Handler handler);

  virtual ~HttpServer() = default;  // stops

  // Takes no more connections, lets running requests finish for stop_timeout, then closes them. Safe twice. Does not
  // return while a handler runs that never looks at its responder.
  virtual void stop() = 0;

  virtual int port() const = 0;
  virtual std::string address() const = 0;  // "127.0.0.1:9464", with the port that was taken
  virtual HttpServerStats stats() const = 0;
};

}  // namespace tocsin::wire
