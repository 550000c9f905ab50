// SPDX-License-Identifier: Apache-2.0
// HttpClient: sends HTTP/1.1 requests, many at once, from one thread, over connections that are kept and reused.
//
//   HttpClient client({.thread_name = "otlp-out"});
//   client.send({.method = "POST", .url = "http://localhost:4318/v1/metrics", .body = encoded},
//               [](Result<HttpReply> reply) { ... });                    // on the client's thread: do not block there
//   Result<HttpReply> reply = client.call({.url = url}, stop_token);     // waits
//
// Any status is a reply; an error means that there was none. Redirects are followed only where the call says so, so that
// credentials and data go only where they were sent; another host never gets the Authorization header. Proxy variables of the environment are honoured, but never for loopback.
// Threads: thread-safe; `done` is called exactly once, also on cancel() and stop(). No retry here: see delivery.
// Costs: one thread from the first call on, one connection for each call in flight to a host; the request's body is moved, not copied.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "meters/base/result.h"
#include "wire/http_message.h"

namespace tocsin::wire {

struct HttpClientTls {
  std::string ca_file = {};           // PEM; empty: the system's
  std::string certificate_file = {};  // PEM; of this client
  std::string key_file = {};          // PEM
  bool insecure = false;              // does not check whom it talks to
};

struct HttpCall {
  std::string method = "GET";
  std::string url = {};
  HttpHeaders headers = {};
  std::string body = {};
  std::chrono::milliseconds timeout{10'000};  // from send() to the last byte of the reply
  HttpClientTls tls = {};
  std::size_t max_reply_bytes = std::size_t{4} << 20;
  unsigned max_redirects = 0;  // of a GET, to http and https; one more is an error
};

struct HttpReply {
  int status = 0;
  HttpHeaders headers;
  std::string body;

  bool success() const noexcept { return status >= 200 && status < 300; }
};

struct HttpClientOptions {
  std::string thread_name = "http-out";  // at most 15 characters
  unsigned max_connections_per_host = 8;
};

class HttpClient {
 public:
  using Done = std::function<void(Result<HttpReply>)>;
  using CallId = std::uint64_t;

  explicit HttpClient(HttpClientOptions options = {});
  ~HttpClient();  // stops
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Errors given to `done`: Environment (no connection, a broken one, a TLS failure; with the host), Cancelled (the
  // timeout passed, cancel(), stop()), TooLarge (the reply), Input (not a URL we can call), Configuration (a TLS file).
  CallId send(HttpCall call, Done done);

  // The call ends with Cancelled, unless it has ended.
  void cancel(CallId id);

  // Waits for the reply. A stop request cancels it. Requires: not on the client's own thread.
  Result<HttpReply> call(HttpCall call, const std::stop_token& stop = {});

  // Ends every call with Cancelled and the thread; later sends end at once with Cancelled. Safe twice.
  void stop();

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace tocsin::wire
