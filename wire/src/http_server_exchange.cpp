// SPDX-License-Identifier: Apache-2.0
#include "wire/src/http_server_exchange.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

#include "meters/base/text.h"
#include "wire/timestamp.h"

namespace tocsin::wire {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;
constexpr std::size_t kFirstRoom = std::size_t{1} << 20;  // given at once to a body that announces its length
constexpr std::size_t kSpareBuffers = 4;
constexpr std::size_t kChunkHead = 10;  // "0000ffff\r\n"
constexpr std::chrono::seconds kDiscardFor{2};

using Cause = HttpRefusal::Cause;

HttpRefusal refusal_of(Cause cause, int status, std::string words, const HttpHeaders::Field& more = {}) {
  HttpRefusal made{cause, status, std::move(words)};
  if (!more.first.empty()) made.headers.add(more.first, more.second);
  return made;
}

Monotonic now() noexcept { return SystemClock::instance().monotonic(); }

// The civetweb rule, which decides whether it will read another request.
bool wants_keep_alive(const HttpRequest& request, bool http_1_0) {
  const std::string* connection = request.headers.find("Connection");
  if (connection == nullptr) return !http_1_0;
  const std::vector<std::string_view> tokens = split(*connection, ',');
  return std::any_of(tokens.begin(), tokens.end(),
                     [](std::string_view token) { return equal_ignoring_case(trim(token), "keep-alive"); });
}

bool has_no_body(int status) noexcept { return status < 200 || status == 204 || status == 304; }

// Nothing that a value brings may end its line.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  const auto append_clean = [&out](std::string_view text) {
    for (const char c : text) out += static_cast<unsigned char>(c) < ' ' && c != '\t' ? ' ' : c;
  };
  append_clean(name);
  out += ": ";
  append_clean(value);
  out += "\r\n";
}

}  // namespace

HttpService::HttpService(HttpServerOptions options_in, HttpServer::Handler handler_in, std::string_view bound_host)
    : options(std::move(options_in)),
      handler(std::move(handler_in)),
      access(options.credentials, options.allowed_hosts, bound_host) {}

std::string HttpService::take_buffer() {
  const std::lock_guard lock(mutex_);
  if (spare_.empty()) return {};
  std::string buffer = std::move(spare_.back());
  spare_.pop_back();
  return buffer;
}

void HttpService::count(HttpRefusal::Cause cause) noexcept {
  using Cause = HttpRefusal::Cause;
  const auto one_more = [](std::atomic<std::uint64_t>& count) { count.fetch_add(1, std::memory_order_relaxed); };
  switch (cause) {
    case Cause::Malformed: return one_more(refused_malformed);
    case Cause::TooLarge: return one_more(refused_too_large);
    case Cause::Credentials: return one_more(refused_credentials);
    case Cause::Host: return one_more(refused_host);
    case Cause::Origin: return one_more(refused_origin);
    case Cause::Busy:
    case Cause::Stopping: return one_more(refused_busy);
    case Cause::Slow: return;  // the watch counts it
    case Cause::Failed: return one_more(handler_exceptions);
  }
}

void HttpService::give_back(std::string buffer) {
  if (buffer.capacity() == 0 || buffer.capacity() > kFirstRoom * 2) return;
  const std::lock_guard lock(mutex_);
  if (spare_.size() < kSpareBuffers) spare_.push_back(std::move(buffer));
}

HttpExchange::HttpExchange(HttpService& service, HttpTransport& transport, HttpRequest request, bool http_1_0)
    : service_(service),
      transport_(transport),
      request_(std::move(request)),
      http_1_0_(http_1_0),
      keep_alive_(wants_keep_alive(request_, http_1_0)),
      started_(now()) {}

HttpExchange::~HttpExchange() {
  release_room();
  service_.give_back(std::move(request_.body));
}

int HttpExchange::run() {
  service_.requests.fetch_add(1, std::memory_order_relaxed);
  auto refusal = check();
  if (!refusal) refusal = read_body();
  if (refusal) {
    refuse(std::move(*refusal));
  } else {
    call_handler();
  }
  if (state_ != State::Done || !keep_alive_) transport_.close_after_answer();
  return status_ == 0 ? 500 : status_;
}

int HttpExchange::refuse_unread(HttpRefusal refusal) {
  keep_alive_ = false;
  body_read_ = true;  // where it begins is not known
  refuse(std::move(refusal));
  transport_.close_after_answer();
  return status_;
}

std::optional<HttpRefusal> HttpExchange::check() {
  if (auto refusal = check_framing()) return refusal;
  if (service_.stopping.load(std::memory_order_relaxed)) {
    keep_alive_ = false;
    return refusal_of(Cause::Stopping, 503, "stopping\n", {"Retry-After", "1"});
  }
  if (auto refusal = check_access()) return refusal;
  if (content_length_ > service_.options.max_body_bytes) return too_large();
  return std::nullopt;
}

HttpRefusal HttpExchange::too_large() const {
  return refusal_of(Cause::TooLarge, 413,
                 "the body is over the limit of " + std::to_string(service_.options.max_body_bytes) + " bytes\n");
}

