// SPDX-License-Identifier: Apache-2.0
// One request and its answer: what is refused, how the body is read, how the answer is framed. Knows no socket.
//
// Threads: HttpService is shared by the workers and thread-safe; an HttpExchange lives on one worker for one request.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "meters/base/clock.h"
#include "wire/http_server.h"
#include "wire/src/http_server_access.h"

namespace tocsin::wire {

// The bytes of one connection.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  // Fills `into` unless the body ends or time runs out. The count; 0 at the end or for lack of time, negative: broken.
  virtual std::int64_t read(char* into, std::size_t size, Monotonic until) = 0;
  virtual bool write(std::string_view bytes, Monotonic until) = 0;
  // The connection was ended because the peer was too slow.
  virtual bool timed_out() const = 0;
  // No further request on this connection.
  virtual void close_after_answer() = 0;
};

// What the requests of one listener share.
struct HttpService {
  HttpService(HttpServerOptions options, HttpServer::Handler handler, std::string_view bound_host);

  // A buffer for a body, from the last ones that were given back.
  std::string take_buffer();
  void give_back(std::string buffer);
  void count(HttpRefusal::Cause cause) noexcept;

  const HttpServerOptions options;
  const HttpServer::Handler handler;
  HttpAccess access;

  std::atomic<std::uint64_t> requests{0}, handled{0}, refused_host{0}, refused_origin{0}, refused_credentials{0},
      refused_too_large{0}, refused_malformed{0}, refused_busy{0}, handler_exceptions{0};
  std::atomic<std::size_t> bodies_bytes{0};
  std::atomic<bool> stopping{false};  // new requests are answered 503

 private:
  std::mutex mutex_;
  std::vector<std::string> spare_;  // guarded by mutex_
};

class HttpExchange final : public HttpResponder {
 public:
  // `request` is complete but for its body and `authenticated`.
  HttpExchange(HttpService& service, HttpTransport& transport, HttpRequest request, bool http_1_0);
  ~HttpExchange() override;

  // Reads, asks the handler, answers. The status.
  int run();
  // Instead of run(): answers a request that could not be read, or is for nobody here. The status.
  int refuse_unread(HttpRefusal refusal);

  void send(int status, const HttpHeaders& headers, std::string_view body) override;
  bool begin(int status, const HttpHeaders& headers) override;
  bool write(std::string_view block) override;
  void end() override;

 private:
  enum class State : std::uint8_t { Unanswered, Streaming, Done, Broken };

  std::optional<HttpRefusal> check();
  std::optional<HttpRefusal> check_framing();
  std::optional<HttpRefusal> check_access();
  std::optional<HttpRefusal> read_body();
  HttpRefusal too_large() const;
  bool make_room(std::size_t size);
  void release_room();
  void refuse(HttpRefusal refusal);
  void discard_body();
  void call_handler();
  void fail(std::string words);

  void write_head(int status, const HttpHeaders& headers, std::string& out) const;
  bool flush();
  bool transmit(std::string_view bytes);
  Monotonic wait_limit(std::size_t bytes, Monotonic total) const;

  HttpService& service_;
  HttpTransport& transport_;
  HttpRequest request_;
  const bool http_1_0_;
  bool keep_alive_;
  bool chunked_body_ = false;
  bool body_read_ = false;
  std::uint64_t content_length_ = 0;
  std::size_t charged_ = 0;  // of service_.bodies_bytes
  Monotonic started_;

  State state_ = State::Unanswered;
  int status_ = 0;
  std::optional<Monotonic> answer_until_;
  std::string pending_;  // a chunk being collected, with room for its size in front
};

}  // namespace tocsin::wire
