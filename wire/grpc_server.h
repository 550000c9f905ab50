// SPDX-License-Identifier: Apache-2.0
// GrpcServer: serves unary gRPC calls as bytes; no generated code. One handler gets every method.
//
//   auto server = GrpcServer::start({.listen = "127.0.0.1:0", .methods = {"/pkg.Service/Export"}},
//                                   [](const GrpcCall& call) { return GrpcReply{{}, answer(call.message)}; });
//   if (!server) return server.error();                    // "127.0.0.1:4317: Address already in use"
//   (*server)->stop(std::chrono::seconds(5));
//
// Compression: none, gzip and deflate; the size limit holds after decompression. zstd does not exist in grpc 1.51.
// A full server answers UNAVAILABLE with a RetryInfo. Memory is bounded by max_in_flight_bytes (what waits for the
// handler), max_connections (the longest silent one makes room) and a quota of twice the former over all sockets.
// Threads: start and stop from one owner; the handler runs on the server's threads, `threads` of them at once.
// Costs: about 15 us a call and a copy of the message; 10 threads that sleep when idle, most of them the library's. malloc
// is told to keep up to 4 MiB an arena, which halves the cost of a call of 260 KB.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meters/base/result.h"
#include "wire/grpc_tls.h"
#include "wire/rpc_status.h"

namespace tocsin::wire {

// Views that live as long as the handler runs.
struct GrpcCall {
  std::string_view method;   // "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
  std::string_view message;  // decompressed, contiguous
  std::string_view peer;     // "127.0.0.1:50312", "[::1]:50312"
  bool authenticated = false;  // it named itself and was believed; false where nobody is asked
  std::span<const std::pair<std::string_view, std::string_view>> metadata;  // keys in lower case

  // The first value of a key (lower case), or empty.
  std::string_view header(std::string_view key) const noexcept;
};

struct GrpcReply {
  RpcStatus status;
  std::string body;  // sent only when the status is Ok
};

// Must not throw: what it throws becomes INTERNAL and is counted.
using GrpcHandler = std::function<GrpcReply(const GrpcCall&)>;

struct GrpcServerOptions {
  std::string listen = "127.0.0.1:4317";  // "host:port", "[::1]:port", "0.0.0.0:port"; port 0: a free one
  std::vector<std::string> methods{};     // others are UNIMPLEMENTED before their message is read; empty: all
  std::size_t max_message_bytes = std::size_t{64} << 20;     // after decompression
  std::size_t max_in_flight_bytes = std::size_t{256} << 20;  // received and not yet answered
  std::size_t max_calls = 1'024;                             // begun and not yet answered
  std::size_t max_connections = 1'024;
  unsigned threads = 1;                   // more only for a handler that waits: each costs all calls some wake-ups
  std::string thread_name = "grpc";       // at most 11 characters: the threads are <name>-<number>
  std::chrono::milliseconds receive_timeout{30'000};  // from a call's first byte to its whole message
  std::chrono::milliseconds retry_delay{1'000};       // told to whom we refuse because we are full
  std::optional<GrpcTls> tls{};
  // Judges the `authorization` metadata ("Bearer ...", "Basic ..."); empty: nobody is asked. Thread-safe.
  std::function<bool(std::string_view authorization)> authorize{};
};

// Totals since the start, but for the last three. calls = handled + refused_* + timed_out + cancelled + calls_now, once
// what is being handled has ended.
struct GrpcServerStats {
  std::uint64_t calls = 0;                  // begun: their headers were read
  std::uint64_t handled = 0;                // the handler was asked
  std::uint64_t refused_credentials = 0;    // UNAUTHENTICATED
  std::uint64_t refused_unimplemented = 0;  // UNIMPLEMENTED: not among the methods
  std::uint64_t refused_too_large = 0;      // RESOURCE_EXHAUSTED: over max_message_bytes
  std::uint64_t refused_malformed = 0;      // INVALID_ARGUMENT: no message, or one that does not decompress
  std::uint64_t refused_busy = 0;           // UNAVAILABLE: max_calls or max_in_flight_bytes
  std::uint64_t timed_out = 0;              // DEADLINE_EXCEEDED: the message did not arrive within receive_timeout
  std::uint64_t crowded_out = 0;            // of the timed_out: ended early, because max_calls was reached
  std::uint64_t cancelled = 0;              // given up by its sender, or cut off, before the handler began
  std::uint64_t handler_exceptions = 0;     // of the handled: INTERNAL
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_crowded_out = 0;  // the longest silent ones, closed because max_connections was reached
  std::size_t calls_now = 0;
  std::size_t in_flight_bytes = 0;
};

class GrpcServer {
 public:
  // Listens when it returns. Errors: Environment when the address cannot be bound (named, with the reason),
  // Configuration for options that cannot work, with the file or field.
  static Result<std::unique_ptr<GrpcServer>> start(GrpcServerOptions options, GrpcHandler handler);

  ~GrpcServer();  // stops, with a deadline of one second
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;

  // Accepts no more, lets calls in flight end until the deadline, cancels the rest, and waits for the handlers that
  // still run. Safe twice. Requires: not from inside the handler.
  void stop(std::chrono::milliseconds deadline);

  std::uint16_t port() const noexcept;
  std::string address() const;  // "127.0.0.1:4317", with the port that was taken
  GrpcServerStats stats() const;

 private:
  class Engine;
  explicit GrpcServer(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace tocsin::wire
