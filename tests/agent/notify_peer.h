// SPDX-License-Identifier: Apache-2.0
// Peer: who is told of alerts, over HTTP, and answers as the test tells it to: 200 where nothing else was said.
//
// Threads: thread-safe.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "wire/http_server.h"

namespace tocsin::agent::notify_test {

class Peer {
 public:
  explicit Peer(int port = 0) {
    wire::HttpServerOptions options;
    options.listen = "127.0.0.1:" + std::to_string(port);
    options.workers = 4;
    options.stop_timeout = std::chrono::milliseconds{100};
    auto server = wire::HttpServer::start(options, [this](const auto& request, auto& responder) {
      const std::lock_guard lock(mutex_);
      int status = 200;
      if (!statuses_.empty()) status = statuses_.front(), statuses_.pop_front();
      bodies_.push_back(request.body);
      authorizations_.emplace_back(request.headers.value("Authorization"));
      responder.send(status, {}, status == 200 ? "" : "told to");
      came_.notify_all();
    });
    EXPECT_TRUE(server.ok()) << (server.ok() ? "" : server.error().message);
    if (server) server_ = std::move(*server);
  }
  std::string url() const { return "http://" + server_->address(); }
  int port() const { return server_->port(); }
  void stop() { server_->stop(); }
  void answer(std::initializer_list<int> statuses) {
    const std::lock_guard lock(mutex_);
    statuses_.insert(statuses_.end(), statuses);
  }
  // The bodies once there are so many; fails the test after ten seconds.
  std::vector<std::string> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(came_.wait_for(lock, std::chrono::seconds{10}, [&] { return bodies_.size() >= count; })) << bodies_.size() << " of " << count;
    return bodies_;
  }
  std::vector<std::string> authorizations() const {
    const std::lock_guard lock(mutex_);
    return authorizations_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::deque<int> statuses_;
  std::vector<std::string> bodies_, authorizations_;
  std::unique_ptr<wire::HttpServer> server_;
};

}  // namespace tocsin::agent::notify_test
