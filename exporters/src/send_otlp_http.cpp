// SPDX-License-Identifier: Apache-2.0
// OTLP over HTTP: protobuf or JSON, whole bodies, over HttpClient.
#include "exporters/destination.h"
#include "exporters/transport.h"
#include "exporters/src/send_answer.h"
#include "exporters/src/send_post.h"
#include "wire/otlp_json.h"

namespace tocsin::exporters {

namespace {

class HttpTransport final : public Transport {
 public:
  HttpTransport(const DestinationOptions& options, std::string metrics_url, std::string traces_url)
      : json_(options.protocol == OtlpProtocol::HttpJson),
        compression_(options.compression),
        metrics_url_(std::move(metrics_url)),
        traces_url_(std::move(traces_url)),
        post_("otlp-http", options.tls, headers_of(options)) {}

  std::string prepare(Signal signal, std::string request) override {
    if (json_) {
      // What we encode is well formed; spans of others were decoded when they came.
      const auto kind = signal == Signal::Metrics ? wire::OtlpMessage::MetricsRequest : wire::OtlpMessage::TraceRequest;
      if (auto converted = wire::protobuf_to_json(request, kind)) request = *std::move(converted);
    }
    return compression_ == wire::Encoding::Identity ? request : wire::compress(compression_, request);
  }

  void send(Signal signal, std::shared_ptr<const std::string> prepared, std::chrono::milliseconds timeout,
            Done done) override {
    post_.send(signal == Signal::Metrics ? metrics_url_ : traces_url_, *prepared, timeout,
               [signal, done = std::move(done)](Result<wire::HttpReply> reply) {
                 done(reply ? judge(signal, *reply, SystemClock::instance().now()) : judge(reply.error()));
               });
  }

  void cancel() override { post_.cancel(); }

 private:
  static wire::HttpHeaders headers_of(const DestinationOptions& options) {
    wire::HttpHeaders headers = own_headers(options);
    headers.add("Content-Type", options.protocol == OtlpProtocol::HttpJson ? "application/json" : "application/x-protobuf");
    if (options.compression != wire::Encoding::Identity)
      headers.add("Content-Encoding", std::string(wire::encoding_name(options.compression)));
    return headers;
  }

  // Fixed after construction.
  const bool json_;
  const wire::Encoding compression_;
  const std::string metrics_url_, traces_url_;

  HttpPost post_;  // own synchronisation
};

// The specification: the base endpoint gets the signal's path appended, a signal's own endpoint is taken as it is.
Result<std::string> url_of(const DestinationOptions& options, const std::string& own, std::string_view path) {
  const std::string& given = own.empty() ? options.endpoint : own;
  if (auto good = check_url(options, given); !good) return std::move(good).error();
  if (!own.empty()) return own;
  return given + (given.ends_with('/') ? "" : "/") + std::string(path);
}

}  // namespace

Result<std::unique_ptr<Transport>> make_http_transport(const DestinationOptions& options) {
  std::string metrics_url, traces_url;
  if (options.metrics) {
    auto url = url_of(options, options.metrics_endpoint, "v1/metrics");
    if (!url) return std::move(url).error();
    metrics_url = *std::move(url);
  }
  if (options.spans) {
    auto url = url_of(options, options.traces_endpoint, "v1/traces");
    if (!url) return std::move(url).error();
    traces_url = *std::move(url);
  }
  if (auto good = check_headers(options); !good) return std::move(good).error();
  std::unique_ptr<Transport> transport =
      std::make_unique<HttpTransport>(options, std::move(metrics_url), std::move(traces_url));
  return transport;
}

}  // namespace tocsin::exporters
