// SPDX-License-Identifier: Apache-2.0
#include "wire/src/grpc_server_engine.h"

#include <grpc/support/time.h>
#include <malloc.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace tocsin::wire {
namespace {

using Step = ServerCall::Step;
using NextStatus = grpc::CompletionQueue::NextStatus;

constexpr std::size_t kLookAhead = 64;  // events taken between two messages

// Who began to send this lately is not pushed out by a newcomer.
constexpr std::chrono::seconds kCrowdedGrace(2);

// A message of this size, or one that took this long and never came whole, leaves free memory behind that malloc keeps.
constexpr std::size_t kLargeMessage = std::size_t{4} << 20;
constexpr std::chrono::milliseconds kLongReceive(500);
constexpr std::chrono::seconds kGiveBackAfter(5);

gpr_timespec to_timespec(ServerCall::Clock::time_point time) {
  using Time = ServerCall::Clock::time_point;
  if (time == Time::min()) return gpr_inf_past(GPR_CLOCK_MONOTONIC);
  if (time == Time::max()) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - ServerCall::Clock::now());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_millis(std::max<std::int64_t>(left.count(), 0), GPR_TIMESPAN));
}

RpcStatus status(RpcCode code, std::string message) { return {code, std::move(message), std::nullopt}; }

}  // namespace

void GrpcServer::Engine::serve() {
  MessageReader reader;
  std::size_t taken = 0;
  while (true) {
    bool waiting = false;
    {
      const std::lock_guard lock(mutex_);
      waiting = !waiting_.empty();
    }
    void* tag = nullptr;
    bool ok = false;
    const NextStatus status = next(waiting, &tag, &ok);
    if (status == NextStatus::SHUTDOWN) return;
    if (status == NextStatus::GOT_EVENT) {
      on_event(*static_cast<ServerCall::Tag*>(tag), ok);
      if (++taken < kLookAhead) continue;
    } else {
      expire();
      give_back_memory();
    }
    taken = 0;
    handle_one(reader);
  }
}

// With messages waiting only what is there at once; otherwise until the first sender runs out of time, or memory is due.
NextStatus GrpcServer::Engine::next(bool waiting, void** tag, bool* ok) {
  auto until = waiting ? ServerCall::Clock::time_point::min() : ServerCall::Clock::time_point::max();
  if (!waiting) {
    const std::lock_guard lock(mutex_);
    if (!receiving_.empty()) until = receiving_.front()->receive_by;
    until = std::min(until, give_back_at_);
  }
  return queue_->AsyncNext(tag, ok, to_timespec(until));
}

void GrpcServer::Engine::on_event(const ServerCall::Tag& tag, bool ok) {
  ServerCall& call = *tag.call;
  if (tag.step == Step::Arrived) {
    if (!ok) {
      remove(call);
      return;
    }
    request_next();
    on_arrived(call);
  } else if (tag.step == Step::Received) {
    on_received(call, ok);
  }
  if (call.step_ended(tag.step)) drop(call);
}

void GrpcServer::Engine::on_arrived(ServerCall& call) {
  if (const auto refused = refusal(call)) {
    call.reply(*refused);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    call.receiving = true;
    call.receive_by = ServerCall::Clock::now() + options_.receive_timeout;
    call.place = receiving_.insert(receiving_.end(), &call);
  }
  call.receive();
}

// What can be said without the message. Counts the call.
std::optional<RpcStatus> GrpcServer::Engine::refusal(ServerCall& call) {
  const bool believed = !options_.authorize || options_.authorize(call.header("authorization"));
  const bool served = options_.methods.empty() ||
                      std::find(options_.methods.begin(), options_.methods.end(), call.method()) != options_.methods.end();
  bool full = false;
  {
    const std::lock_guard lock(mutex_);
    ++stats_.calls;
    ++stats_.calls_now;
    full = stats_.calls_now > options_.max_calls;
    if (!believed) ++stats_.refused_credentials;
    if (believed && !served) ++stats_.refused_unimplemented;
  }
  if (!believed) return status(RpcCode::Unauthenticated, "this listener asks for credentials: authorization metadata");
  if (!served) {
    std::string text = call.method() + " is not served here; served:";
    for (const std::string& one : options_.methods) text += " " + one;
    return status(RpcCode::Unimplemented, std::move(text));
  }
  if (!full) return std::nullopt;
  crowd_out();
  const std::lock_guard lock(mutex_);
  if (stats_.calls_now <= options_.max_calls) return std::nullopt;
  ++stats_.refused_busy;
  return busy("too many calls in progress");
}

// Ends the call that has been sending for longest, to make room for a new one.
void GrpcServer::Engine::crowd_out() {
  ServerCall* victim = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (receiving_.empty()) return;
    victim = receiving_.front();
    if (ServerCall::Clock::now() < victim->receive_by - options_.receive_timeout + kCrowdedGrace) return;
    stop_receiving(*victim);
    ++stats_.timed_out;
    ++stats_.crowded_out;
  }
  victim->reply(busy("the message came too slowly while the server was full"));
}

