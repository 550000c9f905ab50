// SPDX-License-Identifier: Apache-2.0
// GrpcServer::Engine: the threads of a server and its policy: whom to refuse, what to hold, when to give up on a sender.
//
// Every thread does the same: it takes events off the queue, and between two messages looks for more of them without
// waiting, so that what has piled up is known, and refused where it is too much, before the handler is entered again.
// Threads: serve() on each of ours; stop() from the owner. Private to wire/src/grpc_server*.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "wire/grpc_server.h"
#include "wire/src/grpc_library.h"
#include "wire/src/grpc_listener.h"
#include "wire/src/grpc_server_call.h"

namespace tocsin::wire {

class GrpcServer::Engine {
 public:
  Engine(GrpcServerOptions options, GrpcHandler handler, std::unique_ptr<GrpcListener> listener)
      : options_(std::move(options)), handler_(std::move(handler)), listener_(std::move(listener)) {}

  Result<void> start();
  void stop(std::chrono::milliseconds deadline);
  const GrpcListener& listener() const noexcept { return *listener_; }
  const GrpcServerOptions& options() const noexcept { return options_; }
  GrpcServerStats stats() const;

 private:
  struct Waiting {
    ServerCall* call;
    std::size_t bytes;
  };

  void serve();
  grpc::CompletionQueue::NextStatus next(bool waiting, void** tag, bool* ok);
  void on_event(const ServerCall::Tag& tag, bool ok);
  void on_arrived(ServerCall& call);
  void on_received(ServerCall& call, bool ok);
  void handle_one(MessageReader& reader);
  GrpcReply answer(ServerCall& call, MessageReader& reader);
  GrpcReply ask_handler(ServerCall& call, std::string_view message);
  std::optional<RpcStatus> refusal(ServerCall& call);
  void give_back_memory();
  void plan_to_give_back();
  void crowd_out();
  void expire();
  void stop_receiving(ServerCall& call);
  void drop(ServerCall& call);
  void request_next();
  void remove(ServerCall& call);
  RpcStatus busy(std::string message) const;

  // Fixed after start.
  const GrpcServerOptions options_;
  const GrpcHandler handler_;
  const std::unique_ptr<GrpcListener> listener_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::list<ServerCall*> receiving_;  // by receive_by, since all have the same time
  std::deque<Waiting> waiting_;       // whole messages
  ServerCall::Clock::time_point give_back_at_ = ServerCall::Clock::time_point::max();
  std::size_t objects_ = 0;           // calls, and the one that waits to become one
  std::condition_variable no_objects_;
  GrpcServerStats stats_;

  std::mutex stop_mutex_;  // held while stopping
  bool stopped_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace tocsin::wire
