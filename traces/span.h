// SPDX-License-Identifier: Apache-2.0
// SpanBatch: the spans of one request body, decoded but not copied: flat records whose texts are places in the body.
//
//   SpanBatch batch;                                   // one a thread, used again and again
//   if (auto decoded = decoder.decode(body, batch); !decoded) return decoded.error();
//   for (const Span& span : batch.spans) use(batch.name(span), batch.raw(span));
//
// Only the attributes that decide a request's labels are recorded (SpanKey); all else of a span stays in its raw bytes.
// A text that is recorded is neither empty nor checked to be UTF-8. Spans lie in the order of the body, so that those
// of one resource are neighbours.
// Threads: a value of one thread; good as long as the body. Costs 64 bytes a span and 16 an attribute, and no
// allocation once its arrays have grown.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "meters/attributes.h"
#include "traces/ids.h"

namespace tocsin::traces {

enum class SpanKind : std::uint8_t { Unspecified, Internal, Server, Client, Producer, Consumer };
enum class SpanStatus : std::uint8_t { Unset, Ok, Error };

// Attributes by the current conventions and, after the current name, the older ones that still arrive.
enum class SpanKey : std::uint8_t {
  HttpRequestMethod,       // http.request.method, http.method
  HttpRoute,               // http.route
  UrlTemplate,             // url.template
  HttpResponseStatusCode,  // http.response.status_code, http.status_code
  RpcService,              // rpc.service
  RpcMethod,               // rpc.method
  RpcStatusCode,           // rpc.response.status_code, rpc.grpc.status_code
  MessagingOperation,      // messaging.operation.name; then .type; then messaging.operation
  MessagingOperationType,
  MessagingDestinationTemplate,
  MessagingDestination,          // messaging.destination.name, messaging.destination
  MessagingDestinationUnstable,  // messaging.destination.temporary or .anonymous is true
  DbQuerySummary,
  DbOperation,   // db.operation.name, db.operation
  DbCollection,  // db.collection.name, db.sql.table, db.mongodb.collection
  ErrorType,
  PeerService,    // service.peer.name, peer.service
  ServerAddress,  // server.address, net.peer.name
  AppId,          // the attribute that the decoder was told to take for app_id
};
inline constexpr std::size_t kSpanKeys = 19;
constexpr std::uint32_t bit(SpanKey key) noexcept { return 1U << static_cast<std::uint32_t>(key); }

struct SpanAttribute {
  enum class Type : std::uint8_t { Text, Integer, Double, Bool };
  std::uint64_t bits = 0;  // the text's place in the body, or the value
  std::uint32_t size = 0;  // of a text
  SpanKey key{};
  Type type = Type::Text;
};

struct Span {
  std::uint64_t start_ns = 0, end_ns = 0;  // unix
  std::uint32_t at = 0, size = 0;          // the Span message
  std::uint32_t name_at = 0, name_size = 0;
  std::uint32_t trace_id_at = 0, span_id_at = 0;  // always there: 16 and 8 bytes, not all zero
  std::uint32_t parent_id_at = 0;                 // 0: a root
  std::uint32_t first_attribute = 0;
  std::uint32_t keys = 0;  // bit(SpanKey) of each attribute that is there
  std::uint32_t resource = 0, scope = 0;
  std::uint16_t attributes = 0;
  SpanKind kind = SpanKind::Unspecified;
  SpanStatus status = SpanStatus::Unset;
};
static_assert(sizeof(Span) == 64);

struct SpanResource {
  std::string_view bytes;  // the Resource message; may be empty
  std::string_view schema_url;
  std::string_view envelope;                            // the whole ResourceSpans message, to be sent on as it came
  std::shared_ptr<const meters::Attributes> attributes;  // normalized; never null
  std::uint32_t first_span = 0, spans = 0;              // its range of SpanBatch::spans
};

struct SpanScope {
  std::string_view bytes;  // the InstrumentationScope message; may be empty
  std::string_view schema_url;
};

struct SpanBatch {
  std::string_view body;
  std::vector<Span> spans;
  std::vector<SpanAttribute> attributes;
  std::vector<SpanResource> resources;
  std::vector<SpanScope> scopes;
  std::uint64_t received = 0;     // spans in the body
  std::uint64_t invalid_ids = 0;  // of these, left out: an id all zero, missing or of a wrong length

  std::string_view raw(const Span& span) const noexcept { return body.substr(span.at, span.size); }
  std::string_view name(const Span& span) const noexcept { return {body.data() + span.name_at, span.name_size}; }
  TraceId trace_id(const Span& span) const noexcept { return id<TraceId>(span.trace_id_at); }
  SpanId span_id(const Span& span) const noexcept { return id<SpanId>(span.span_id_at); }
  // All zero: a root.
  SpanId parent_id(const Span& span) const noexcept {
    return span.parent_id_at == 0 ? SpanId{} : id<SpanId>(span.parent_id_at);
  }
  std::span<const SpanAttribute> attributes_of(const Span& span) const noexcept {
    return {attributes.data() + span.first_attribute, span.attributes};
  }
  // Requires: attribute.type == Text.
  std::string_view text(const SpanAttribute& attribute) const noexcept {
    return {body.data() + attribute.bits, attribute.size};
  }

  // Keeps the arrays' memory, unless a single huge request needed it.
  void clear() noexcept {
    body = {};
    clear(spans);
    clear(attributes);
    clear(resources);
    clear(scopes);
    received = invalid_ids = 0;
  }

 private:
  static constexpr std::size_t kKeptElements = 64 * 1024;
  template <class Element>
  static void clear(std::vector<Element>& elements) noexcept {
    elements.clear();
    if (elements.capacity() > kKeptElements) std::vector<Element>().swap(elements);
  }
  template <class Id>
  Id id(std::uint32_t at) const noexcept {
    Id result;
    std::memcpy(result.data(), body.data() + at, result.size());
    return result;
  }
};

}  // namespace tocsin::traces