void GrpcServer::Engine::expire() {
  const auto now = ServerCall::Clock::now();
  while (true) {
    ServerCall* late = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (receiving_.empty() || receiving_.front()->receive_by > now) return;
      late = receiving_.front();
      stop_receiving(*late);
      plan_to_give_back();
      ++stats_.timed_out;
    }
    late->reply(status(RpcCode::DeadlineExceeded, "the message was not complete after " +
                                                      std::to_string(options_.receive_timeout.count()) + " ms"));
  }
}

void GrpcServer::Engine::give_back_memory() {
  {
    const std::lock_guard lock(mutex_);
    if (ServerCall::Clock::now() < give_back_at_) return;
    give_back_at_ = ServerCall::Clock::time_point::max();
  }
  malloc_trim(0);
}

// Requires: mutex_ held.
void GrpcServer::Engine::plan_to_give_back() {
  give_back_at_ = std::min(give_back_at_, ServerCall::Clock::now() + kGiveBackAfter);
}

// Whoever takes a call off the list is the one who replies.
void GrpcServer::Engine::stop_receiving(ServerCall& call) {
  receiving_.erase(call.place);
  call.receiving = false;
}

void GrpcServer::Engine::on_received(ServerCall& call, bool ok) {
  const std::size_t bytes = ok ? call.message().Length() : 0;
  RpcStatus refused;
  {
    const std::lock_guard lock(mutex_);
    if (!call.receiving) {  // it was given up meanwhile
      call.drop_message();
      return;
    }
    stop_receiving(call);
    const auto since = call.receive_by - options_.receive_timeout;
    if (bytes >= kLargeMessage || (!ok && ServerCall::Clock::now() - since > kLongReceive)) plan_to_give_back();
    if (!ok) {
      // Half-closed without a message, or gone: which of them is known at the end, and is counted there.
      refused = status(RpcCode::InvalidArgument, "the call ended without a message");
      call.without_message = true;
    } else if (stats_.in_flight_bytes != 0 && stats_.in_flight_bytes + bytes > options_.max_in_flight_bytes) {
      refused = busy("too many bytes wait to be handled");
      ++stats_.refused_busy;
    } else {
      stats_.in_flight_bytes += bytes;
      waiting_.push_back({&call, bytes});
      return;
    }
  }
  call.drop_message();
  call.reply(refused);
}

void GrpcServer::Engine::handle_one(MessageReader& reader) {
  Waiting next{};
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;
    next = waiting_.front();
    waiting_.pop_front();
  }
  const GrpcReply reply = answer(*next.call, reader);
  reader.trim();
  next.call->drop_message();
  {
    const std::lock_guard lock(mutex_);
    stats_.in_flight_bytes -= next.bytes;
  }
  next.call->reply(reply.status, reply.body);
}

GrpcReply GrpcServer::Engine::answer(ServerCall& call, MessageReader& reader) {
  if (call.cancelled()) {
    const std::lock_guard lock(mutex_);
    ++stats_.cancelled;
    return {status(RpcCode::Cancelled, "given up by the sender"), {}};
  }
  const auto message = reader.read(call.message(), options_.max_message_bytes);
  if (message) return ask_handler(call, *message);
  const bool large = message.error().fault == Fault::TooLarge;
  const std::lock_guard lock(mutex_);
  ++(large ? stats_.refused_too_large : stats_.refused_malformed);
  return {status(large ? RpcCode::ResourceExhausted : RpcCode::InvalidArgument, message.error().message), {}};
}

GrpcReply GrpcServer::Engine::ask_handler(ServerCall& call, std::string_view message) {
  const std::string peer = call.peer();
  const auto metadata = call.metadata();
  GrpcReply reply;
  bool failed = false;
  try {
    reply = handler_({call.method(), message, peer, static_cast<bool>(options_.authorize), metadata});
  } catch (const std::exception& exception) {
    failed = true;
    reply = {status(RpcCode::Internal, exception.what()), {}};
  } catch (...) {
    failed = true;
    reply = {status(RpcCode::Internal, "the handler failed"), {}};
  }
  const std::lock_guard lock(mutex_);
  ++stats_.handled;
  if (failed) ++stats_.handler_exceptions;
  return reply;
}

void GrpcServer::Engine::drop(ServerCall& call) {
  {
    const std::lock_guard lock(mutex_);
    --stats_.calls_now;
    if (call.without_message) ++(call.cancelled() ? stats_.cancelled : stats_.refused_malformed);
  }
  remove(call);
}

void GrpcServer::Engine::request_next() {
  {
    const std::lock_guard lock(mutex_);
    ++objects_;
  }
  ServerCall::request(service_, *queue_);
}

void GrpcServer::Engine::remove(ServerCall& call) {
  delete &call;
  const std::lock_guard lock(mutex_);
  if (--objects_ == 0) no_objects_.notify_all();
}

RpcStatus GrpcServer::Engine::busy(std::string message) const {
  return {RpcCode::Unavailable, std::move(message), options_.retry_delay};
}

GrpcServerStats GrpcServer::Engine::stats() const {
  GrpcServerStats stats;
  {
    const std::lock_guard lock(mutex_);
    stats = stats_;
  }
  stats.connections_accepted = listener_->accepted();
  stats.connections_crowded_out = listener_->crowded_out();
  return stats;
}

}  // namespace tocsin::wire
