// SPDX-License-Identifier: Apache-2.0
// RequestLabels: what a span says about a request, as the labels of the request meters.
//
//   if (auto side = side_of(span.kind)) {
//     RequestLabels labels = request_labels(batch, span, *side);
//     labels.func;      // "GET /items/{id}"
//     labels.ret;       // "503"
//   }
//
// By the current and the older OpenTelemetry conventions for HTTP, RPC, messaging and database spans; the rules stand
// at the fields. Whether a class is a failure is for the side to judge: client_error is one for a call going out and
// none for a server (product convention), so both sides use the same words.
// Threads: pure. Costs about half a microsecond: SpanMeters remembers the answer by the bytes that it is made from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "meters/request_convention.h"
#include "traces/span.h"

namespace tocsin::traces {

// SERVER and CONSUMER answer requests, CLIENT and PRODUCER make them; other kinds are no requests.
constexpr std::optional<meters::Side> side_of(SpanKind kind) noexcept {
  if (kind == SpanKind::Server || kind == SpanKind::Consumer) return meters::Side::Server;
  if (kind == SpanKind::Client || kind == SpanKind::Producer) return meters::Side::Rely;
  return std::nullopt;
}

// Texts are UTF-8 (ill-formed bytes become U+FFFD) and cut at these sizes.
inline constexpr std::size_t kMaxFuncBytes = 128, kMaxRetBytes = 64, kMaxPeerBytes = 128;

struct RequestLabels {
  // HTTP: "{method} {route}", for calls going out "{method} {url.template}"; the method alone where the route is not
  // known, never a path; an unknown method is "_OTHER". RPC: "{service}/{method}". Messaging: "{operation}
  // {destination}", where a template goes before a name and a temporary or anonymous destination is "(temporary)".
  // Databases, for calls going out: the query summary, or "{operation} {collection}". Else the span's name.
  std::string func;
  // The code's class. Where the code is no failure, or the server's, error.type tells timeouts and cancellations
  // apart; with a code that is no failure an error.type or the span status ERROR is server_error.
  meters::Status status = meters::Status::Ok;
  // error.type, else the HTTP or gRPC code of a failure, else "_OTHER" for one without either; "0" when ok.
  std::string ret;
  std::string peer;    // Side::Rely: service.peer.name or peer.service, else server.address or net.peer.name
  std::string app_id;  // of the span; empty where it has none
  bool func_is_name = false, peer_is_address = false;  // these come in any number: their user bounds them
};

RequestLabels request_labels(const SpanBatch& batch, const Span& span, meters::Side side);

// What request_labels() reads of a span, apart from kind and status: two spans that agree in these have equal labels.
struct LabelInputs {
  std::uint32_t keys = 0;  // bits of SpanKey
  bool name = false;
};
LabelInputs label_inputs(const Span& span, meters::Side side) noexcept;

}  // namespace tocsin::traces
