// SPDX-License-Identifier: Apache-2.0
#include "wire/grpc_server.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

#include "wire/src/grpc_server_engine.h"

namespace tocsin::wire {
namespace {

// The library's own bound, over everything its sockets hold; beyond it calls are cut off and connections refused.
constexpr int kQuotaFactor = 2;

void set_arguments(grpc::ServerBuilder& builder, const GrpcServerOptions& options) {
  // Decompressing is ours, since the library checks the size only before it. It also reads a message of up to 4 GiB
  // before it looks at its limit, so its limit is off, ours gives the clearer answer, and the quota bounds the memory.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.SetMaxReceiveMessageSize(-1);
  grpc::ResourceQuota quota("tocsin");
  quota.Resize(options.max_in_flight_bytes * kQuotaFactor);
  builder.SetResourceQuota(quota);

  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 100);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 * 1024);  // a bearer token can be long
  // Senders that ping often, as a Collector can be told to, are not thrown out for it.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
}

Result<void> check(const GrpcServerOptions& options) {
  const auto fault = [](const char* text) { return Error{Fault::Configuration, text}; };
  if (options.threads == 0) return fault("a gRPC server needs at least one thread");
  if (options.max_connections == 0) return fault("max_connections must be at least 1");
  if (options.max_calls == 0) return fault("max_calls must be at least 1");
  if (options.max_message_bytes == 0) return fault("max_message_bytes must be at least 1");
  if (options.max_in_flight_bytes < options.max_message_bytes) {
    return fault("max_in_flight_bytes must be at least max_message_bytes");
  }
  return {};
}

}  // namespace

std::string_view GrpcCall::header(std::string_view key) const noexcept {
  const auto found = std::find_if(metadata.begin(), metadata.end(), [&](const auto& one) { return one.first == key; });
  return found == metadata.end() ? std::string_view() : found->second;
}

Result<void> GrpcServer::Engine::start() {
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  if (options_.tls) {
    auto made = server_credentials(*options_.tls);
    if (!made) return made.error();
    credentials = *std::move(made);
  }
  GrpcLogCapture log;
  grpc::ServerBuilder builder;
  set_arguments(builder, options_);
  builder.RegisterAsyncGenericService(&service_);
  queue_ = builder.AddCompletionQueue();
  using Builder = grpc::ServerBuilder::experimental_type;
  acceptor_ = builder.experimental().AddExternalConnectionAcceptor(Builder::ExternalConnectionType::FROM_FD, credentials);
  server_ = builder.BuildAndStart();
  // A key that does not belong to its certificate is only logged, and every handshake would fail.
  if (!server_ || (options_.tls && !log.text().empty())) {
    if (server_) server_->Shutdown();
    queue_->Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) {
    }
    std::string what = "the gRPC server";
    if (const auto& tls = options_.tls) {
      what = "TLS cannot be set up with " + tls->certificate_file + " and " + tls->key_file;
      if (!tls->ca_file.empty()) what += " and " + tls->ca_file;
    }
    return Error{Fault::Configuration, what + ": " + (log.text().empty() ? "it did not start" : log.text())};
  }
  request_next();
  for (unsigned i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, i] {
      name_this_thread(options_.thread_name + "-" + std::to_string(i));
      serve();
    });
  }
  listener_->start(
      [this](int fd) {
        grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
        connection.fd = fd;
        acceptor_->HandleNewConnection(&connection);
      },
      options_.thread_name + "-in");
  return {};
}

void GrpcServer::Engine::stop(std::chrono::milliseconds deadline) {
  const std::lock_guard stopping(stop_mutex_);
  if (std::exchange(stopped_, true)) return;
  listener_->stop();
  const auto until = std::chrono::system_clock::now() + deadline;
  {
    // The library waits for peers to agree to the end of a connection. Those that do not answer, and have no call in
    // progress, are cut off after a moment.
    std::jthread hang_up([this](const std::stop_token& stop) {
      constexpr std::chrono::milliseconds kFarewell(200);
      std::condition_variable_any wake;
      std::mutex mutex;
      std::unique_lock lock(mutex);
      do {
        wake.wait_for(lock, stop, kFarewell, [] { return false; });
      } while (!stop.stop_requested() && stats().calls_now != 0);
      if (!stop.stop_requested()) listener_->close_all();
    });
    if (server_) server_->Shutdown(until);
  }
  if (!server_) return;
  {
    // Shutdown() may return before the last steps of cancelled calls were taken, and those still use the queue.
    std::unique_lock lock(mutex_);
    no_objects_.wait(lock, [this] { return objects_ == 0; });
  }
  queue_->Shutdown();
  threads_.clear();
}

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(GrpcServerOptions options, GrpcHandler handler) {
  if (auto checked = check(options); !checked) return checked.error();
  prepare_grpc_library();
  keep_freed_memory();
  auto listener = GrpcListener::bind(options.listen, options.max_connections);
  if (!listener) return listener.error();
  auto engine = std::make_unique<Engine>(std::move(options), std::move(handler), *std::move(listener));
  if (auto started = engine->start(); !started) return started.error();
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(engine)));
}

GrpcServer::GrpcServer(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
GrpcServer::~GrpcServer() { engine_->stop(std::chrono::seconds(1)); }
void GrpcServer::stop(std::chrono::milliseconds deadline) { engine_->stop(deadline); }
std::uint16_t GrpcServer::port() const noexcept { return engine_->listener().port(); }

std::string GrpcServer::address() const {
  const std::string& listen = engine_->options().listen;
  return listen.substr(0, listen.rfind(':') + 1) + std::to_string(port());
}

GrpcServerStats GrpcServer::stats() const { return engine_->stats(); }

}  // namespace tocsin::wire
