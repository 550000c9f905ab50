// SPDX-License-Identifier: Apache-2.0
// ServerCall: one call on the server from its headers to its end; it knows grpc's steps and no policy.
//
//   ServerCall::request(service, queue);                  // waits for a call; Step::Arrived with ok = false: shutting down
//   call.receive();                                       // then Step::Received, ok: message() is whole
//   call.reply(status, body);                             // then Step::Replied
//   if (call.step_ended(tag.step)) delete &call;          // nothing of it is outstanding any more
//
// Each step comes back once from the completion queue as a Tag, in any order but Arrived first; Closed comes for every call
// that arrived. Threads: steps may come on different threads; who may reply is for the owner to settle.
// Costs: about 2 KiB while the call lives.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <atomic>
#include <chrono>
#include <list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/grpc_server.h"

namespace tocsin::wire {

class ServerCall {
 public:
  enum class Step : unsigned char { Arrived, Closed, Received, Replied };
  struct Tag {
    ServerCall* call;
    Step step;
  };
  using Clock = std::chrono::steady_clock;

  // The new call belongs to whoever gets its first Tag.
  static void request(grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue);

  void receive();
  // Requires: exactly once for each call that arrived. After the last step but Replied the call may be gone.
  void reply(const RpcStatus& status, std::string_view body = {});

  // To be told of every Tag but Arrived, and once for Arrived when all that this led to is under way; true for the last.
  bool step_ended(Step step) noexcept;

  const std::string& method() const noexcept { return context_.method(); }
  std::string_view header(std::string_view key) const;
  std::string peer() const;
  std::vector<std::pair<std::string_view, std::string_view>> metadata() const;
  const grpc::ByteBuffer& message() const noexcept { return message_; }
  void drop_message() { message_.Clear(); }
  // Its sender gave up or is gone. Known once Closed came.
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_acquire); }

  // The owner's notes, guarded by the owner.
  bool receiving = false;
  bool without_message = false;
  std::list<ServerCall*>::iterator place;
  Clock::time_point receive_by;

 private:
  ServerCall() : stream_(&context_) {}

  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  grpc::ByteBuffer message_;
  Tag tags_[4] = {{this, Step::Arrived}, {this, Step::Closed}, {this, Step::Received}, {this, Step::Replied}};
  std::atomic<int> outstanding_{3};  // Arrived, Closed and Replied: each comes once
  std::atomic<bool> cancelled_{false};
};

}  // namespace tocsin::wire
