// SPDX-License-Identifier: Apache-2.0
// Span requests of anyone's making, decoded and applied: no crash, every place inside the body, the ledger adds up, and
// the careful reader finds what the short way found.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "traces/span_meters.h"
#include "wire/otlp_fields.h"
#include "wire/otlp_spans.h"

using namespace tocsin;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::string wrapped(std::string_view span, bool strange) {
  std::string inner(span), scope, resource, body;
  if (strange) wire::ProtobufWriter(inner).varint(100, 1);
  wire::ProtobufWriter(scope).bytes(wire::otlp::ScopeItems::kItems, inner);
  wire::ProtobufWriter(resource).bytes(wire::otlp::ResourceItems::kScopes, scope);
  wire::ProtobufWriter(body).bytes(wire::otlp::ExportRequest::kResources, resource);
  return body;
}

void both_ways_agree(wire::SpanDecoder& decoder, std::string_view span) {
  const std::string plain_body = wrapped(span, false), strange_body = wrapped(span, true);
  traces::SpanBatch plain, strange;
  require(decoder.decode(plain_body, plain).ok() && decoder.decode(strange_body, strange).ok());
  require(plain.spans.size() == 1 && strange.spans.size() == 1);
  const traces::Span &a = plain.spans[0], &b = strange.spans[0];
  require(plain.name(a) == strange.name(b) && plain.trace_id(a) == strange.trace_id(b) &&
          plain.span_id(a) == strange.span_id(b) && plain.parent_id(a) == strange.parent_id(b));
  require(a.kind == b.kind && a.status == b.status && a.start_ns == b.start_ns && a.end_ns == b.end_ns &&
          a.keys == b.keys && a.attributes == b.attributes);
  for (std::size_t i = 0; i < a.attributes; ++i) {
    const traces::SpanAttribute &x = plain.attributes[i], &y = strange.attributes[i];
    require(x.key == y.key && x.type == y.type && x.size == y.size);
    require(x.type == traces::SpanAttribute::Type::Text ? plain.text(x) == strange.text(y) : x.bits == y.bits);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  static wire::SpanDecoder decoder("app.id");
  static const ManualClock clock;
  traces::SpanBatch batch;
  if (!decoder.decode(body, batch)) {
    require(batch.spans.empty() && batch.received == 0);
    return 0;
  }
  for (const traces::Span& span : batch.spans) both_ways_agree(decoder, batch.raw(span));
  traces::SpanMetersOptions options;
  options.max_label_sets = 8;
  options.max_senders = 4;
  traces::SpanMeters span_meters(clock, options);
  const auto applied = span_meters.apply(batch);
  const traces::SpanLedger ledger = span_meters.ledger();
  require(applied.accepted + applied.rejected == batch.received && ledger.received == batch.received);
  require(ledger.accepted == ledger.server + ledger.rely + ledger.other_kinds + ledger.suppressed);
  meters::SnapshotBuilder builder(clock.now());
  span_meters.collect(builder);
  (void)std::move(builder).finish(1);
  return 0;
}
