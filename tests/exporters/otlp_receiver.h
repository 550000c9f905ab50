// SPDX-License-Identifier: Apache-2.0
// A receiver of OTLP/HTTP that answers as a test tells it to, and counts what it accepted.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "wire/compression.h"
#include "wire/http_server.h"
#include "wire/otlp_json.h"

namespace tocsin::exporters {

// One answer. 200 accepts, but for `rejected` of the items.
struct Answer {
  int status = 200;
  wire::HttpHeaders headers = {};
  std::string body = {};
  std::uint64_t rejected = 0;
  bool reset = false;  // reads the request and closes the connection
  bool hang = false;   // reads the request and says nothing until release()
};

class OtlpReceiver {
 public:
  struct Seen {
    std::string path, json;
    wire::HttpHeaders headers;
    std::uint64_t items = 0;
  };

  explicit OtlpReceiver(int port = 0, wire::HttpServerTls tls = {}) {
    wire::HttpServerOptions options;
    options.tls = std::move(tls);
    options.listen = "127.0.0.1:" + std::to_string(port);
    options.workers = 4;
    options.stop_timeout = std::chrono::milliseconds{100};
    auto server = wire::HttpServer::start(options, [this](const auto& request, auto& responder) { handle(request, responder); });
    EXPECT_TRUE(server.ok()) << (server.ok() ? "" : server.error().message);
    if (server) server_ = std::move(*server);
  }
  ~OtlpReceiver() { stop(); }

  void stop() {
    release();
    if (server_) server_->stop();
  }
  int port() const { return server_->port(); }
  std::string endpoint() const { return "http://" + server_->address(); }

  // Used up one after the other; then every request is accepted with an empty body.
  void answer(std::vector<Answer> answers) {
    const std::lock_guard lock(mutex_);
    for (Answer& one : answers) answers_.push_back(std::move(one));
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  // True once `count` requests came, however they were answered.
  bool wait_for_requests(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{10}, [&] { return seen_.size() >= count; });
  }
  std::vector<Seen> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::uint64_t accepted() const {
    const std::lock_guard lock(mutex_);
    return accepted_;
  }
  // Items it answered 200 for and did not take.
  std::uint64_t rejected() const {
    const std::lock_guard lock(mutex_);
    return rejected_;
  }
  int most_at_once() const {
    const std::lock_guard lock(mutex_);
    return most_at_once_;
  }

 private:
  static std::uint64_t count(const std::string& text, std::string_view what) {
    std::uint64_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
  }

  static Seen read(const wire::HttpRequest& request) {
    Seen seen{request.path, {}, request.headers, 0};
    const bool traces = request.path.ends_with("traces");
    const auto encoding = wire::parse_encoding(request.headers.value("Content-Encoding"));
    EXPECT_TRUE(encoding.ok());
    auto body = wire::decompress(*encoding, request.body, 64 << 20);
    EXPECT_TRUE(body.ok());
    if (request.headers.value("Content-Type") == "application/json") {
      seen.json = *body;
    } else {
      EXPECT_EQ(request.headers.value("Content-Type"), "application/x-protobuf");
      auto json = wire::protobuf_to_json(*body, traces ? wire::OtlpMessage::TraceRequest : wire::OtlpMessage::MetricsRequest);
      EXPECT_TRUE(json.ok());
      seen.json = *json;
    }
    // Each point of these tests has one integer value or a flag in its place; each span a name.
    seen.items = traces ? count(seen.json, "\"spanId\"") : count(seen.json, "\"asInt\"") + count(seen.json, "\"flags\"");
    return seen;
  }

  void handle(const wire::HttpRequest& request, wire::HttpResponder& responder) {
    Seen seen = read(request);
    const std::uint64_t items = seen.items;
    std::unique_lock lock(mutex_);
    most_at_once_ = std::max(most_at_once_, ++at_once_);
    Answer answer;
    if (!answers_.empty()) {
      answer = std::move(answers_.front());
      answers_.pop_front();
    }
    seen_.push_back(std::move(seen));
    changed_.notify_all();
    if (answer.hang) changed_.wait(lock, [&] { return released_; });
    --at_once_;
    if (answer.hang || answer.reset) {
      lock.unlock();
      responder.begin(200, {{"Content-Length", "100"}});  // and never the rest
      return;
    }
    if (answer.status == 200) {
      accepted_ += items - answer.rejected;
      rejected_ += answer.rejected;
    }
    lock.unlock();
    responder.send(answer.status, answer.headers, answer.body);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Answer> answers_;
  std::vector<Seen> seen_;
  std::uint64_t accepted_ = 0, rejected_ = 0;
  int at_once_ = 0, most_at_once_ = 0;
  bool released_ = false;

  std::unique_ptr<wire::HttpServer> server_;
};

}  // namespace tocsin::exporters
