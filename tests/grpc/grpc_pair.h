// SPDX-License-Identifier: Apache-2.0
// A server and clients for the tests here, with waits that end.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "wire/grpc_client.h"
#include "wire/grpc_server.h"

namespace tocsin::wire {

constexpr std::chrono::seconds kPatience(20);
constexpr const char* kMethod = "/test.Service/Export";

inline std::unique_ptr<GrpcServer> start_server(GrpcServerOptions options, GrpcHandler handler) {
  options.listen = "127.0.0.1:0";
  auto server = GrpcServer::start(std::move(options), std::move(handler));
  EXPECT_TRUE(server.ok()) << (server.ok() ? "" : server.error().message);
  return server.ok() ? *std::move(server) : nullptr;
}

inline std::unique_ptr<GrpcClient> make_client(const GrpcServer& server) {
  auto client = GrpcClient::make({.target = server.address()});
  EXPECT_TRUE(client.ok()) << (client.ok() ? "" : client.error().message);
  return client.ok() ? *std::move(client) : nullptr;
}

inline GrpcRequest request_of(std::string message, std::string method = kMethod) {
  GrpcRequest request;
  request.method = std::move(method);
  request.message = std::make_shared<const std::string>(std::move(message));
  return request;
}

inline std::future<Result<GrpcResult>> begin(GrpcClient& client, GrpcRequest request, GrpcCallId* id = nullptr) {
  auto promise = std::make_shared<std::promise<Result<GrpcResult>>>();
  auto future = promise->get_future();
  const GrpcCallId given = client.call(std::move(request),
                                       [promise](Result<GrpcResult> result) { promise->set_value(std::move(result)); });
  if (id != nullptr) *id = given;
  return future;
}

inline Result<GrpcResult> wait(std::future<Result<GrpcResult>> future) {
  if (future.wait_for(kPatience) != std::future_status::ready) return Error{Fault::Cancelled, "the test ran out of patience"};
  return future.get();
}

inline Result<GrpcResult> call(GrpcClient& client, GrpcRequest request) { return wait(begin(client, std::move(request))); }

// Waits until `done` holds, looking at it again and again.
inline bool eventually(const std::function<bool()>& done) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    never.wait_for(lock, std::chrono::milliseconds(2));
  }
  return true;
}

// Holds handlers back until opened.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait_for(lock, kPatience, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
};

}  // namespace tocsin::wire
