// SPDX-License-Identifier: Apache-2.0
// An HTTP request as a handler sees it, and the interface by which it answers.
//
//   void handle(const HttpRequest& request, HttpResponder& responder) {
//     if (!request.is_read()) return responder.send_text(405, "only GET and HEAD\n");
//     if (!responder.begin(200, {{"Content-Type", "text/plain"}})) return;   // HEAD, or the peer has gone
//     while (auto block = next_block()) if (!responder.write(*block)) return;
//     responder.end();
//   }
//
// Nothing here knows a socket, so a handler can be tested with a responder of the test's own.
// Threads: values; a responder belongs to the thread that runs its handler. Costs: strings, copied once from the socket.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/url.h"

namespace tocsin::wire {

// Header fields in their order; names compare without regard to case.
class HttpHeaders {
 public:
  using Field = std::pair<std::string, std::string>;

  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }

  // The first of that name; null when there is none.
  const std::string* find(std::string_view name) const noexcept;
  std::string_view value(std::string_view name, std::string_view fallback = {}) const noexcept;
  bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
  std::size_t count(std::string_view name) const noexcept;
  // All of that name as one list, as RFC 9110 section 5.3 allows: "a, b".
  std::string joined(std::string_view name) const;

  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }
  bool empty() const noexcept { return fields_.empty(); }
  std::size_t size() const noexcept { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

struct HttpRequest {
  std::string method;  // as sent: "GET", "HEAD", "POST"
  std::string path;    // percent-decoded, without "." and ".." segments, without the query
  QueryParameters query;
  HttpHeaders headers;
  std::string body;
  std::string peer_address;       // "192.0.2.7"
  int peer_port = 0;
  bool peer_is_loopback = false;
  bool authenticated = false;     // the listener asks for credentials or a certificate, and these were right
  bool tls = false;

  bool is_read() const noexcept { return method == "GET" || method == "HEAD"; }
};

// Exactly one answer a request: send(), or begin() .. write() .. end(). An answer that was begun but not ended is cut
// off, so that the peer sees it is incomplete.
class HttpResponder {
 public:
  virtual ~HttpResponder() = default;

  // The whole answer; Content-Length is added, and the body left out for HEAD, 204 and 304.
  virtual void send(int status, const HttpHeaders& headers, std::string_view body) = 0;

  // A body of unknown length. False: no body is wanted (HEAD) or the peer has gone; stop producing.
  virtual bool begin(int status, const HttpHeaders& headers) = 0;
  // Best in blocks of up to 64 KiB. Waits while the peer is slow; false when it has gone or is too slow.
  virtual bool write(std::string_view block) = 0;
  virtual void end() = 0;

  void send_text(int status, std::string_view text) { send(status, {{"Content-Type", "text/plain; charset=utf-8"}}, text); }
};

// "Not Found" for 404; "Status" for a number without a name.
std::string_view http_reason(int status) noexcept;

}  // namespace tocsin::wire
