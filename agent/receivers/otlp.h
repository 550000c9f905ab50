// SPDX-License-Identifier: Apache-2.0
// OtlpReceiver: answers OTLP requests, whatever carried them. The app gives its two handlers to an HttpServer and a
// GrpcServer; tests call them directly.
//
//   OtlpReceiver receiver(intake, {});
//   receiver.on_spans([&](std::string_view request) { return spans.accept(request); });
//   HttpServer::start(http_options, [&](auto& request, auto& responder) { receiver.serve(request, responder); });
//   GrpcServer::start({.methods = OtlpReceiver::grpc_methods()}, [&](auto& call) { return receiver.serve(call); });
//
// A body is decoded whole before anything of it is applied: one that turns out broken has counted nothing. Points that
// cannot be taken are told to the sender as a partial success, and counted in the signal's ledger by reason.
// Threads: thread-safe. Holds at most max_in_flight_bytes of bodies; beyond it 429 or UNAVAILABLE, with a delay.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/intake.h"
#include "agent/ledger.h"
#include "agent/receivers/otlp_metrics.h"
#include "meters/base/result.h"
#include "wire/grpc_server.h"
#include "wire/http_message.h"
#include "wire/http_server.h"
#include "wire/rpc_status.h"

namespace tocsin::agent {

struct OtlpReceiverOptions {
  std::size_t max_request_bytes = std::size_t{64} << 20;     // after decompression
  std::size_t max_in_flight_bytes = std::size_t{256} << 20;  // of all requests that are being worked on
  std::chrono::seconds retry_after{1};
  OtlpDecodeLimits decode;
};

class OtlpReceiver {
 public:
  // Takes an ExportTraceServiceRequest. Errors: as for a whole request.
  using SpanHandler = std::function<Result<Ledger::Account>(std::string_view request)>;

  OtlpReceiver(Intake& intake, OtlpReceiverOptions options);

  // Before the first request. Without one spans are answered "unimplemented".
  void on_spans(SpanHandler handler) { spans_ = std::move(handler); }
  // While it serves, as on a reload.
  void configure(const OtlpReceiverOptions& options);

  // POST /v1/metrics and /v1/traces. Everything else is answered with a google.rpc.Status too.
  void serve(const wire::HttpRequest& request, wire::HttpResponder& responder);
  wire::GrpcReply serve(const wire::GrpcCall& call);
  static std::vector<std::string> grpc_methods();
  // What the HTTP server refuses by itself, as a google.rpc.Status too: for HttpServerOptions::on_refusal.
  static void refuse(const wire::HttpRequest& request, wire::HttpRefusal& refusal);

  // An ExportMetricsServiceRequest, already decompressed. Errors: Input, TooLarge.
  Result<Ledger::Account> accept_metrics(std::string_view request);

  const Ledger& metrics_ledger() const noexcept { return metrics_ledger_; }  // of data points
  const Ledger& spans_ledger() const noexcept { return spans_ledger_; }
  const Ledger& other_ledger() const noexcept { return other_ledger_; }  // requests for what is not received here
  std::size_t in_flight_bytes() const noexcept { return in_flight_.load(std::memory_order_relaxed); }

 private:
  enum class Signal : std::uint8_t { Metrics, Traces };
  struct Answer {
    wire::RpcStatus status;
    int http_status = 200;
    std::string body;  // the protobuf response, when the status is Ok
  };
  class Reservation;
  class Scratch;

  Ledger& ledger(Signal signal) noexcept { return signal == Signal::Metrics ? metrics_ledger_ : spans_ledger_; }
  Answer answer_http(const wire::HttpRequest& request);
  Answer other(std::string_view reason, wire::RpcCode code, int http_status, std::string words);
  Answer decode_and_answer(const wire::HttpRequest& request, Signal signal, bool json);
  Answer answer(Signal signal, std::string_view protobuf);
  Result<Ledger::Account> accept_spans(std::string_view request);
  Answer failed(Signal signal, const Error& error);
  Answer refused(const Error& error);
  Answer busy();
  OtlpReceiverOptions options() const;

  Intake& intake_;
  SpanHandler spans_;
  Ledger metrics_ledger_{"otlp_metrics"}, spans_ledger_{"otlp_spans"}, other_ledger_{"otlp_other"};
  std::atomic<std::size_t> in_flight_{0};

  mutable std::mutex mutex_;
  OtlpReceiverOptions options_;                         // guarded by mutex_
  std::vector<std::unique_ptr<MetricPoints>> scratch_;  // guarded by mutex_
};

}  // namespace tocsin::agent
