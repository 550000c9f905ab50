// SPDX-License-Identifier: Apache-2.0
#include "exporters/otlp_grpc.h"

#include <mutex>

#include "exporters/src/send_answer.h"
#include "wire/grpc_client.h"

namespace tocsin::exporters {

namespace {

constexpr const char* kMetricsMethod = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
constexpr const char* kTracesMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

class GrpcTransport final : public Transport {
 public:
  GrpcTransport(const DestinationOptions& options, std::unique_ptr<wire::GrpcClient> metrics,
                std::unique_ptr<wire::GrpcClient> traces)
      : gzip_(options.compression == wire::Encoding::Gzip), metadata_(options.headers), metrics_(std::move(metrics)),
        traces_(std::move(traces)) {}

  std::string prepare(Signal, std::string request) override { return request; }

  void send(Signal signal, std::shared_ptr<const std::string> prepared, std::chrono::milliseconds timeout,
            Done done) override {
    const bool is_metrics = signal == Signal::Metrics;
    wire::GrpcClient& client = is_metrics || !traces_ ? *metrics_ : *traces_;
    wire::GrpcRequest request{is_metrics ? kMetricsMethod : kTracesMethod, std::move(prepared), metadata_, timeout, gzip_};
    const auto id = client.call(std::move(request), [signal, done = std::move(done)](Result<wire::GrpcResult> result) {
      done(result ? judge(signal, result->status, result->body) : judge(result.error()));
    });
    const std::lock_guard lock(mutex_);
    client_ = &client;
    last_ = id;
  }

  void cancel() override {
    wire::GrpcClient* client = nullptr;
    wire::GrpcCallId id{};
    {
      const std::lock_guard lock(mutex_);
      client = client_;
      id = last_;
    }
    if (client != nullptr) client->cancel(id);
  }

 private:
  // Fixed after construction.
  const bool gzip_;
  const std::vector<std::pair<std::string, std::string>> metadata_;

  std::mutex mutex_;
  // Guarded by mutex_.
  wire::GrpcClient* client_ = nullptr;
  wire::GrpcCallId last_{};

  std::unique_ptr<wire::GrpcClient> metrics_, traces_;  // traces: null where both go the same way
};

Error wrong(const DestinationOptions& options, const std::string& reason) {
  return {Fault::Configuration, "export \"" + options.name + "\": " + reason};
}

Result<std::unique_ptr<wire::GrpcClient>> client_for(const DestinationOptions& options, const std::string& target) {
  wire::GrpcClientOptions client;
  client.target = target;
  const wire::HttpClientTls& tls = options.tls;
  if (!tls.ca_file.empty() || !tls.certificate_file.empty() || !tls.key_file.empty())
    client.tls = wire::GrpcTls{tls.certificate_file, tls.key_file, tls.ca_file};
  auto made = wire::GrpcClient::make(std::move(client));
  if (!made) return wrong(options, "endpoint \"" + target + "\": " + made.error().message);
  return made;
}

}  // namespace

Result<std::unique_ptr<Transport>> make_grpc_transport(const DestinationOptions& options) {
  if (options.compression != wire::Encoding::Identity && options.compression != wire::Encoding::Gzip)
    return wrong(options, "gRPC is compressed by gzip or not at all");
  if (options.tls.insecure) return wrong(options, "over gRPC a certificate is always checked: name its CA file");
  const std::string& metrics_target = options.metrics_endpoint.empty() ? options.endpoint : options.metrics_endpoint;
  const std::string& traces_target = options.traces_endpoint.empty() ? options.endpoint : options.traces_endpoint;
  auto metrics = client_for(options, options.metrics ? metrics_target : traces_target);
  if (!metrics) return std::move(metrics).error();
  std::unique_ptr<wire::GrpcClient> traces;
  if (options.metrics && options.spans && traces_target != metrics_target) {
    auto made = client_for(options, traces_target);
    if (!made) return std::move(made).error();
    traces = *std::move(made);
  }
  std::unique_ptr<Transport> transport =
      std::make_unique<GrpcTransport>(options, *std::move(metrics), std::move(traces));
  return transport;
}

}  // namespace tocsin::exporters
