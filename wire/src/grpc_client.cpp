// SPDX-License-Identifier: Apache-2.0
#include "wire/grpc_client.h"

#include <grpc/grpc.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "wire/src/grpc_library.h"
#include "wire/url.h"

namespace tocsin::wire {
namespace {

struct Target {
  std::string address;  // "host:port", an IPv6 address in brackets
  std::string host;
  bool tls = false;
};

bool loopback(std::string_view host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

Result<Target> parse_target(const GrpcClientOptions& options) {
  const auto url = parse_grpc_target(options.target);
  if (!url) return Error{Fault::Configuration, url.error().message};
  Target target;
  target.host = url->host;
  target.address = (url->host.find(':') == std::string::npos ? url->host : "[" + url->host + "]") + ":" +
                   std::to_string(url->port);
  target.tls = url->scheme.empty() ? options.tls.has_value() : url->scheme == "https";
  if (options.tls && !target.tls) {
    return Error{Fault::Configuration, "\"" + options.target + "\" is plain text, but TLS files are given for it; write https://"};
  }
  return target;
}

grpc::ChannelArguments channel_arguments(const Target& target) {
  grpc::ChannelArguments arguments;
  // Decompressing and the limit are ours: the library checks the size only before it decompresses.
  arguments.SetInt(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // A destination that is back is found within seconds.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1'000);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (loopback(target.host)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetUserAgentPrefix("tocsin");
  return arguments;
}

grpc::Slice borrowed(std::string_view text) {
  return grpc::Slice(text.data(), text.size(), grpc::Slice::STATIC_SLICE);
}

// What HTTP/2 cannot carry would end the program inside the library.
Result<void> check(const GrpcRequest& request) {
  if (!request.method.starts_with('/') ||
      !std::all_of(request.method.begin(), request.method.end(), [](char c) { return c > ' ' && c < '\x7f'; })) {
    return Error{Fault::Input, "\"" + request.method + "\" is not a gRPC method; write /package.Service/Method"};
  }
  for (const auto& [key, value] : request.metadata) {
    const grpc_slice name = borrowed(key).c_slice();
    const grpc_slice content = borrowed(value).c_slice();
    const bool legal = grpc_header_key_is_legal(name) != 0 && !key.starts_with(':') && !key.starts_with("grpc-") &&
                       (grpc_is_binary_header(name) != 0 || grpc_header_nonbin_value_is_legal(content) != 0);
    if (!legal) return Error{Fault::Input, "metadata \"" + key + "\" cannot be sent: its name or value is not legal"};
  }
  return {};
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

class GrpcClient::Engine {
 public:
  Engine(std::shared_ptr<grpc::Channel> channel, std::size_t max_reply_bytes)
      : max_reply_bytes_(max_reply_bytes), stub_(std::move(channel)), thread_([this] {
          name_this_thread("grpc-out");
          run();
        }) {}

  GrpcCallId call(GrpcRequest request, GrpcCallback callback);
  void cancel(GrpcCallId id);
  void stop(std::chrono::milliseconds deadline);

 private:
  struct Pending {
    GrpcCallId id{};
    GrpcCallback callback;
    grpc::ClientContext context;
    grpc::ByteBuffer reply;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
    bool given_up = false;  // guarded by mutex_
  };

  void run();
  void finish(std::unique_ptr<Pending> done, MessageReader& reader);

  const std::size_t max_reply_bytes_;
  grpc::GenericStub stub_;
  grpc::CompletionQueue queue_;

  // Guarded by mutex_.
  std::mutex mutex_;
  std::condition_variable ended_;
  std::map<GrpcCallId, Pending*> pending_;
  std::uint64_t last_id_ = 0;
  std::size_t starting_ = 0;  // calls being handed to the library: the queue must not close under them
  bool stopped_ = false;

  std::mutex stop_mutex_;  // held while stopping
  std::jthread thread_;
};

GrpcCallId GrpcClient::Engine::call(GrpcRequest request, GrpcCallback callback) {
  for (auto& [key, value] : request.metadata) key = lower_case(std::move(key));
  if (auto checked = check(request); !checked) {
    callback(checked.error());
    return {};
  }
  auto pending = std::make_unique<Pending>();
  pending->callback = std::move(callback);
  grpc::ClientContext& context = pending->context;
  context.set_deadline(std::chrono::system_clock::now() + request.timeout);
  if (request.gzip) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  for (const auto& [key, value] : request.metadata) context.AddMetadata(key, value);
  const grpc::ByteBuffer message = to_byte_buffer(std::move(request.message));

  Pending* const call = pending.get();
  {
    const std::lock_guard lock(mutex_);
    if (!stopped_) {
      call->id = GrpcCallId{++last_id_};
      pending_.emplace(call->id, call);
      ++starting_;
    }
  }
  const GrpcCallId id = call->id;
  if (id == GrpcCallId{}) {
    pending->callback(Error{Fault::Cancelled, "the client has been stopped"});
    return id;
  }
  call->reader = stub_.PrepareUnaryCall(&context, request.method, message, &queue_);
  call->reader->StartCall();
  call->reader->Finish(&call->reply, &call->status, pending.release());  // from here on it may be over
  {
    const std::lock_guard lock(mutex_);
    --starting_;
  }
  ended_.notify_all();
  return id;
}

void GrpcClient::Engine::run() {
  MessageReader reader;
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) finish(std::unique_ptr<Pending>(static_cast<Pending*>(tag)), reader);
}

void GrpcClient::Engine::finish(std::unique_ptr<Pending> done, MessageReader& reader) {
  bool given_up = false;
  {
    const std::lock_guard lock(mutex_);
    pending_.erase(done->id);
    given_up = done->given_up;
  }
  if (given_up) {
    done->callback(Error{Fault::Cancelled, "the call was cancelled"});
  } else {
    GrpcResult result{to_rpc_status(done->status), {}};
    if (result.status.ok()) {
      if (const auto body = reader.read(done->reply, max_reply_bytes_)) {
        result.body = *body;
      } else {
        const bool large = body.error().fault == Fault::TooLarge;
        result.status = {large ? RpcCode::ResourceExhausted : RpcCode::Internal, "reply: " + body.error().message, {}};
      }
    }
    reader.trim();
    done->callback(std::move(result));
  }
  done.reset();
  ended_.notify_all();
}

void GrpcClient::Engine::cancel(GrpcCallId id) {
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;
  found->second->given_up = true;
  found->second->context.TryCancel();
}

void GrpcClient::Engine::stop(std::chrono::milliseconds deadline) {
  const std::lock_guard stopping(stop_mutex_);
  {
    std::unique_lock lock(mutex_);
    stopped_ = true;
    ended_.wait(lock, [this] { return starting_ == 0; });
    ended_.wait_for(lock, deadline, [this] { return pending_.empty(); });
    for (const auto& [id, call] : pending_) {
      call->given_up = true;
      call->context.TryCancel();
    }
  }
  queue_.Shutdown();
  if (thread_.joinable()) thread_.join();
}

Result<std::unique_ptr<GrpcClient>> GrpcClient::make(GrpcClientOptions options) {
  prepare_grpc_library();
  const auto target = parse_target(options);
  if (!target) return target.error();
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (target->tls) {
    auto made = client_credentials(options.tls.value_or(GrpcTls{}));
    if (!made) return made.error();
    credentials = *std::move(made);
  }
  auto channel = grpc::CreateCustomChannel("dns:///" + target->address, credentials, channel_arguments(*target));
  return std::unique_ptr<GrpcClient>(
      new GrpcClient(std::make_unique<Engine>(std::move(channel), options.max_reply_bytes)));
}

GrpcClient::GrpcClient(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
GrpcClient::~GrpcClient() { engine_->stop(std::chrono::milliseconds(0)); }
GrpcCallId GrpcClient::call(GrpcRequest request, GrpcCallback callback) {
  return engine_->call(std::move(request), std::move(callback));
}
void GrpcClient::cancel(GrpcCallId id) { engine_->cancel(id); }
void GrpcClient::stop(std::chrono::milliseconds deadline) { engine_->stop(deadline); }

}  // namespace tocsin::wire
