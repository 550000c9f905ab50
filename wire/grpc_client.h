// SPDX-License-Identifier: Apache-2.0
// GrpcClient: makes unary gRPC calls as bytes to one destination, over one connection that it mends by itself.
//
//   auto client = GrpcClient::make({.target = "http://127.0.0.1:4317"});
//   GrpcRequest request{"/pkg.Service/Export", std::make_shared<const std::string>(body)};
//   (*client)->call(std::move(request), [](Result<GrpcResult> result) { ... });
//
// Whatever the destination or the way to it says is a GrpcResult with a status; an Error means that nothing was sent
// or that we gave the call up ourselves. It never retries: that is the sender's business, who counts.
// Threads: thread-safe; callbacks run on the client's own thread, one at a time, and may call again.
// Costs one thread, and a connection from the first call on; the message is not copied unless it is compressed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "meters/base/result.h"
#include "wire/grpc_tls.h"
#include "wire/rpc_status.h"

namespace tocsin::wire {

struct GrpcClientOptions {
  std::string target;          // "host:port", "http://host:port" (plain) or "https://host:port" (TLS)
  std::optional<GrpcTls> tls{};  // with "host:port" this decides; with https it only adds files
  std::size_t max_reply_bytes = std::size_t{4} << 20;  // after decompression
};

struct GrpcRequest {
  std::string method;  // "/package.Service/Method"
  std::shared_ptr<const std::string> message;
  std::vector<std::pair<std::string, std::string>> metadata{};  // keys in any case; values of "-bin" keys are raw bytes
  std::chrono::milliseconds timeout{10'000};
  bool gzip = false;
};

struct GrpcResult {
  RpcStatus status;  // with the RetryInfo of grpc-status-details-bin as its retry_delay
  std::string body;
};

using GrpcCallback = std::function<void(Result<GrpcResult>)>;
enum class GrpcCallId : std::uint64_t {};

class GrpcClient {
 public:
  // Connects to nothing yet. Errors: Configuration for a target or file that cannot work.
  static Result<std::unique_ptr<GrpcClient>> make(GrpcClientOptions options);

  ~GrpcClient();  // stops at once
  GrpcClient(const GrpcClient&) = delete;
  GrpcClient& operator=(const GrpcClient&) = delete;

  // The callback is called exactly once: on the client's thread, or before this returns when the request is refused
  // (Input: method or metadata that HTTP/2 cannot carry; Cancelled: stopped).
  GrpcCallId call(GrpcRequest request, GrpcCallback callback);

  // Ends a call with Error{Cancelled}; one that is over already is left alone.
  void cancel(GrpcCallId id);

  // Takes no more calls, waits for those in flight until the deadline, then cancels them; every callback has returned
  // when it does. Safe twice. Requires: not from inside a callback.
  void stop(std::chrono::milliseconds deadline);

 private:
  class Engine;
  explicit GrpcClient(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace tocsin::wire
