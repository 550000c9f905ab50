// SPDX-License-Identifier: Apache-2.0
// OTLP over HTTP: protobuf or JSON, whole bodies, over HttpClient.
#include <mutex>

#include "exporters/otlp.h"
#include "exporters/otlp_transport.h"
#include "exporters/src/otlp_send_answer.h"
#include "meters/base/text.h"
#include "wire/otlp_json.h"
#include "wire/url.h"

namespace tocsin::exporters {

namespace {

class HttpTransport final : public OtlpTransport {
 public:
  HttpTransport(const OtlpOptions& options, std::string metrics_url, std::string traces_url)
      : json_(options.protocol == OtlpProtocol::HttpJson),
        compression_(options.compression),
        tls_(options.tls),
        metrics_url_(std::move(metrics_url)),
        traces_url_(std::move(traces_url)),
        client_({.thread_name = "otlp-http", .max_connections_per_host = 1}) {
    headers_.add("Content-Type", json_ ? "application/json" : "application/x-protobuf");
    headers_.add("User-Agent", "tocsin");
    if (compression_ != wire::Encoding::Identity)
      headers_.add("Content-Encoding", std::string(wire::encoding_name(compression_)));
    for (const auto& [name, value] : options.headers) headers_.add(name, value);
  }

  std::string prepare(OtlpSignal signal, std::string request) override {
    if (json_) {
      // What we encode is well formed; spans of others were decoded when they came.
      const auto kind = signal == OtlpSignal::Metrics ? wire::OtlpMessage::MetricsRequest : wire::OtlpMessage::TraceRequest;
      if (auto converted = wire::protobuf_to_json(request, kind)) request = *std::move(converted);
    }
    return compression_ == wire::Encoding::Identity ? request : wire::compress(compression_, request);
  }

  void send(OtlpSignal signal, std::shared_ptr<const std::string> prepared, std::chrono::milliseconds timeout,
            Done done) override {
    wire::HttpCall call;
    call.method = "POST";
    call.url = signal == OtlpSignal::Metrics ? metrics_url_ : traces_url_;
    call.headers = headers_;
    call.body = *prepared;
    call.timeout = timeout;
    call.tls = tls_;
    // The number is only known after send(), when the call may be over already; cancelling it then does nothing.
    const auto id = client_.send(std::move(call), [signal, done = std::move(done)](Result<wire::HttpReply> reply) {
      done(reply ? judge(signal, *reply, SystemClock::instance().now()) : judge(reply.error()));
    });
    const std::lock_guard lock(mutex_);
    last_ = id;
  }

  void cancel() override {
    wire::HttpClient::CallId id = 0;
    {
      const std::lock_guard lock(mutex_);
      id = last_;
    }
    client_.cancel(id);
  }

 private:
  // Fixed after construction.
  const bool json_;
  const wire::Encoding compression_;
  const wire::HttpClientTls tls_;
  const std::string metrics_url_, traces_url_;
  wire::HttpHeaders headers_;

  std::mutex mutex_;
  wire::HttpClient::CallId last_ = 0;  // guarded by mutex_

  wire::HttpClient client_;  // own synchronisation
};

// The specification: the base endpoint gets the signal's path appended, a signal's own endpoint is taken as it is.
Result<std::string> url_of(const std::string& base, const std::string& own, std::string_view path, std::string_view name) {
  const std::string& given = own.empty() ? base : own;
  const auto url = wire::parse_url(given);
  if (!url) {
    std::string message = "export \"" + std::string(name) + "\": endpoint \"" + given + "\": " + url.error().message;
    if (given.find("://") == std::string::npos) message += "; did you mean \"http://" + given + "\"?";
    return Error{Fault::Configuration, std::move(message)};
  }
  if (!own.empty()) return own;
  return given + (given.ends_with('/') ? "" : "/") + std::string(path);
}

}  // namespace

Result<std::unique_ptr<OtlpTransport>> make_http_transport(const OtlpOptions& options) {
  std::string metrics_url, traces_url;
  if (options.metrics) {
    auto url = url_of(options.endpoint, options.metrics_endpoint, "v1/metrics", options.name);
    if (!url) return std::move(url).error();
    metrics_url = *std::move(url);
  }
  if (options.spans) {
    auto url = url_of(options.endpoint, options.traces_endpoint, "v1/traces", options.name);
    if (!url) return std::move(url).error();
    traces_url = *std::move(url);
  }
  for (const auto& [name, value] : options.headers)
    for (const std::string_view reserved : {"Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Host"})
      if (equal_ignoring_case(name, reserved))
        return Error{Fault::Configuration,
                     "export \"" + options.name + "\": the header " + name + " is set by the protocol"};
  std::unique_ptr<OtlpTransport> transport =
      std::make_unique<HttpTransport>(options, std::move(metrics_url), std::move(traces_url));
  return transport;
}

}  // namespace tocsin::exporters
