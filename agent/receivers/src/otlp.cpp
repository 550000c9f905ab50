// SPDX-License-Identifier: Apache-2.0
// Rules: opentelemetry.io/docs/specs/otlp 1.11, "OTLP/HTTP Response" and "OTLP/gRPC Response".
#include "agent/receivers/otlp.h"

#include <algorithm>

#include "meters/base/text.h"
#include "traces/span_meters.h"
#include "wire/compression.h"
#include "wire/otlp_fields.h"
#include "wire/otlp_json.h"
#include "wire/protobuf.h"

namespace tocsin::agent {

using wire::HttpHeaders;
using wire::OtlpMessage;
using wire::RpcCode;
using wire::RpcStatus;

namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kMetricsMethod = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
constexpr std::string_view kTracesMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
constexpr std::string_view kLogsMethod = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
constexpr std::string_view kNoLogs = "logs are not received here, only metrics and traces";
constexpr std::size_t kScratches = 8;
constexpr std::size_t kScratchBytes = std::size_t{2} << 20;  // an array of a scratch that is kept
constexpr std::size_t kGuessedRatio = 8;  // of compression, until the body is decompressed

std::string_view media_type(std::string_view content_type) noexcept {
  return trim(content_type.substr(0, content_type.find(';')));
}

// Empty when everything was taken: the partial success is then not set.
std::string response_of(const Ledger::Account& account) {
  std::string body;
  const std::uint64_t rejected = account.rejected_sum();
  if (rejected == 0 && account.words.empty()) return body;
  wire::ProtobufWriter writer(body);
  const auto mark = writer.begin(wire::otlp::ExportResponse::kPartialSuccess);
  if (rejected != 0) writer.varint(wire::otlp::PartialSuccess::kRejected, rejected);
  writer.bytes(wire::otlp::PartialSuccess::kErrorMessage, account.words);
  writer.end(mark);
  return body;
}

std::string_view failure_word(Fault fault) noexcept {
  switch (fault) {
    case Fault::TooLarge: return "too_large";
    case Fault::Unsupported: return "unsupported";
    case Fault::Exhausted: return "busy";
    case Fault::Input: return "malformed";
    case Fault::Environment:
    case Fault::Configuration:
    case Fault::Cancelled: break;
  }
  return "failed";
}

// What is not understood is most likely a person: JSON can be read.
bool wants_json(const wire::HttpRequest& request) {
  return !equal_ignoring_case(media_type(request.headers.value("Content-Type")), kProtobuf);
}

// A protobuf message in the encoding of its request, and its Content-Type.
std::pair<std::string, std::string_view> in_encoding_of(const wire::HttpRequest& request, std::string body,
                                                        OtlpMessage kind) {
  if (!wants_json(request)) return {std::move(body), kProtobuf};
  auto text = wire::protobuf_to_json(body, kind);
  return {text ? std::move(*text) : std::string("{}"), kJson};
}

RpcCode code_of(wire::HttpRefusal::Cause cause) noexcept {
  using Cause = wire::HttpRefusal::Cause;
  switch (cause) {
    case Cause::Malformed: return RpcCode::InvalidArgument;
    case Cause::TooLarge: return RpcCode::ResourceExhausted;
    case Cause::Credentials: return RpcCode::Unauthenticated;
    case Cause::Host:
    case Cause::Origin: return RpcCode::PermissionDenied;
    case Cause::Busy:
    case Cause::Stopping: return RpcCode::Unavailable;
    case Cause::Slow: return RpcCode::DeadlineExceeded;
    case Cause::Failed: return RpcCode::Internal;
  }
  return RpcCode::Unknown;
}

}  // namespace

