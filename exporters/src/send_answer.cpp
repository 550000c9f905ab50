// SPDX-License-Identifier: Apache-2.0
#include "exporters/src/send_answer.h"

#include "meters/base/text.h"
#include "wire/otlp_fields.h"
#include "wire/otlp_json.h"
#include "wire/protobuf.h"

namespace tocsin::exporters {

namespace otlp = wire::otlp;
using wire::Verdict;

namespace {

using Kind = Verdict::Kind;

// What is shown of a text that a stranger sent: one line, not endless, valid.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 300;
  std::string out = to_utf8(trim(text).substr(0, kMost));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return trim(text).size() > kMost ? out + "..." : out;
}

bool is_json(std::string_view content_type) { return to_lower(content_type).starts_with("application/json"); }

// A success: the message and count of partial_success, where there is one. An empty or a strange body is a success too.
Verdict accepted(Signal signal, std::string_view content_type, std::string_view body) {
  Verdict verdict;
  std::string protobuf(body);
  if (is_json(content_type)) {
    const auto kind =
        signal == Signal::Metrics ? wire::OtlpMessage::MetricsResponse : wire::OtlpMessage::TraceResponse;
    auto converted = wire::json_to_protobuf(body.empty() ? "{}" : body, kind);
    if (!converted) return verdict;
    protobuf = *std::move(converted);
  }
  wire::ProtobufReader reader(protobuf);
  while (reader.next()) {
    if (reader.tag() != wire::protobuf_tag(otlp::ExportResponse::kPartialSuccess, wire::WireType::Length)) {
      reader.skip();
      continue;
    }
    wire::ProtobufReader partial = reader.message();
    while (partial.next()) switch (partial.tag()) {
        case wire::protobuf_tag(otlp::PartialSuccess::kRejected, wire::WireType::Varint): {
          const auto rejected = static_cast<std::int64_t>(partial.varint());
          verdict.rejected = rejected > 0 ? static_cast<std::uint64_t>(rejected) : 0;
          break;
        }
        case wire::protobuf_tag(otlp::PartialSuccess::kErrorMessage, wire::WireType::Length):
          verdict.message = shown(partial.bytes());
          break;
        default: partial.skip();
      }
  }
  if (!reader.ok()) return {};
  return verdict;
}

// The words of an error body: google.rpc.Status in either encoding, or plain text.
std::string words_of(const wire::HttpReply& reply) {
  const std::string_view type = reply.headers.value("Content-Type");
  if (is_json(type)) {
    const auto protobuf = wire::json_to_protobuf(reply.body, wire::OtlpMessage::Status);
    const auto status = wire::parse_rpc_status(protobuf ? std::string_view(*protobuf) : std::string_view());
    if (protobuf && status && !status->message.empty()) return shown(status->message);
  } else if (to_lower(type).starts_with("application/x-protobuf")) {
    const auto status = wire::parse_rpc_status(reply.body);
    if (status) return shown(status->message);
  }
  return shown(reply.body);
}

}  // namespace

Verdict judge(Signal signal, const wire::HttpReply& reply, Time now) {
  if (reply.success()) return accepted(signal, reply.headers.value("Content-Type"), reply.body);
  Verdict verdict;
  verdict.message = "HTTP " + std::to_string(reply.status) + " " + std::string(wire::http_reason(reply.status));
  if (const std::string words = words_of(reply); !words.empty()) verdict.message += ": " + words;
  switch (reply.status) {
    case 429:
    case 502:
    case 503:
    case 504: {
      verdict.kind = Kind::Retry;
      if (const std::string* after = reply.headers.find("Retry-After"))
        verdict.retry_after = wire::parse_retry_after(*after, now);
      return verdict;
    }
    case 413: verdict.kind = Kind::TooLarge; return verdict;
    case 301:
    case 302:
    case 307:
    case 308:
      verdict.message += " to " + shown(reply.headers.value("Location", "nowhere")) + "; redirects are not followed";
      break;
    default: break;
  }
  verdict.kind = Kind::Refused;
  return verdict;
}

Verdict judge(Signal signal, const wire::RpcStatus& status, std::string_view body) {
  using wire::RpcCode;
  if (status.ok()) return accepted(signal, "application/x-protobuf", body);
  Verdict verdict;
  verdict.message = "gRPC " + std::string(wire::rpc_code_name(status.code));
  if (!status.message.empty()) verdict.message += ": " + shown(status.message);
  // Servers say in words that a message is over their limit: grpc-go and grpc++, grpc-java, tonic.
  for (const std::string_view words : {"larger than max", "exceeds maximum size", "length too large"}) {
    if (status.message.find(words) == std::string::npos || status.retry_delay) continue;
    verdict.kind = Kind::TooLarge;
    return verdict;
  }
  switch (status.code) {
    case RpcCode::Cancelled:
    case RpcCode::DeadlineExceeded:
    case RpcCode::Aborted:
    case RpcCode::OutOfRange:
    case RpcCode::Unavailable:
    case RpcCode::DataLoss: verdict.kind = Kind::Retry; break;
    case RpcCode::ResourceExhausted: verdict.kind = status.retry_delay ? Kind::Retry : Kind::Refused; break;
    default: verdict.kind = Kind::Refused;
  }
  if (verdict.kind == Kind::Retry && status.retry_delay) verdict.retry_after = *status.retry_delay;
  return verdict;
}

Verdict judge(const Error& error) {
  Verdict verdict;
  verdict.message = error.message;
  const bool hopeless = error.fault == Fault::Input || error.fault == Fault::TooLarge || error.fault == Fault::Unsupported;
  verdict.kind = hopeless ? Kind::Refused : Kind::Retry;
  return verdict;
}

}  // namespace tocsin::exporters
