// SPDX-License-Identifier: Apache-2.0
#include "wire/src/grpc_server_call.h"

#include "wire/src/grpc_library.h"
#include "wire/url.h"

namespace tocsin::wire {
namespace {

std::string_view view_of(grpc::string_ref text) { return {text.data(), text.size()}; }

}  // namespace

void ServerCall::request(grpc::AsyncGenericService& service, grpc::ServerCompletionQueue& queue) {
  auto* call = new ServerCall;
  call->context_.AsyncNotifyWhenDone(&call->tags_[1]);
  service.RequestCall(&call->context_, &call->stream_, &queue, &queue, &call->tags_[0]);
}

void ServerCall::receive() {
  outstanding_.fetch_add(1, std::memory_order_relaxed);
  stream_.Read(&message_, &tags_[2]);
}

void ServerCall::reply(const RpcStatus& status, std::string_view body) {
  if (status.ok()) {
    stream_.WriteAndFinish(to_byte_buffer(body), grpc::WriteOptions(), grpc::Status::OK, &tags_[3]);
  } else {
    stream_.Finish(to_grpc_status(status), &tags_[3]);
  }
}

bool ServerCall::step_ended(Step step) noexcept {
  if (step == Step::Closed) cancelled_.store(context_.IsCancelled(), std::memory_order_release);
  return outstanding_.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

std::string_view ServerCall::header(std::string_view key) const {
  const auto& all = context_.client_metadata();
  const auto found = all.find(grpc::string_ref(key.data(), key.size()));
  return found == all.end() ? std::string_view() : view_of(found->second);
}

std::vector<std::pair<std::string_view, std::string_view>> ServerCall::metadata() const {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  all.reserve(context_.client_metadata().size());
  for (const auto& [key, value] : context_.client_metadata()) all.emplace_back(view_of(key), view_of(value));
  return all;
}

// "ipv6:%5B::1%5D:50312" becomes "[::1]:50312".
std::string ServerCall::peer() const {
  const std::string peer = context_.peer();
  const std::size_t colon = peer.find(':');
  return percent_decode(std::string_view(peer).substr(colon == std::string::npos ? 0 : colon + 1));
}

}  // namespace tocsin::wire