// A share of the in-flight budget.
class OtlpReceiver::Reservation {
 public:
  explicit Reservation(std::atomic<std::size_t>& held) noexcept : held_(held) {}
  ~Reservation() { held_.fetch_sub(mine_, std::memory_order_relaxed); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  // Takes `bytes` in all; false where that is over the limit. One request alone always fits.
  bool set(std::size_t bytes, std::size_t limit) noexcept {
    const std::size_t before = held_.fetch_add(bytes - mine_, std::memory_order_relaxed) - mine_;
    mine_ = bytes;
    return before == 0 || before + bytes <= limit;
  }

 private:
  std::atomic<std::size_t>& held_;
  std::size_t mine_ = 0;
};

// Arrays for decoding, taken from those that lie ready.
class OtlpReceiver::Scratch {
 public:
  explicit Scratch(OtlpReceiver& receiver) : receiver_(receiver) {
    const std::lock_guard lock(receiver_.mutex_);
    if (!receiver_.scratch_.empty()) {
      points_ = std::move(receiver_.scratch_.back());
      receiver_.scratch_.pop_back();
    }
    if (!points_) points_ = std::make_unique<MetricPoints>();
  }
  ~Scratch() {
    points_->clear();
    points_->trim(kScratchBytes);
    const std::lock_guard lock(receiver_.mutex_);
    if (receiver_.scratch_.size() < kScratches) receiver_.scratch_.push_back(std::move(points_));
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  MetricPoints& points() noexcept { return *points_; }

 private:
  OtlpReceiver& receiver_;
  std::unique_ptr<MetricPoints> points_;
};

OtlpReceiver::OtlpReceiver(Intake& intake, OtlpReceiverOptions options) : intake_(intake), options_(options) {
  for (std::size_t i = 0; i < traces::kSpanRejects; ++i)
    spans_ledger_.expect(traces::to_text(static_cast<traces::SpanReject>(i)));
}

OtlpReceiverOptions OtlpReceiver::options() const {
  const std::lock_guard lock(mutex_);
  return options_;
}

void OtlpReceiver::configure(const OtlpReceiverOptions& options) {
  const std::lock_guard lock(mutex_);
  options_ = options;
}

std::vector<std::string> OtlpReceiver::grpc_methods() {
  return {std::string(kMetricsMethod), std::string(kTracesMethod), std::string(kLogsMethod)};
}

Result<Ledger::Account> OtlpReceiver::accept_metrics(std::string_view request) {
  Scratch scratch(*this);
  if (auto decoded = decode_otlp_metrics(request, scratch.points(), options().decode); !decoded) return decoded.error();
  Intake::Outcome outcome = intake_.apply(scratch.points());
  Ledger::Account account{{outcome.accepted, std::move(outcome.rejected)}, std::move(outcome.message)};
  metrics_ledger_.record(account);
  return account;
}

Result<Ledger::Account> OtlpReceiver::accept_spans(std::string_view request) {
  auto account = spans_(request);
  if (account) spans_ledger_.record(*account);
  return account;
}

// Counts it too.
OtlpReceiver::Answer OtlpReceiver::failed(Signal signal, const Error& error) {
  ledger(signal).record_failed_request(failure_word(error.fault), error.message);
  return refused(error);
}

OtlpReceiver::Answer OtlpReceiver::other(std::string_view reason, RpcCode code, int http_status, std::string words) {
  other_ledger_.record_failed_request(reason, words);
  return {{code, std::move(words), {}}, http_status, {}};
}

OtlpReceiver::Answer OtlpReceiver::refused(const Error& error) {
  Answer out;
  out.status.message = error.message;
  switch (error.fault) {
    case Fault::TooLarge:
      out.http_status = 413;
      out.status.code = RpcCode::ResourceExhausted;
      break;
    case Fault::Unsupported:
      out.http_status = 415;
      out.status.code = RpcCode::InvalidArgument;
      break;
    case Fault::Exhausted: return busy();
    case Fault::Environment:
    case Fault::Configuration:
    case Fault::Cancelled:
      out.http_status = 503;
      out.status.code = RpcCode::Unavailable;
      break;
    case Fault::Input:
      out.http_status = 400;
      out.status.code = RpcCode::InvalidArgument;
      break;
  }
  return out;
}

OtlpReceiver::Answer OtlpReceiver::busy() {
  Answer out;
  out.http_status = 429;
  out.status = {RpcCode::Unavailable, "too many requests are being worked on: try again later",
                std::chrono::duration_cast<std::chrono::milliseconds>(options().retry_after)};
  return out;
}

OtlpReceiver::Answer OtlpReceiver::answer(Signal signal, std::string_view protobuf) {
  if (signal == Signal::Traces && !spans_)
    return other("traces", RpcCode::Unimplemented, 501, "traces are not received here");
  const auto account = signal == Signal::Metrics ? accept_metrics(protobuf) : accept_spans(protobuf);
  if (!account) return failed(signal, account.error());
  return {{}, 200, response_of(*account)};
}

wire::GrpcReply OtlpReceiver::serve(const wire::GrpcCall& call) {
  const bool metrics = call.method == kMetricsMethod;
  if (!metrics && call.method != kTracesMethod) {
    const bool logs = call.method == kLogsMethod;
    return {other(logs ? "logs" : "unknown_method", RpcCode::Unimplemented, 501,
                  logs ? std::string(kNoLogs) : "no such method: " + to_utf8(call.method))
                .status,
            {}};
  }
  const Signal signal = metrics ? Signal::Metrics : Signal::Traces;
  Reservation reservation(in_flight_);
  if (!reservation.set(call.message.size(), options().max_in_flight_bytes))
    return {failed(signal, {Fault::Exhausted, "over max_in_flight_bytes"}).status, {}};
  Answer out = answer(signal, call.message);
  return {std::move(out.status), std::move(out.body)};
}

void OtlpReceiver::serve(const wire::HttpRequest& request, wire::HttpResponder& responder) {
  Answer out = answer_http(request);
  const OtlpMessage kind = !out.status.ok()                  ? OtlpMessage::Status
                           : request.path == "/v1/traces" ? OtlpMessage::TraceResponse
                                                             : OtlpMessage::MetricsResponse;
  const auto [body, type] =
      in_encoding_of(request, out.status.ok() ? std::move(out.body) : wire::encode_rpc_status(out.status), kind);
  HttpHeaders headers{{"Content-Type", std::string(type)}};
  if (out.http_status == 429) headers.add("Retry-After", std::to_string(options().retry_after.count()));
  if (out.http_status == 405) headers.add("Allow", "POST");
  if (out.http_status == 415) headers.add("Accept-Encoding", "gzip, zstd, deflate, identity");
  responder.send(out.http_status, headers, body);
}

void OtlpReceiver::refuse(const wire::HttpRequest& request, wire::HttpRefusal& refusal) {
  using Cause = wire::HttpRefusal::Cause;
  RpcStatus status{code_of(refusal.cause), std::string(trim(refusal.body)), {}};
  if (refusal.cause == Cause::Busy) refusal.status = 429;
  if (refusal.cause == Cause::Busy || refusal.cause == Cause::Stopping) status.retry_delay = std::chrono::seconds{1};
  auto [body, type] = in_encoding_of(request, wire::encode_rpc_status(status), OtlpMessage::Status);
  refusal.body = std::move(body);
  HttpHeaders headers{{"Content-Type", std::string(type)}};
  for (const auto& [name, value] : refusal.headers)
    if (!equal_ignoring_case(name, "Content-Type")) headers.add(name, value);
  refusal.headers = std::move(headers);
}

OtlpReceiver::Answer OtlpReceiver::answer_http(const wire::HttpRequest& request) {
  const bool metrics = request.path == "/v1/metrics", traces = request.path == "/v1/traces";
  if (request.path == "/v1/logs") return other("logs", RpcCode::Unimplemented, 501, std::string(kNoLogs));
  if (!metrics && !traces)
    return other("unknown_path", RpcCode::NotFound, 404,
                 "no such path: " + to_utf8(request.path) + " (there are /v1/metrics and /v1/traces)");
  if (request.method != "POST")
    return other("wrong_method", RpcCode::Unimplemented, 405, "only POST, not " + to_utf8(request.method));

  const std::string_view type = media_type(request.headers.value("Content-Type"));
  const bool json = equal_ignoring_case(type, kJson);
  const Signal signal = metrics ? Signal::Metrics : Signal::Traces;
  if (!json && !equal_ignoring_case(type, kProtobuf)) {
    return failed(signal, {Fault::Unsupported, "Content-Type \"" + to_utf8(type) +
                                                   "\": it must be application/x-protobuf or application/json"});
  }
  return decode_and_answer(request, signal, json);
}

OtlpReceiver::Answer OtlpReceiver::decode_and_answer(const wire::HttpRequest& request, Signal signal, bool json) {
  const OtlpReceiverOptions current = options();
  const auto fail = [&](const Error& error) { return failed(signal, error); };
  const auto encoding = wire::parse_encoding(trim(request.headers.value("Content-Encoding")));
  if (!encoding) return fail(encoding.error());
  const bool compressed = *encoding != wire::Encoding::Identity;

  Reservation reservation(in_flight_);
  const std::size_t sent = request.body.size();
  const std::size_t guess = compressed ? std::min(sent * kGuessedRatio, current.max_request_bytes) : 0;
  if (!reservation.set(sent + guess, current.max_in_flight_bytes))
    return fail({Fault::Exhausted, "over max_in_flight_bytes"});

  std::string decompressed, converted;
  std::string_view body = request.body;
  if (compressed) {
    auto plain = wire::decompress(*encoding, body, current.max_request_bytes);
    if (!plain) return fail(plain.error());
    decompressed = std::move(*plain);
    body = decompressed;
  } else if (body.size() > current.max_request_bytes) {
    return fail({Fault::TooLarge, "request of " + std::to_string(body.size()) + " bytes: the limit is " +
                                      std::to_string(current.max_request_bytes)});
  }
  if (json) {
    auto protobuf = wire::json_to_protobuf(
        body, signal == Signal::Metrics ? OtlpMessage::MetricsRequest : OtlpMessage::TraceRequest,
        current.max_request_bytes);
    if (!protobuf) return fail(protobuf.error());
    converted = std::move(*protobuf);
    body = converted;
  }
  reservation.set(sent + decompressed.size() + converted.size(), current.max_in_flight_bytes);
  return answer(signal, body);
}

}  // namespace tocsin::agent