// Where two readers could disagree about the end of a request, it is refused.
std::optional<HttpRefusal> HttpExchange::check_framing() {
  const auto malformed = [this](std::string text) {
    keep_alive_ = false;
    return refusal_of(Cause::Malformed, 400, std::move(text));
  };
  const HttpHeaders& headers = request_.headers;
  if (headers.count("Host") > 1 || (!http_1_0_ && !headers.contains("Host"))) {
    return malformed("a request needs exactly one Host header\n");
  }
  chunked_body_ = headers.contains("Transfer-Encoding");
  if (chunked_body_ && (headers.count("Transfer-Encoding") > 1 || headers.contains("Content-Length") ||
                        !equal_ignoring_case(headers.value("Transfer-Encoding"), "chunked"))) {
    return malformed("Transfer-Encoding must be \"chunked\", once, without Content-Length\n");
  }
  if (const std::string* length = headers.find("Content-Length")) {
    const char* end = length->data() + length->size();
    const auto [stop, error] = std::from_chars(length->data(), end, content_length_);
    if (headers.count("Content-Length") > 1 || error != std::errc{} || stop != end) {
      content_length_ = 0;
      body_read_ = true;  // nothing that could be skipped
      return malformed("Content-Length must be one number\n");
    }
  }
  body_read_ = !chunked_body_ && content_length_ == 0;
  const std::string* expect = headers.find("Expect");
  if (expect != nullptr && !equal_ignoring_case(*expect, "100-continue")) {
    return refusal_of(Cause::Malformed, 417, "the only expectation understood is 100-continue\n");
  }
  return std::nullopt;
}

std::optional<HttpRefusal> HttpExchange::check_access() {
  using Verdict = HttpAccess::Verdict;
  const Verdict verdict = service_.access.check(request_);
  std::string text = HttpAccess::reason(verdict, request_);
  switch (verdict) {
    case Verdict::Allowed: return std::nullopt;
    case Verdict::NoCredentials:
      return refusal_of(Cause::Credentials, 401, std::move(text), {"WWW-Authenticate", service_.access.challenge()});
    case Verdict::WrongHost: return refusal_of(Cause::Host, 403, std::move(text));
    case Verdict::WrongOrigin: return refusal_of(Cause::Origin, 403, std::move(text));
  }
  return std::nullopt;
}

std::optional<HttpRefusal> HttpExchange::read_body() {
  if (body_read_) return std::nullopt;
  const auto busy = [] { return refusal_of(Cause::Busy, 503, "too many bodies at once\n", {"Retry-After", "1"}); };
  if (request_.headers.contains("Expect") && !transmit("HTTP/1.1 100 Continue\r\n\r\n")) return std::nullopt;
  answer_until_.reset();
  request_.body = service_.take_buffer();
  std::string& body = request_.body;
  if (!make_room(chunked_body_ ? kPiece : std::min<std::size_t>(content_length_, kFirstRoom))) return busy();
  const Monotonic total = started_ + service_.options.total_timeout;
  std::size_t size = 0;
  for (;;) {
    if (!chunked_body_ && size == content_length_) break;
    if (size == body.size()) {
      const std::size_t limit = chunked_body_ ? service_.options.max_body_bytes : content_length_;
      if (size >= limit && chunked_body_) {  // one more byte decides
        char extra;
        if (transport_.read(&extra, 1, wait_limit(1, total)) != 0) return too_large();
        break;
      }
      if (!make_room(std::min(limit, size * 2))) return busy();
    }
    const std::size_t piece = std::min(kPiece, body.size() - size);
    const std::int64_t got = transport_.read(body.data() + size, piece, wait_limit(piece, total));
    if (got <= 0 && (!chunked_body_ || got < 0)) {
      keep_alive_ = false;
      if (transport_.timed_out()) return refusal_of(Cause::Slow, 408, "the body came too slowly\n");
      return refusal_of(Cause::Malformed, 400, "the body ended too early, or its chunks are malformed\n");
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  body.resize(size);
  body_read_ = true;
  return std::nullopt;
}

// Sizes the body's buffer, and charges what it grows by to the budget of all bodies.
bool HttpExchange::make_room(std::size_t size) {
  const std::size_t more = size > charged_ ? size - charged_ : 0;
  const std::size_t all = service_.bodies_bytes.fetch_add(more, std::memory_order_relaxed) + more;
  charged_ += more;
  if (all > service_.options.max_bodies_bytes) return false;
  request_.body.resize(size);
  return true;
}

// What a refusal drops is no longer in anybody's way, however long the peer takes to read the answer.
void HttpExchange::release_room() {
  service_.bodies_bytes.fetch_sub(std::exchange(charged_, 0), std::memory_order_relaxed);
}

void HttpExchange::refuse(HttpRefusal refusal) {
  service_.count(refusal.cause);
  service_.give_back(std::exchange(request_.body, {}));
  release_room();
  if (!body_read_) keep_alive_ = false;
  if (service_.options.on_refusal) service_.options.on_refusal(request_, refusal);
  send(refusal.status, refusal.headers, refusal.body);
  if (!body_read_) discard_body();
}

// Closing while the peer still sends would reset the connection, and the peer could lose our answer.
void HttpExchange::discard_body() {
  if (request_.headers.contains("Expect")) return;  // it waits for our word before it sends
  const Monotonic until = now() + kDiscardFor;
  std::string piece(kPiece, '\0');
  std::size_t left = 2 * service_.options.max_body_bytes;
  while (left >= kPiece && now() < until && transport_.read(piece.data(), kPiece, until) > 0) left -= kPiece;
}

void HttpExchange::call_handler() {
  if (state_ == State::Broken) return;
  service_.handled.fetch_add(1, std::memory_order_relaxed);
  try {
    service_.handler(request_, *this);
    if (state_ == State::Unanswered) refuse(refusal_of(Cause::Failed, 500, "the request was not answered\n"));
  } catch (const std::exception& error) {
    fail(std::string("internal error: ") + error.what() + "\n");
  } catch (...) {
    fail("internal error\n");
  }
}

// An answer that was begun can only be cut off.
void HttpExchange::fail(std::string words) {
  if (state_ == State::Unanswered) return refuse(refusal_of(Cause::Failed, 500, std::move(words)));
  service_.count(Cause::Failed);
}

void HttpExchange::write_head(int status, const HttpHeaders& headers, std::string& out) const {
  out += http_1_0_ ? "HTTP/1.0 " : "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += http_reason(status);
  out += "\r\n";
  append_field(out, "Date", format_http_date(SystemClock::instance().now()));
  for (const auto& [name, value] : headers) append_field(out, name, value);
  out += keep_alive_ ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
}

void HttpExchange::send(int status, const HttpHeaders& headers, std::string_view body) {
  if (state_ != State::Unanswered) return;
  status_ = status;
  std::string out;
  write_head(status, headers, out);
  if (!has_no_body(status)) append_field(out, "Content-Length", std::to_string(body.size()));
  out += "\r\n";
  if (has_no_body(status) || request_.method == "HEAD") body = {};
  if (body.size() <= kPiece / 4) {
    out += body;
    body = {};
  }
  state_ = transmit(out) && (body.empty() || transmit(body)) ? State::Done : State::Broken;
}

bool HttpExchange::begin(int status, const HttpHeaders& headers) {
  if (state_ != State::Unanswered) return false;
  status_ = status;
  if (http_1_0_) keep_alive_ = false;  // only the end of the connection can end this body
  write_head(status, headers, pending_);
  pending_ += http_1_0_ ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n";
  const bool sent = transmit(pending_);
  pending_.assign(kChunkHead, '0');
  if (!sent) {
    state_ = State::Broken;
  } else {
    state_ = request_.method == "HEAD" ? State::Done : State::Streaming;
  }
  return state_ == State::Streaming;
}

bool HttpExchange::write(std::string_view block) {
  while (state_ == State::Streaming && !block.empty()) {
    const std::size_t room = kChunkHead + kPiece - pending_.size();
    pending_ += block.substr(0, room);
    block.remove_prefix(std::min(room, block.size()));
    if (pending_.size() == kChunkHead + kPiece) flush();
  }
  return state_ == State::Streaming;
}

void HttpExchange::end() {
  if (state_ != State::Streaming || !flush()) return;
  state_ = http_1_0_ || transmit("0\r\n\r\n") ? State::Done : State::Broken;
}

bool HttpExchange::flush() {
  const std::size_t size = pending_.size() - kChunkHead;
  if (size == 0) return true;
  bool sent;
  if (http_1_0_) {
    sent = transmit(std::string_view(pending_).substr(kChunkHead));
  } else {
    constexpr char kHex[] = "0123456789abcdef";
    for (std::size_t i = 0; i < 8; ++i) pending_[i] = kHex[size >> (28 - 4 * i) & 15];
    pending_[8] = '\r';
    pending_[9] = '\n';
    pending_ += "\r\n";
    sent = transmit(pending_);
  }
  pending_.resize(kChunkHead);
  if (!sent) state_ = State::Broken;
  return sent;
}

bool HttpExchange::transmit(std::string_view bytes) {
  if (!answer_until_) answer_until_ = now() + service_.options.total_timeout;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, 2 * kPiece);
    if (!transport_.write(piece, wait_limit(piece.size(), *answer_until_))) {
      state_ = State::Broken;
      return false;
    }
    bytes.remove_prefix(piece.size());
  }
  return true;
}

// How long a piece may take: its share of the least pace, within the total.
Monotonic HttpExchange::wait_limit(std::size_t bytes, Monotonic total) const {
  const std::size_t pace = std::max<std::size_t>(1, service_.options.min_bytes_per_second);
  return std::min(total, now() + service_.options.pace_grace + std::chrono::milliseconds(bytes * 1000 / pace));
}

}  // namespace tocsin::wire
